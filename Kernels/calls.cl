// Functions that a large kernel calls instead of having them written out at each of their uses: drivers' compilers take
// more than in proportion to the length of a function. Attributes of a declaration hold for the definition that follows.

#define LS_CALL1(name) static __attribute__((noinline)) real name(real);
#define LS_CALL2(name) static __attribute__((noinline)) real name(real, real);

LS_CALL1(ls_exp) LS_CALL1(ls_expm1) LS_CALL1(ls_log) LS_CALL1(ls_log1p)
LS_CALL1(ls_sin) LS_CALL1(ls_cos) LS_CALL1(ls_tan) LS_CALL1(ls_asin) LS_CALL1(ls_acos) LS_CALL1(ls_atan)
LS_CALL1(ls_sinh) LS_CALL1(ls_cosh) LS_CALL1(ls_tanh) LS_CALL1(ls_sigmoid) LS_CALL1(ls_softplus) LS_CALL2(ls_pow)
LS_CALL2(ls_sum_log2) LS_CALL2(ls_sum_log1p2)
static __attribute__((noinline)) real ls_sum_log3(real, real, real);
static __attribute__((noinline)) real ls_sum_log4(real, real, real, real);
static __attribute__((noinline)) real ls_sum_log1p3(real, real, real);
static __attribute__((noinline)) real ls_sum_log1p4(real, real, real, real);
static __attribute__((noinline)) real ls_sum_log1p8(real, real, real, real, real, real, real, real);
LS_CALL1(ls_lgamma) LS_CALL1(ls_digamma) LS_CALL2(ls_zeta) LS_CALL1(ls_erf) LS_CALL1(ls_erfc) LS_CALL1(ls_erfinv)
LS_CALL1(ls_stirling_error) LS_CALL1(ls_digamma_error)
static __attribute__((noinline)) real ls_deviance(real, real, real);
static __attribute__((noinline)) real ls_log_ratio(real, real, real);
static __attribute__((noinline)) real ls_poisson_log_mass(real, real, real);
static __attribute__((noinline)) real ls_poisson_log_mass_of(real, real1, real);
