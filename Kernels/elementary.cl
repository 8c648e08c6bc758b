// Elementary functions over `real`: branch-free, without native_ or relaxed forms.
//
// In float everything on a hot path is our own polynomial: drivers differ twentyfold in speed (`pow`, `lgamma`) and
// in their last bits, ours cost the same everywhere and round the same wherever fma does. In double the built-in
// functions of the standard are accurate (<= 6 ulp by OpenCL C 1.2, 7.4) and are used where they exist.
//
// Coefficients are interpolants at Chebyshev nodes of the interval beside them (near-minimax), rounded to real.
// Floats are reduced as in Cody and Waite, "Software Manual for the Elementary Functions" (1980), and
// Muller et al., "Handbook of Floating-Point Arithmetic" (2018), chapter 10.
//
// Largest errors in ulps in float, for the tests to hold (division and sqrt correctly rounded; a driver that is not
// asked for that with -cl-fp32-correctly-rounded-divide-sqrt may add up to 3). In double 4 bounds all of them on CPUs.
//
//   log 1; exp, log1p 1.5; expm1, sin, cos, acos, atan, sinh, cosh, softplus, pow 2; sigmoid 2.5;
//   asin, tanh 3; tan 4
//
// On GPUs, where exp is by their hardware: exp 3, and what is made of it as hardware.cl has it.

#define LS_INFINITY ((real)(INFINITY))
#define LS_NAN ((real)(NAN))
#define LS_LN2_HIGH LS_R(0.693359375)               // few bits: a product with an exponent is exact
#define LS_LN2_LOW LS_R(-2.12194440054690583e-4)

#if LS_DOUBLE
#define LS_SIGN_BIT 63
#else
#define LS_SIGN_BIT 31
#endif

static inline real ls_abs(real x) { return fabs(x); }
static inline real ls_floor(real x) { return floor(x); }
static inline real ls_ceil(real x) { return ceil(x); }
static inline real ls_sqrt(real x) { return sqrt(x); }
static inline mask ls_is_nan(real x) { return x != x; }
static inline mask ls_is_finite(real x) { return fabs(x) < LS_INFINITY; }

// 0 at 0 and NaN at NaN: both are the argument itself.
static inline real ls_sign(real x) { return x > LS_R(0.0) ? LS_R(1.0) : (x < LS_R(0.0) ? LS_R(-1.0) : x); }

// The built-in fmin drops a NaN; these pass it on.
static inline real ls_min(real a, real b) { return a < b ? a : (a != a ? a : b); }
static inline real ls_max(real a, real b) { return a > b ? a : (a != a ? a : b); }
// The same where the limit is not NaN.
static inline real ls_at_least(real a, real limit) { return a < limit ? limit : a; }
static inline real ls_at_most(real a, real limit) { return a > limit ? limit : a; }

// Of operands whose NaN is found out otherwise: GPUs do it in one instruction, which drops a NaN.
#ifdef LS_HARDWARE
static inline real ls_min_of_known(real a, real b) { return fmin(a, b); }
static inline real ls_not_negative(real a) { return fmax(a, LS_R(0.0)); }
#else
static inline real ls_min_of_known(real a, real b) { return ls_min(a, b); }
static inline real ls_not_negative(real a) { return a < LS_R(0.0) ? LS_R(0.0) : a; }
#endif

static inline real ls_with_sign_of(real magnitude, real sign) { return copysign(magnitude, sign); }

#if LS_DOUBLE

static inline real ls_exp(real x) { return exp(x); }
static inline real ls_half_exp(real x) { return exp(x - LS_R(1.0)) * LS_R(1.35914091422952262); }  // e / 2
static inline real ls_expm1(real x) { return expm1(x); }
static inline real ls_log(real x) { return log(x); }
static inline real ls_log_of_normal(real x) { return log(x); }
static inline real ls_log1p(real x) { return log1p(x); }
static inline real ls_log1p_of_fraction(real x) { return log1p(x); }
static inline real ls_sin(real x) { return sin(x); }
static inline real ls_cos(real x) { return cos(x); }
static inline real ls_tan(real x) { return tan(x); }
static inline real ls_asin(real x) { return asin(x); }
static inline real ls_acos(real x) { return acos(x); }
static inline real ls_atan(real x) { return atan(x); }
static inline real ls_sinh(real x) { return sinh(x); }
static inline real ls_cosh(real x) { return cosh(x); }
static inline real ls_tanh(real x) { return tanh(x); }

// Lane by lane: PoCL 3.1's pow of double8 mixes the lanes of some arguments.
static inline real ls_pow_of_magnitude(real a, real y) {
    real1 *base = (real1 *)&a, *exponent = (real1 *)&y;
    for (int lane = 0; lane < LS_WIDTH; ++lane) base[lane] = pow(base[lane], exponent[lane]);
    return a;
}

#else

// Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits; `rint` is a call on some drivers.
#define LS_ROUNDER LS_R(12582912.0)
#define LS_ROUNDER_BITS 0x4B400000

// 2^k for -126 <= k <= 127.
static inline real ls_power_of_two(ints k) { return LS_AS_REAL((k + 127) << 23); }

// x = n ln 2 + r with |r| <= ln(2) / 2; exp(r) - 1 = r + r^2 Q(r), |error| < 2^-25 |r|.
static inline real ls_exp_reduce(real x, ints *n, real *r) {
    real shifted = fma(x, LS_R(1.44269504088896341), LS_ROUNDER);
    real k = shifted - LS_ROUNDER;
    *n = LS_AS_INTS(shifted) - (ints)(LS_ROUNDER_BITS);
    real t = fma(k, -LS_LN2_HIGH, x);
    t = fma(k, -LS_LN2_LOW, t);
    *r = t;
    real q = fma(t, LS_R(0.00139262504), LS_R(0.00836323295));
    q = fma(t, q, LS_R(0.0416665524));
    q = fma(t, q, LS_R(0.166665763));
    return fma(t, q, LS_R(0.5));
}

#ifdef LS_HARDWARE
static inline real ls_exp(real x) { return ls_hardware_exp(x); }
static inline real ls_half_exp(real x) { return ls_hardware_half_exp(x); }
#else
// 2^shift exp(x). The scale is applied in two factors, so that the result may be subnormal or infinite.
static inline real ls_shifted_exp(real x, int shift) {
    x = x < LS_R(-110.0) ? LS_R(-110.0) : x;
    x = x > LS_R(100.0) ? LS_R(100.0) : x;
    ints n;
    real r;
    real q = ls_exp_reduce(x, &n, &r);
    n += (ints)(shift);
    ints half_n = n >> 1;
    real e = LS_R(1.0) + fma(r * r, q, r);
    return e * ls_power_of_two(half_n) * ls_power_of_two(n - half_n);
}

static inline real ls_exp(real x) { return ls_shifted_exp(x, 0); }
static inline real ls_half_exp(real x) { return ls_shifted_exp(x, -1); }
#endif

static inline real ls_expm1(real x) {
    real bounded = x < LS_R(-20.0) ? LS_R(-20.0) : x;  // -1 to the last bit from -17.4 down
    bounded = bounded > LS_R(89.0) ? LS_R(89.0) : bounded;   // overflows from 88.8 up
    ints n;
    real r;
    real q = ls_exp_reduce(bounded, &n, &r);
    real e = fma(r * r, q, r);
    real scale = ls_power_of_two(n - 1);  // half of 2^n, which alone would overflow for n = 128
    real result = LS_R(2.0) * fma(scale, e, scale - LS_R(0.5));
    return fabs(x) < LS_R(0x1p-24) ? x : result;  // keeps subnormals and the sign of zero
}

// log(2^e (1 + f)) for 1 + f in [sqrt(1/2), sqrt(2)]: f - f^2/2 + f^3 P(f), |error| < 2^-28 |f|.
static inline real ls_log_reduced(real f, real e) {
    real z = f * f;
    real even = fma(z, LS_R(0.0697161183), LS_R(0.116854198));
    real odd = fma(z, LS_R(-0.114797339), LS_R(-0.124256872));
    even = fma(z, even, LS_R(0.142490581));
    odd = fma(z, odd, LS_R(-0.166678026));
    even = fma(z, even, LS_R(0.200007156));
    odd = fma(z, odd, LS_R(-0.24999997));
    even = fma(z, even, LS_R(0.333333313));
    real p = fma(f, odd, even);
    real tail = fma(e, LS_LN2_LOW, f * z * p);
    tail = fma(LS_R(-0.5), z, tail);
    return fma(e, LS_LN2_HIGH, f + tail);
}

// x = 2^e m with m in [sqrt(1/2), sqrt(2)), for x positive and normal.
static inline real ls_log_split(real x, ints *e) {
    ints offset = LS_AS_INTS(x) - (ints)(0x3F3504F3);
    *e = offset >> 23;
    return LS_AS_REAL((offset & (ints)(0x007FFFFF)) + (ints)(0x3F3504F3));
}

// For arguments known to be positive, normal and finite.
static inline real ls_log_of_normal(real x) {
    ints e;
    real m = ls_log_split(x, &e);
    return ls_log_reduced(m - LS_R(1.0), LS_TO_REAL(e));
}

// log at the edges: -inf at 0, NaN below, the argument itself at +inf and NaN.
static inline real ls_log_edges(real x, real inside) {
    real edge = x == LS_R(0.0) ? -LS_INFINITY : (x < LS_R(0.0) ? LS_NAN : x);
    return ls_and(x > LS_R(0.0), x < LS_INFINITY) ? inside : edge;
}

static inline real ls_log(real x) {
    mask subnormal = x < LS_R(0x1p-126);
    ints e;
    real m = ls_log_split(subnormal ? x * LS_R(0x1p23) : x, &e);
    real exponent = LS_TO_REAL(e) - (subnormal ? LS_R(23.0) : LS_R(0.0));
    return ls_log_edges(x, ls_log_reduced(m - LS_R(1.0), exponent));
}

// log(1 + x): what the sum lost to rounding comes back, scaled like its mantissa.
static inline real ls_log1p(real x) {
    real sum = LS_R(1.0) + x;
    real lost = x - (sum - LS_R(1.0));
    ints e;
    real m = ls_log_split(sum, &e);
    real f = fma(lost, ls_power_of_two(-min(e, (ints)(126))), m - LS_R(1.0));
    real result = ls_log_edges(sum, ls_log_reduced(f, LS_TO_REAL(e)));
    return fabs(x) < LS_R(0x1p-24) ? x : result;
}

// log1p on [0, 1]: x P(x), relative error 2^-25.
static inline real ls_log1p_of_fraction(real x) {
    real p = fma(x, LS_R(0.00198669662), LS_R(-0.0131878266));
    p = fma(x, p, LS_R(0.0410065726));
    p = fma(x, p, LS_R(-0.0818804055));
    p = fma(x, p, LS_R(0.12377996));
    p = fma(x, p, LS_R(-0.160876229));
    p = fma(x, p, LS_R(0.198858202));
    p = fma(x, p, LS_R(-0.249864966));
    p = fma(x, p, LS_R(0.333324969));
    p = fma(x, p, LS_R(-0.499999791));
    return x * fma(x, p, LS_R(1.0));
}

#endif

// cos and sin of |r| <= pi / 4: 1 - r^2/2 + r^4 C(r^2), r + r^3 S(r^2).
static inline void ls_cos_sin_eighth(real r, real *cosine, real *sine) {
    real z = r * r;
#if LS_DOUBLE  // relative error 2^-61
    real s = fma(z, LS_R(-7.58669711770682025e-13), LS_R(1.60585316189861449e-10));
    s = fma(z, s, LS_R(-2.50521062324475773e-8));
    s = fma(z, s, LS_R(2.75573192193391665e-6));
    s = fma(z, s, LS_R(-0.000198412698412650649));
    s = fma(z, s, LS_R(0.00833333333333333149));
    s = fma(z, s, LS_R(-0.166666666666666667));
    real c = fma(z, LS_R(-1.13826324255215756e-11), LS_R(2.08761462684031955e-9));
    c = fma(z, c, LS_R(-2.75573172717297929e-7));
    c = fma(z, c, LS_R(2.48015872987656879e-5));
    c = fma(z, c, LS_R(-0.00138888888888873972));
    c = fma(z, c, LS_R(0.0416666666666666654));
#else  // relative error 2^-26
    real s = fma(z, LS_R(-0.000195878907), LS_R(0.00833274797));
    s = fma(z, s, LS_R(-0.166666642));
    real c = fma(z, LS_R(2.45479423e-5), LS_R(-0.00138883025));
    c = fma(z, c, LS_R(0.0416666642));
#endif
    *cosine = fma(z * z, c, fma(z, LS_R(-0.5), LS_R(1.0)));
    *sine = fma(r * z, s, r);
}

// Adds `quadrant` quarter turns to an angle given by its cosine and sine.
static inline void ls_rotate_quadrant(ints quadrant, real *cosine, real *sine) {
    mask swap = ls_ne_i(quadrant & 1, (ints)(0));
    real c = swap ? *sine : *cosine;
    real s = swap ? *cosine : *sine;
    *cosine = LS_AS_REAL(LS_AS_WORD(c) ^ (LS_TO_WORD((quadrant + 1) & 2) << (LS_SIGN_BIT - 1)));
    *sine = LS_AS_REAL(LS_AS_WORD(s) ^ (LS_TO_WORD(quadrant & 2) << (LS_SIGN_BIT - 1)));
}

#if !LS_DOUBLE

// Three-part pi / 2 (Cody and Waite); with fma it holds well past LS_TURN_LIMIT.
#define LS_TURN_LIMIT LS_R(30000.0)

static inline void ls_cos_sin(real x, real *cosine, real *sine) {
    real shifted = fma(x, LS_R(0.636619772367581343), LS_ROUNDER);
    real k = shifted - LS_ROUNDER;
    real r = fma(k, LS_R(-1.57079625129699707), x);
    r = fma(k, LS_R(-7.54978941586159635e-8), r);
    r = fma(k, LS_R(-5.39030295450284e-15), r);
    ls_cos_sin_eighth(r, cosine, sine);
    ls_rotate_quadrant(LS_AS_INTS(shifted), cosine, sine);
}

// Arguments of thousands of turns, and those that are not finite, are left to the driver.
static inline real ls_sin(real x) {
    real c, s;
    ls_cos_sin(x, &c, &s);
    mask far = ls_not(fabs(x) < LS_TURN_LIMIT);
    if (ls_any(far)) s = far ? sin(x) : s;
    return x == LS_R(0.0) ? x : s;
}

static inline real ls_cos(real x) {
    real c, s;
    ls_cos_sin(x, &c, &s);
    mask far = ls_not(fabs(x) < LS_TURN_LIMIT);
    if (ls_any(far)) c = far ? cos(x) : c;
    return c;
}

static inline real ls_tan(real x) {
    real c, s;
    ls_cos_sin(x, &c, &s);
    real t = s / c;
    mask far = ls_not(fabs(x) < LS_TURN_LIMIT);
    if (ls_any(far)) t = far ? tan(x) : t;
    return x == LS_R(0.0) ? x : t;
}

// asin on [-1/2, 1/2]; |relative error| < 2^-29.
static inline real ls_asin_half(real x) {
    real z = x * x;
    real p = fma(z, LS_R(0.0336908475), LS_R(0.0171492379));
    p = fma(z, p, LS_R(0.0311006624));
    p = fma(z, p, LS_R(0.0445994027));
    p = fma(z, p, LS_R(0.0750009418));
    p = fma(z, p, LS_R(0.166666657));
    return fma(x * z, p, x);
}

// Beyond 1/2: asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2)), where 1 - x is exact.
static inline real ls_asin(real x) {
    real a = fabs(x);
    mask outer = a > LS_R(0.5);
    real inner = ls_asin_half(outer ? sqrt(LS_R(0.5) - LS_R(0.5) * a) : a);
    real result = outer ? fma(LS_R(-2.0), inner, LS_R(1.57079632679489662)) : inner;
    return ls_with_sign_of(result, x);
}

static inline real ls_acos(real x) {
    real a = fabs(x);
    mask outer = a > LS_R(0.5);
    real inner = ls_asin_half(outer ? sqrt(LS_R(0.5) - LS_R(0.5) * a) : x);
    real twice = LS_R(2.0) * inner;
    // pi/2 in two parts, since the difference may be small
    real middle = LS_R(1.57079637050628662) - (inner + LS_R(4.37113882867379e-8));
    return outer ? (x < LS_R(0.0) ? LS_R(3.14159265358979324) - twice : twice) : middle;
}

// atan on [0, 1]; |relative error| < 2^-26. Beyond: pi/2 - atan(1 / x).
static inline real ls_atan(real x) {
    real a = fabs(x);
    mask outer = a > LS_R(1.0);
    real t = outer ? LS_R(1.0) / a : a;
    real z = t * t;
    real p = fma(z, LS_R(-0.00238699722), LS_R(0.0135077713));
    p = fma(z, p, LS_R(-0.0358715393));
    p = fma(z, p, LS_R(0.0625016913));
    p = fma(z, p, LS_R(-0.0865688026));
    p = fma(z, p, LS_R(0.110337645));
    p = fma(z, p, LS_R(-0.142785683));
    p = fma(z, p, LS_R(0.199997395));
    p = fma(z, p, LS_R(-0.333333313));
    real r = fma(t * z, p, t);
    return ls_with_sign_of(outer ? LS_R(1.57079632679489662) - r : r, x);
}

// sinh: r + r^3 H(r^2) within [-1, 1], |relative error| < 2^-32; beyond, from exp(x) / 2, which overflows last.
static inline real ls_sinh(real x) {
    real a = fabs(x), z = x * x;
    real p = fma(z, LS_R(2.80628023e-6), LS_R(0.000198381022));
    p = fma(z, p, LS_R(0.00833333936));
    p = fma(z, p, LS_R(0.166666672));
    real h = ls_half_exp(a);
    real outer = ls_with_sign_of(h - LS_R(0.25) / h, x);
    return a < LS_R(1.0) ? fma(x * z, p, x) : outer;
}

static inline real ls_cosh(real x) {
    real h = ls_half_exp(fabs(x));
    return h + LS_R(0.25) / h;
}

static inline real ls_tanh(real x) {
    real t = ls_expm1(LS_R(-2.0) * fabs(x));
    return ls_with_sign_of(-t / (LS_R(2.0) + t), x);
}

// x^y = 2^(y log2|x|) with log2|x| in two floats, good to about 2^-32: log(m) = 2 atanh((m - 1) / (m + 1)).
static inline real ls_pow_of_magnitude(real a, real y) {
    mask subnormal = a < LS_R(0x1p-126);
    ints e;
    real m = ls_log_split(subnormal ? a * LS_R(0x1p23) : a, &e);
    real exponent = LS_TO_REAL(e) - (subnormal ? LS_R(23.0) : LS_R(0.0));
    real top = m - LS_R(1.0), bottom = m + LS_R(1.0);
    real bottom_low = m - (bottom - LS_R(1.0));
    real s = top / bottom;
    real s_low = fma(-s, bottom_low, fma(-s, bottom, top)) / bottom;
    real z = s * s;
    real p = fma(z, LS_R(0.116684057), LS_R(0.142752931));
    p = fma(z, p, LS_R(0.200000614));
    p = fma(z, p, LS_R(0.333333343));
    real cubic = fma(s * z, p, s_low);
    // times 2 / ln 2 = 2.885390043... + 3.8519e-8. What is lost to rounding is found by explicit fma only: compilers for GPUs make
    // one of a product and the sum after it, and what they keep by that would be added twice.
    real total = fma(s, LS_R(2.88539004325866699), exponent);
    real low = fma(s, LS_R(2.88539004325866699), exponent - total) + fma(s, LS_R(3.85195763e-8), cubic * LS_R(2.88539008));
    // y * (total + low), then split off the integer part
    real product = total * y;
    mask huge = fabs(product) > LS_R(300.0);
    real shifted = (huge ? ls_with_sign_of(LS_R(300.0), product) : product) + LS_ROUNDER;
    real rest = huge ? LS_R(0.0) : fma(low, y, fma(total, y, -(shifted - LS_ROUNDER)));
    ints n = LS_AS_INTS(shifted) - (ints)(LS_ROUNDER_BITS);
    n = clamp(n, (ints)(-250), (ints)(250));
    ints half_n = n >> 1;
    // |rest| <= 1/2, so that the reduction inside exp leaves it alone or takes one more step
    return ls_exp(rest * LS_R(0.693147180559945309)) * ls_power_of_two(half_n) * ls_power_of_two(n - half_n);
}

#endif

// x^y: the sign and the edges, around the power of |x|.
static inline real ls_pow(real x, real y) {
    real a = fabs(x);
    real result = ls_pow_of_magnitude(a, y);
    mask grows = ls_eq_i(LS_TO_INTS(a > LS_R(1.0)), LS_TO_INTS(y > LS_R(0.0)));
    mask edge = ls_or(ls_or(a == LS_R(0.0), a == LS_INFINITY), fabs(y) == LS_INFINITY);
    result = edge ? (grows ? LS_INFINITY : LS_R(0.0)) : result;
    real half_y = LS_R(0.5) * y;
    mask whole = floor(y) == y;
    mask odd = ls_and(whole, floor(half_y) != half_y);
    result = ls_and(odd, x < LS_R(0.0)) ? -result : result;
    mask outside = ls_and(ls_and(x < LS_R(0.0), ls_not(whole)), ls_and(a < LS_INFINITY, a > LS_R(0.0)));
    result = outside ? LS_NAN : result;
    result = ls_or(x != x, y != y) ? LS_NAN : result;
    mask unit = ls_or(ls_or(x == LS_R(1.0), y == LS_R(0.0)), ls_and(a == LS_R(1.0), fabs(y) == LS_INFINITY));
    return unit ? LS_R(1.0) : result;
}

// 1 / (1 + exp(-x)): the exponential never grows, so that both tails keep their relative precision.
static inline real ls_sigmoid(real x) {
    real e = ls_exp(-fabs(x));
#ifdef LS_HARDWARE
    real r = ls_reciprocal_of_1_to_2(LS_R(1.0) + e);
    return x < LS_R(0.0) ? e * r : r;
#else
    return (x < LS_R(0.0) ? e : LS_R(1.0)) / (LS_R(1.0) + e);
#endif
}

// log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)).
static inline real ls_softplus(real x) {
    return ls_not_negative(x) + ls_log1p_of_fraction(ls_exp(-fabs(x)));
}
