// exp in float by a GPU's own approximation of 2^t, and the reciprocal that sigmoid needs. Which devices have them is decided
// here and nowhere else: LS_HARDWARE is defined for kernels in the form of GPUs, in float.
//
// What is assumed of the hardware:
//
//   2^t  within 2 units in the last place of the correctly rounded result, at a power of two within 2 of the smaller ones;
//        below 2^-126 it may be 0; 1 at 0, 0 at -inf, inf at inf, NaN at NaN
//   1/d  within 8 units for 1 <= d <= 2
//
// NVIDIA states 2 and 1 for ex2.approx and rcp.approx ("Parallel Thread Execution ISA", 9.7.3), AMD 1 for v_exp_f32 and v_rcp_f32.
// Both get the one instruction, since their native_exp2 and native_recip take care of subnormal numbers in several; elsewhere the
// native functions are the hardware's.
//
// Largest errors then, in units from the correctly rounded result (beside a power of two, of the larger ones), for the tests to
// hold: exp 3; cosh, pow 4; sinh, sigmoid, softplus 7; erfc 8. Results below 2^-126 may be 0.

#if LS_INTERLEAVES && !LS_DOUBLE
#define LS_HARDWARE
#if LS_WIDTH == 1 && defined(__NV_CL_C_VERSION)
#define LS_PTX
#elif LS_WIDTH == 1 && defined(__has_builtin)
#if __has_builtin(__builtin_amdgcn_exp2f)
#define LS_GCN
#endif
#endif

// And where 2^t is neither 0 nor infinite.
#if defined(LS_PTX)
static inline real ls_hardware_exp2(real t) {
    real result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(t));
    return result;
}
static inline real ls_hardware_reciprocal(real d) {
    real result;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(d));
    return result;
}
static inline mask ls_is_exp2_inside(real t) { return fabs(t) < LS_R(128.0); }
#elif defined(LS_GCN)
static inline real ls_hardware_exp2(real t) { return __builtin_amdgcn_exp2f(t); }
static inline real ls_hardware_reciprocal(real d) { return __builtin_amdgcn_rcpf(d); }
static inline mask ls_is_exp2_inside(real t) { return fabs(t) < LS_R(128.0); }
#else
static inline real ls_hardware_exp2(real t) { return native_exp2(t); }
static inline real ls_hardware_reciprocal(real d) { return native_recip(d); }
static inline mask ls_is_exp2_inside(real t) { return ls_and(ls_lt(t, LS_R(128.0)), ls_lt(LS_R(-150.0), t)); }
#endif

// exp(x) 2^(t - whole) = 2^t exp(r), for `whole` next to log2(e) x and what that leaves of x as r, where exp(r) is 1 + r to the last
// bit. Where 2^t is 0 or infinite it is the result, and any r will do that is positive and finite.
static inline real ls_corrected_exp2(real t, real whole, real x) {
    real e = ls_hardware_exp2(t);
    real r = fma(whole, LS_R(-0.693147182464599609), x);
    r = fma(whole, LS_R(1.90465429995776805e-9), r);
    return fma(e, ls_is_exp2_inside(t) ? r : LS_R(0x1p-30), e);
}

static inline real ls_hardware_exp(real x) {
    real t = x * LS_R(1.44269504088896341);
    return ls_corrected_exp2(t, t, x);
}

// exp(x) / 2 for x >= 0, which overflows last.
static inline real ls_hardware_half_exp(real x) {
    real t = x * LS_R(1.44269504088896341);
    return ls_corrected_exp2(t - LS_R(1.0), t, x);
}

// Between rows of data that are written out one after the other. Clang for AMD would begin all of them at once, and run out of
// registers.
#define LS_NEXT_ROW
#if defined(LS_GCN)
#if __has_builtin(__builtin_amdgcn_sched_barrier)
#undef LS_NEXT_ROW
#define LS_NEXT_ROW __builtin_amdgcn_sched_barrier(0)
#endif
#endif

// 1/d for 1 <= d <= 2, by one step of Newton's method; NaN at NaN.
static inline real ls_reciprocal_of_1_to_2(real d) {
    real r = ls_hardware_reciprocal(d);
    return fma(r, fma(-d, r, LS_R(1.0)), r);
}
#endif
