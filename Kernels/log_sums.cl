// Sums of logarithms as the logarithm of a product, one evaluation for up to four, or eight where 1 is added: see
// LogSums in the compiler.
//
// Where a product tells nothing, because it or a part of it is not a normal number or a factor is not positive, each
// factor has a logarithm of its own: lane by lane, since no lane may notice another.

#if LS_DOUBLE
#define LS_SMALLEST_NORMAL LS_R(0x1p-1022)
#else
#define LS_SMALLEST_NORMAL LS_R(0x1p-126)
#endif
#define LS_SUM_LOG(product, part, least, each) \
    mask well = ls_and(ls_and(ls_min_of_known(part, product) >= LS_SMALLEST_NORMAL, product < LS_INFINITY), least > LS_R(0.0)); \
    real result = ls_log_of_normal(product); \
    if (ls_any(ls_not(well))) result = ls_select(well, result, each); \
    return result;

static inline real ls_sum_log2(real a, real b) {
    real product = a * b;
    LS_SUM_LOG(product, product, ls_min_of_known(a, b), ls_log(a) + ls_log(b))
}
static inline real ls_sum_log3(real a, real b, real c) {
    real part = a * b, product = part * c;
    LS_SUM_LOG(product, part, ls_min_of_known(ls_min_of_known(a, b), c), ls_log(a) + ls_log(b) + ls_log(c))
}
static inline real ls_sum_log4(real a, real b, real c, real d) {
    real ab = a * b, cd = c * d, product = ab * cd;
    LS_SUM_LOG(product, ls_min_of_known(ab, cd), ls_min_of_known(ls_min_of_known(a, b), ls_min_of_known(c, d)), (ls_log(a) + ls_log(b)) + (ls_log(c) + ls_log(d)))
}

// (1 + a) (1 + b) - 1, which keeps what is small; near -1 it does not keep what is left of 1.
static inline real ls_grown(real a, real b) { return fma(a, b, a + b); }
#define LS_SUM_LOG1P(grown, least, each) \
    mask well = ls_and(least > LS_R(-0.5), grown < LS_INFINITY); \
    real result = ls_log1p(grown); \
    if (ls_any(ls_not(well))) result = ls_select(well, result, each); \
    return result;

static inline real ls_sum_log1p2(real a, real b) {
    real grown = ls_grown(a, b);
    LS_SUM_LOG1P(grown, ls_min_of_known(a, b), ls_log1p(a) + ls_log1p(b))
}
static inline real ls_sum_log1p3(real a, real b, real c) {
    real grown = ls_grown(ls_grown(a, b), c);
    LS_SUM_LOG1P(grown, ls_min_of_known(ls_min_of_known(a, b), c), ls_log1p(a) + ls_log1p(b) + ls_log1p(c))
}
static inline real ls_sum_log1p4(real a, real b, real c, real d) {
    real grown = ls_grown(ls_grown(a, b), ls_grown(c, d));
    LS_SUM_LOG1P(
        grown, ls_min_of_known(ls_min_of_known(a, b), ls_min_of_known(c, d)), (ls_log1p(a) + ls_log1p(b)) + (ls_log1p(c) + ls_log1p(d)))
}
static inline real ls_sum_log1p8(real a, real b, real c, real d, real e, real f, real g, real h) {
    real grown = ls_grown(ls_grown(ls_grown(a, b), ls_grown(c, d)), ls_grown(ls_grown(e, f), ls_grown(g, h)));
    real least = ls_min_of_known(ls_min_of_known(ls_min_of_known(a, b), ls_min_of_known(c, d)), ls_min_of_known(ls_min_of_known(e, f), ls_min_of_known(g, h)));
    LS_SUM_LOG1P(
        grown, least,
        ((ls_log1p(a) + ls_log1p(b)) + (ls_log1p(c) + ls_log1p(d))) + ((ls_log1p(e) + ls_log1p(f)) + (ls_log1p(g) + ls_log1p(h))))
}
