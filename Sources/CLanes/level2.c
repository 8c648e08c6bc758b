// AVX-512: vectors of 16 floats.

#include "level.h"

#if LOCKSTEP_LANES_X86
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,bmi,bmi2"))), apply_to = function)
#define TABLE lockstep_lanes_level2
#include "loops.h"
#pragma clang attribute pop
#endif
