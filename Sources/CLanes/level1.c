// AVX2: vectors of 8 floats.

#include "level.h"

#if LOCKSTEP_LANES_X86
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2"))), apply_to = function)
// Vectors of 64 bytes for which registers have room.
#define PRODUCT_VECTORS 4
#define TABLE lockstep_lanes_level1
#include "loops.h"
#pragma clang attribute pop
#endif
