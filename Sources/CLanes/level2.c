// AVX-512: vectors of 16 floats.

#include "level.h"

#if LOCKSTEP_LANES_X86
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,bmi,bmi2"))), apply_to = function)
// Vectors of 64 bytes for which registers have room.
#define PRODUCT_VECTORS 8
#define TABLE lockstep_lanes_level2
#include "loops.h"
#pragma clang attribute pop
#endif
