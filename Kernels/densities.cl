// What log densities of the gamma, beta, Dirichlet, t and Poisson families are made of, so that nothing large cancels:
// the error of Stirling's formula, and deviances (Loader, "Fast and accurate computation of binomial probabilities", 2000).
//
// Coefficients are interpolants as in special.cl. Largest errors in ulps of the result, for the tests to hold:
//
//   function            float   double
//   stirling_error          8        8
//   digamma_error           8       12
//   deviance                8        8
//   log_ratio               4        4
//   poisson_log_mass        8       10    and by the rounding of log m, which moves it by x - m

// (atanh(v) - v) / v^3 for |v| <= 1/3, in z = v^2.
static inline real ls_atanh_excess(real z) {
#if LS_DOUBLE
    real p = fma(z, LS_R(0.0781528890046142522), LS_R(0.0374607189777538365));
    p = fma(z, p, LS_R(0.0542258919744000741));
    p = fma(z, p, LS_R(0.0586713953065159873));
    p = fma(z, p, LS_R(0.0666758931572462792));
    p = fma(z, p, LS_R(0.0769227198243027464));
    p = fma(z, p, LS_R(0.0909090994898135719));
    p = fma(z, p, LS_R(0.111111110991183853));
    p = fma(z, p, LS_R(0.142857142858000496));
    p = fma(z, p, LS_R(0.199999999999997613));
    return fma(z, p, LS_R(0.333333333333333334));
#else
    real p = fma(z, LS_R(0.116121646), LS_R(0.108532879));
    p = fma(z, p, LS_R(0.14296179));
    p = fma(z, p, LS_R(0.199998532));
    return fma(z, p, LS_R(0.333333337));
#endif
}

// log(x / m) where that is not near 0. A quotient out of range is none of the two logarithms' business.
static inline real ls_log_quotient(real x, real m) {
    real quotient = x / m;
    real result = ls_log(quotient);
    mask lost = ls_not(ls_and(quotient >= LS_SMALLEST_NORMAL, quotient < LS_INFINITY));
    if (ls_any(lost)) result = lost ? ls_log(x) - ls_log(m) : result;
    return result;
}

// x log(x / m) - d for d = x - m: with v = d / (x + m), log(x / m) = 2 atanh(v) and 2 x v - d = d v.
static inline real ls_deviance(real x, real m, real d) {
    real v = d / (x + m), z = v * v;
    real near = fma(d, v, LS_R(2.0) * x * (v * z * ls_atanh_excess(z)));
    real far = fma(x, ls_log_quotient(x, m), -d);
    far = x == LS_R(0.0) ? -d : far;
    return fabs(v) < LS_R(0.333333333333333333) ? near : far;
}

// log(x / m) for d = x - m.
static inline real ls_log_ratio(real x, real m, real d) {
    real v = d / (x + m), z = v * v;
    real near = LS_R(2.0) * fma(v * z, ls_atanh_excess(z), v);
    return fabs(v) < LS_R(0.333333333333333333) ? near : ls_log_quotient(x, m);
}

// log Gamma(x) - ((x - 1/2) log(x) - x + log(2 pi) / 2) for x >= 1/2.
static inline real ls_stirling_error_above(real x) {
    real inverse = LS_R(1.0) / x, z = inverse * inverse;
#if LS_DOUBLE  // x >= 2, and below
    real p = fma(z, LS_R(0.214214267028441459), LS_R(7.70427465415312708));
    p = fma(z, p, LS_R(41.6358333116260674));
    p = fma(z, p, LS_R(71.5135087128964544));
    p = fma(z, p, LS_R(49.4744586010699362));
    p = fma(z, p, LS_R(14.9464651361253819));
    p = fma(z, p, LS_R(1.91767938717627405));
    p = fma(z, p, LS_R(0.0833333333333333332));
    real q = fma(z, LS_R(3.99279133195942309), LS_R(104.492834533334614));
    q = fma(z, q, LS_R(524.216858574373949));
    q = fma(z, q, LS_R(876.584056066218163));
    q = fma(z, q, LS_R(599.48503994065282));
    q = fma(z, q, LS_R(180.116240689963425));
    q = fma(z, q, LS_R(23.0454859794486188));
    q = fma(z, q, LS_R(1.0));
    real r = fma(x, LS_R(522.922722709958132), LS_R(3026.18195144389016));
    r = fma(x, r, LS_R(8089.27264903066947));
    r = fma(x, r, LS_R(12002.3684639174764));
    r = fma(x, r, LS_R(10326.0993712999652));
    r = fma(x, r, LS_R(4941.1765813600542));
    r = fma(x, r, LS_R(1151.51612635920888));
    r = fma(x, r, LS_R(100.942028226612722));
    r = fma(x, r, LS_R(2.01535019112115599));
    real s = fma(x, LS_R(6275.07269642150005), LS_R(36314.1827054015517));
    s = fma(x, s, LS_R(97280.45108146126));
    s = fma(x, s, LS_R(145238.800751158401));
    s = fma(x, s, LS_R(127096.726537730318));
    s = fma(x, s, LS_R(63786.4973046931252));
    s = fma(x, s, LS_R(17185.0067555843001));
    s = fma(x, s, LS_R(2177.43229787302052));
    s = fma(x, s, LS_R(102.127058062711381));
    s = fma(x, s, LS_R(1.0));
    return x < LS_R(2.0) ? r / s : inverse * (p / q);
#else
    real p = fma(z, LS_R(3.24718976e-5), LS_R(0.00367793651));
    p = fma(z, p, LS_R(0.0547158436));
    p = fma(z, p, LS_R(0.214957868));
    p = fma(z, p, LS_R(0.259820464));
    p = fma(z, p, LS_R(0.0833333317));
    real q = fma(z, LS_R(0.000786645297), LS_R(0.0560830392));
    q = fma(z, q, LS_R(0.722730347));
    q = fma(z, q, LS_R(2.67502996));
    q = fma(z, q, LS_R(3.15117756));
    q = fma(z, q, LS_R(1.0));
    return inverse * (p / q);
#endif
}

// The same for x > 0: below 1/2 it is (x + 1/2) log(1 + 1/x) - 1 more than at x + 1.
static inline real ls_stirling_error(real x) {
    mask low = x < LS_R(0.5);
    real result = ls_stirling_error_above(low ? x + LS_R(1.0) : x);
    if (ls_any(low)) {
        real more = fma(x + LS_R(0.5), ls_log1p(x) - ls_log(x), LS_R(-1.0));
        result = low ? result + more : result;
    }
    return result;
}

// digamma(x) - log(x) + 1 / (2x) for x >= 1/2.
static inline real ls_digamma_error_above(real x) {
    real inverse = LS_R(1.0) / x, z = inverse * inverse;
#if LS_DOUBLE  // x >= 2, and below
    real p = fma(z, LS_R(0.0627099156972457474), LS_R(-4.84777842497593566));
    p = fma(z, p, LS_R(-68.6500657019988666));
    p = fma(z, p, LS_R(-206.399861813429571));
    p = fma(z, p, LS_R(-227.645704272173001));
    p = fma(z, p, LS_R(-109.934405586440014));
    p = fma(z, p, LS_R(-24.5173925642811335));
    p = fma(z, p, LS_R(-2.41834990543595828));
    p = fma(z, p, LS_R(-0.0833333333333333329));
    real q = fma(z, LS_R(101.239085750452337), LS_R(1005.69846809840835));
    q = fma(z, q, LS_R(2710.45973002206006));
    q = fma(z, q, LS_R(2853.72556373408888));
    q = fma(z, q, LS_R(1347.58350206123567));
    q = fma(z, q, LS_R(297.073111610281665));
    q = fma(z, q, LS_R(29.1201988652314888));
    q = fma(z, q, LS_R(1.0));
    real r = fma(x, LS_R(-4.65127773060504874), LS_R(-32.0462450020226407));
    r = fma(x, r, LS_R(-106.055350458287719));
    r = fma(x, r, LS_R(-203.83917996742582));
    r = fma(x, r, LS_R(-240.803605892814371));
    r = fma(x, r, LS_R(-170.954429392767138));
    r = fma(x, r, LS_R(-65.8823799850852396));
    r = fma(x, r, LS_R(-10.6038372079766248));
    r = fma(x, r, LS_R(-0.480374578006813467));
    r = fma(x, r, LS_R(-0.000161836383135140537));
    real s = fma(x, LS_R(55.8153335956485), LS_R(384.554913784272334));
    s = fma(x, s, LS_R(1278.24613865833106));
    s = fma(x, s, LS_R(2484.52175975331774));
    s = fma(x, s, LS_R(3014.83705274203213));
    s = fma(x, s, LS_R(2281.45161618893144));
    s = fma(x, s, LS_R(1034.56509360690095));
    s = fma(x, s, LS_R(254.546551049462952));
    s = fma(x, s, LS_R(28.4327789260405416));
    s = fma(x, s, LS_R(1.0));
    return z * (x < LS_R(2.0) ? r / s : p / q);
#else
    real p = fma(z, LS_R(-1.83247191e-5), LS_R(-0.00293703221));
    p = fma(z, p, LS_R(-0.058556815));
    p = fma(z, p, LS_R(-0.323893771));
    p = fma(z, p, LS_R(-0.618988321));
    p = fma(z, p, LS_R(-0.420495925));
    p = fma(z, p, LS_R(-0.0833333314));
    real q = fma(z, LS_R(0.000929750911), LS_R(0.0646304001));
    q = fma(z, q, LS_R(0.945583538));
    q = fma(z, q, LS_R(4.4806355));
    q = fma(z, q, LS_R(7.89488258));
    q = fma(z, q, LS_R(5.14594892));
    q = fma(z, q, LS_R(1.0));
    return z * (p / q);
#endif
}

// The derivative of the error of Stirling's formula, for x > 0.
static inline real ls_digamma_error(real x) {
    mask low = x < LS_R(0.5);
    real result = ls_digamma_error_above(low ? x + LS_R(1.0) : x);
    if (ls_any(low)) {
        real more = (ls_log1p(x) - ls_log(x)) - (x + LS_R(0.5)) / (x * (x + LS_R(1.0)));
        more = x == LS_R(0.0) ? -LS_INFINITY : more;
        result = low ? result + more : result;
    }
    return result;
}

// (exp(x) - 1 - x) / x^2 for |x| <= 1/2.
static inline real ls_exp_excess(real x) {
#if LS_DOUBLE  // Taylor's series
    real p = fma(x, LS_R(7.6471637318198165e-13), LS_R(1.1470745597729725e-11));
    p = fma(x, p, LS_R(1.6059043836821615e-10));
    p = fma(x, p, LS_R(2.0876756987868099e-9));
    p = fma(x, p, LS_R(2.5052108385441719e-8));
    p = fma(x, p, LS_R(2.7557319223985891e-7));
    p = fma(x, p, LS_R(2.7557319223985891e-6));
    p = fma(x, p, LS_R(2.4801587301587302e-5));
    p = fma(x, p, LS_R(0.00019841269841269841));
    p = fma(x, p, LS_R(0.0013888888888888889));
    p = fma(x, p, LS_R(0.0083333333333333333));
    p = fma(x, p, LS_R(0.041666666666666667));
    p = fma(x, p, LS_R(0.16666666666666667));
    return fma(x, p, LS_R(0.5));
#else
    real p = fma(x, LS_R(0.000199448744), LS_R(0.0013982186));
    p = fma(x, p, LS_R(0.00833323613));
    p = fma(x, p, LS_R(0.0416657912));
    p = fma(x, p, LS_R(0.166666668));
    return fma(x, p, LS_R(0.500000012));
#endif
}

// x logm - exp(logm) - l for l = log x!. Of a large count, both parts are what is left of large terms:
// x (exp(s) - 1 - s) with s = logm - log(x), and log x! - x log(x) + x by Stirling's formula.
static inline real ls_large_poisson_log_mass(real logm, real mean, real x) {
    real logx = ls_log(x), s = logm - logx;
    real excess = fabs(s) < LS_R(0.5) ? x * (s * s * ls_exp_excess(s)) : fma(-x, s, mean - x);
    real rest = fma(LS_R(0.5), logx, ls_stirling_error_above(x) + LS_R(0.918938533204672742));
    return -excess - rest;
}

static inline real ls_poisson_log_mass(real logm, real x, real l) {
    real mean = ls_exp(logm);
    real result = fma(x, logm, -mean) - l;
    mask large = x > LS_R(32.0);
    if (ls_any(large)) result = large ? ls_large_poisson_log_mass(logm, mean, x) : result;
    return result;
}

// Called, not written out: few rows come here, and all others would do without the registers that it takes. On GPUs a call
// takes more of them.
#if LS_INTERLEAVES
static inline
#else
static __attribute__((noinline))
#endif
real ls_large_poisson_log_mass_of(real logm, real mean, real1 x) {
    return ls_large_poisson_log_mass(logm, mean, (real)(x));
}

// The same for a count that all lanes share. The mean comes first, whatever the count: the gradient needs it too, and
// compilers find again only what was computed on every way.
static inline real ls_poisson_log_mass_of(real logm, real1 x, real l) {
    real mean = ls_exp(logm);
    if (x > (real1)(32)) return ls_large_poisson_log_mass_of(logm, mean, x);
    return fma((real)(x), logm, -mean) - l;
}
