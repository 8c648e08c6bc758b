// What one level offers.

#include "CLanes.h"

#include <math.h>
#include <string.h>

struct lockstep_lanes_level {
    lockstep_lanes_loop loops[lockstep_lanes_operations][lockstep_lanes_types][8];
    lockstep_lanes_gather gathers[lockstep_lanes_types][2];
    lockstep_lanes_products products[2];
    lockstep_lanes_draw uniform, normal;
};

extern const struct lockstep_lanes_level lockstep_lanes_level0, lockstep_lanes_level1, lockstep_lanes_level2;

#if defined(__x86_64__)
#define LOCKSTEP_LANES_X86 1
#else
#define LOCKSTEP_LANES_X86 0
#endif

// Each operation is rounded by itself, on processors that could fuse two.
#pragma STDC FP_CONTRACT OFF
