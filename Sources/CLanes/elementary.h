// The common functions of floats as straight-line arithmetic without calls or branches, which the compiler turns
// into vector instructions. They are written independently of the OpenCL kernels, so that agreement means something.
//
// Polynomial coefficients are least-maximum fits to the series named, rounded to float.

static inline float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

// Keeps not-a-number as it is.
static inline float clamp(float x, float low, float high) {
    float raised = x < low ? low : x;
    return raised > high ? high : raised;
}

static inline float with_sign(float sign, float x) {
    return from_bits((bits_of(x) & 0x7fffffffu) | (bits_of(sign) & 0x80000000u));
}

static inline float magnitude(float x) { return from_bits(bits_of(x) & 0x7fffffffu); }

// x = k log 2 + r with |r| <= (log 2) / 2, in the manner of Cody and Waite: the first part of log 2 has ten bits,
// so that its product with k is exact.
static inline float reduce(float x, int32_t *k) {
    // Adding 1.5 * 2^23 rounds to an integer, which then sits in the low bits.
    float shifted = x * 1.44269504f + 0x1.8p23f;
    float whole = shifted - 0x1.8p23f;
    *k = (int32_t)(bits_of(shifted) - bits_of(0x1.8p23f));
    return (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
}

// e^r - 1 from its Maclaurin series, with (e^r - 1 - r) / r^2 refitted.
static inline float exponential_tail(float r) {
    float p = 0x1.9f07eep-13f;
    p = p * r + 0x1.6d8ddcp-10f;
    p = p * r + 0x1.111272p-7f;
    p = p * r + 0x1.55548cp-5f;
    p = p * r + 0x1.555554p-3f;
    p = p * r + 0.5f;
    return p * (r * r) + r;
}

static inline float power_of_two(int32_t k) { return from_bits((uint32_t)(k + 127) << 23); }

// x 2^k in two steps, for results that are subnormal or just below overflow.
static inline float scale(float x, int32_t k) {
    int32_t half = k >> 1;
    return x * power_of_two(half) * power_of_two(k - half);
}

// log x + `offset` log 2 + `extra` for a normal number x, with (log(1 + f) - f + f^2 / 2) / f^3 refitted on
// [sqrt(1/2) - 1, sqrt(2) - 1].
static inline float logarithm(float x, float offset, float extra) {
    int32_t bits = (int32_t)bits_of(x);
    // The exponent that leaves a mantissa in [sqrt(1/2), sqrt(2)).
    int32_t exponent = (int32_t)((uint32_t)bits - 0x3f3504f3u) >> 23;
    float f = from_bits((uint32_t)bits - ((uint32_t)exponent << 23)) - 1;
    float e = (float)exponent + offset;
    float p = 0x1.145888p-4f;
    p = p * f - 0x1.de3d74p-4f;
    p = p * f + 0x1.e6f0c8p-4f;
    p = p * f - 0x1.fc21d8p-4f;
    p = p * f + 0x1.233760p-3f;
    p = p * f - 0x1.555c4ep-3f;
    p = p * f + 0x1.99a4b6p-3f;
    p = p * f - 0x1.000006p-2f;
    p = p * f + 0x1.555548p-2f;
    float square = f * f;
    float low = square * (f * p) + (extra - e * 2.12194440e-4f);
    return e * 0.693359375f + (f + (low - 0.5f * square));
}

// log u, where u is 1 + x rounded: what the rounding lost is put back.
static inline float logarithm_of_sum(float x, float u) { return logarithm(u, 0, (x - (u - 1)) / u); }

// At 0, below, at infinity and at not-a-number the bits mean something else.
static inline float with_edges(float x, float logarithm) {
    float outside = x == 0 ? -INFINITY : x < 0 ? NAN : x;
    return x > 0 && x < INFINITY ? logarithm : outside;
}

// sin r and cos r for |r| up to pi / 4.
static inline float sine_of_small(float r) {
    float z = r * r;
    float s = -0x1.994220p-13f;
    s = s * z + 0x1.110736p-7f;
    s = s * z - 0x1.555546p-3f;
    return s * (z * r) + r;
}

static inline float cosine_of_small(float r) {
    float z = r * r;
    float c = 0x1.9a00cap-16f;
    c = c * z - 0x1.6c0c86p-10f;
    c = c * z + 0x1.55554ap-5f;
    return c * (z * z) + (1 - 0.5f * z);
}

// sin(x + `ahead` pi / 2).
static inline float sine(float x, uint64_t ahead) {
    // The reduction in double leaves an angle that is right to the last bit of a float.
    double wide = x;
    double shifted = wide * 0.63661977236758134308 + 0x1.8p52;
    double whole = shifted - 0x1.8p52;
    // pi / 2 in 33 bits, and the rest.
    float r = (float)((wide - whole * 0x1.921fb544p0) - whole * 0x1.0b4611a626331p-34);
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    uint32_t quadrant = (uint32_t)(bits + ahead);
    float value = (quadrant & 1) == 0 ? sine_of_small(r) : cosine_of_small(r);
    return from_bits(bits_of(value) ^ ((quadrant & 2) << 30));
}

// x 2^k for x in [1/2, 2) and k from -150 on, without a product that underflows, which takes many processors three
// times as long as all the rest.
static inline float scale_quietly(float x, int32_t k) {
    int32_t normal = (int32_t)(bits_of(x) + ((uint32_t)k << 23));
    // The bits of a subnormal number count multiples of 2^-149: so do those of 2^-62 and a sum with it, times 2^64.
    uint32_t subnormal = bits_of(x * power_of_two(k + 64) + 0x1p-62f) - bits_of(0x1p-62f);
    int32_t infinity = 0x7f800000;
    return from_bits(normal < 0x00800000 ? subnormal : (uint32_t)(normal < infinity ? normal : infinity));
}

// e^x within 1 ulp.
static inline float float_exp(float x) {
    int32_t k;
    float r = reduce(clamp(x, -104, 89), &k);
    float result = scale_quietly(1 + exponential_tail(r), k);
    return x == x ? result : x;
}

// e^x - 1 within 2 ulps.
static inline float float_expMinusOne(float x) {
    int32_t k;
    // Below -18 the result is -1.
    float r = reduce(clamp(x, -18, 89), &k);
    // 2^k (e^r - 1) + (2^k - 1), with 2^k taken out.
    float inverse = from_bits((uint32_t)(127 - k < 0 ? 0 : 127 - k) << 23);
    return scale(exponential_tail(r) + (1 - inverse), k);
}

// log x within 1 ulp.
static inline float float_log(float x) {
    int is_subnormal = x < 0x1p-126f;
    return with_edges(x, logarithm(is_subnormal ? x * 0x1p23f : x, is_subnormal ? -23 : 0, 0));
}

// log(1 + x) within 2 ulps.
static inline float float_logOnePlus(float x) {
    float u = 1 + x;
    return with_edges(u, logarithm_of_sum(x, u));
}

// 1 / (1 + e^-x) within 3 ulps.
static inline float float_sigmoid(float x) {
    float e = float_exp(-magnitude(x));
    return (x < 0 ? e : 1) / (1 + e);
}

// log(1 + e^x) within 3 ulps. With e = e^-|x| and s = e / (2 + e), log(1 + e) = 2 artanh s = e - s (e - s^2 P(s^2)),
// where P is the series of artanh from its third power on, refitted on [0, 1/9].
static inline float float_softplus(float x) {
    float e = float_exp(-magnitude(x));
    float s = e / (2 + e);
    float z = s * s;
    float p = 0x1.1ed7bep-2f;
    p = p * z + 0x1.1ebd0ep-2f;
    p = p * z + 0x1.99d208p-2f;
    p = p * z + 0x1.555502p-1f;
    return (x > 0 ? x : 0) + (e - s * (e - z * p));
}

// tanh x within 3 ulps.
static inline float float_tanh(float x) {
    // From 10 on the result is 1.
    float e = float_expMinusOne(2 * clamp(magnitude(x), 0, 10));
    return with_sign(x, e / (e + 2));
}

// The logarithm of the Poisson probability of a count x, of whose factorial the logarithm is given.
static inline int is_large_count(float x) { return x > 32; }

static inline float poisson_of_small_count(float log_mean, float mean, float x, float log_factorial) {
    return (x * log_mean - mean) - log_factorial;
}

// Of a large count, both parts are what is left of large terms: x (e^s - 1 - s) with s = log(mean / x), and
// log x! - x log x + x by Stirling's formula.
__attribute__((always_inline)) static inline float poisson_of_count(float log_mean, float mean, float x, float log_factorial) {
    float log_x = float_log(x);
    float s = log_mean - log_x;
    // e^s - 1 - s from its Maclaurin series.
    float p = 1.0f / 40320;
    p = p * s + 1.0f / 5040;
    p = p * s + 1.0f / 720;
    p = p * s + 1.0f / 120;
    p = p * s + 1.0f / 24;
    p = p * s + 1.0f / 6;
    p = p * s + 0.5f;
    float excess = magnitude(s) < 0.5f ? x * (p * (s * s)) : (mean - x) - x * s;
    float inverse = 1 / x;
    float rest = 0.5f * log_x + (0.918938533f + inverse * (1.0f / 12 - inverse * inverse * (1.0f / 360)));
    return is_large_count(x) ? -excess - rest : poisson_of_small_count(log_mean, mean, x, log_factorial);
}
