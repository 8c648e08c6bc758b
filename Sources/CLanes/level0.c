// What every processor has.

#include "level.h"

// Vectors of 64 bytes for which registers have room.
#define PRODUCT_VECTORS 2
#define TABLE lockstep_lanes_level0
#include "loops.h"

void lockstep_lanes_normal_pair(uint32_t first, uint32_t second, float *a, float *b) { normal_pair(first, second, a, b); }
