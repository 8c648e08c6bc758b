// Draws: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"), and
// uniforms and normals of its words, as `Draws` in the interpreter defines them.

enum { chunk = 16 };
typedef uint32_t words16 __attribute__((vector_size(4 * chunk)));
typedef uint64_t wide8 __attribute__((vector_size(4 * chunk)));

// The high and low halves of 32 x 32 bit products. Multiplications of 64-bit lanes see the even words, and the odd
// ones after a shift.
static inline void multiply_wide(const words16 *x, uint32_t factor, words16 *high, words16 *low) {
    const wide8 low_half = (wide8){} + 0xffffffffu;
    const wide8 f = (wide8){} + factor;
    wide8 even = ((wide8)*x & low_half) * f;
    wide8 odd = ((wide8)*x >> 32) * f;
#if defined(__LITTLE_ENDIAN__) || __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    *high = (words16)((even >> 32) | (odd & ~low_half));
    *low = (words16)((even & low_half) | (odd << 32));
#else
#error "The words of a pair are expected with the low one first."
#endif
}

static inline void philox(words16 *c0, words16 *c1, words16 *c2, words16 *c3, words16 *k0, words16 *k1) {
    for (int round = 0; round < 10; ++round) {
        words16 high0, low0, high1, low1;
        multiply_wide(c0, 0xD2511F53u, &high0, &low0);
        multiply_wide(c2, 0xCD9E8D57u, &high1, &low1);
        *c0 = high1 ^ *c1 ^ *k0;
        *c1 = low1;
        *c2 = high0 ^ *c3 ^ *k1;
        *c3 = low0;
        // The key schedule is a Weyl sequence: the golden ratio and sqrt(3) - 1.
        *k0 += 0x9E3779B9u;
        *k1 += 0xBB67AE85u;
    }
}

static inline float uniform_of(uint32_t word) { return ((float)(word >> 9) + 0.5f) * 0x1p-23f; }

// Box and Muller 1958, "A note on the generation of random normal deviates": (r cos, r sin). The radius and the two
// functions of the angle are each within 1.5 ulps.
static inline void normal_pair(uint32_t first, uint32_t second, float *a, float *b) {
    float radius = __builtin_elementwise_sqrt(-2 * logarithm((float)first * 0x1p-32f + 0x1p-33f, 0, 0));
    // The angle in quarter turns, split exactly into a whole number and a rest in [-1/2, 1/2].
    float quarters = (float)(second >> 8) * 0x1p-22f;
    float shifted = quarters + 0x1.8p23f;
    float rest = quarters - (shifted - 0x1.8p23f);
    // pi / 2 in two parts.
    float angle = rest * 0x1.921fb6p0f + rest * -0x1.777a5cp-25f;
    float s = sine_of_small(angle), c = cosine_of_small(angle);
    uint32_t quadrant = bits_of(shifted);
    int is_odd = quadrant & 1;
    float cosine = from_bits(bits_of(is_odd ? s : c) ^ (((quadrant + 1) & 2) << 30));
    float sine = from_bits(bits_of(is_odd ? c : s) ^ ((quadrant & 2) << 30));
    *a = radius * cosine;
    *b = radius * sine;
}

typedef struct { uint32_t words[4][chunk]; } chunk_of_words;

static inline chunk_of_words chunk_words(
    const uint32_t *low, const uint32_t *high, const uint32_t *group, const lockstep_lanes_draws *draws) {
    words16 k0, k1, c3;
    memcpy(&k0, low, sizeof k0);
    memcpy(&k1, high, sizeof k1);
    memcpy(&c3, group, sizeof c3);
    words16 c0 = (words16){} + draws->stream, c1 = (words16){} + draws->step, c2 = (words16){} + draws->particle;
    philox(&c0, &c1, &c2, &c3, &k0, &k1);
    chunk_of_words result;
    memcpy(result.words[0], &c0, sizeof c0);
    memcpy(result.words[1], &c1, sizeof c1);
    memcpy(result.words[2], &c2, sizeof c2);
    memcpy(result.words[3], &c3, sizeof c3);
    return result;
}

static inline void uniform_chunk(const chunk_of_words *w, float *r0, float *r1, float *r2, float *r3) {
    for (int i = 0; i < chunk; ++i) r0[i] = uniform_of(w->words[0][i]);
    for (int i = 0; i < chunk; ++i) r1[i] = uniform_of(w->words[1][i]);
    for (int i = 0; i < chunk; ++i) r2[i] = uniform_of(w->words[2][i]);
    for (int i = 0; i < chunk; ++i) r3[i] = uniform_of(w->words[3][i]);
}

static inline void normal_chunk(const chunk_of_words *w, float *restrict r0, float *restrict r1, float *restrict r2, float *restrict r3) {
    for (int i = 0; i < chunk; ++i) normal_pair(w->words[0][i], w->words[1][i], r0 + i, r1 + i);
    for (int i = 0; i < chunk; ++i) normal_pair(w->words[2][i], w->words[3][i], r2 + i, r3 + i);
}

// The last lanes go through a chunk of their own: every lane is computed by the same instructions.
#define DEFINE_DRAW(kind) \
    static void draw_##kind(const lockstep_lanes_draws *draws) { \
        ptrdiff_t done = 0; \
        for (; done + chunk <= draws->count; done += chunk) { \
            chunk_of_words words = chunk_words(draws->low + done, draws->high + done, draws->group + done, draws); \
            kind##_chunk(&words, draws->results[0] + done, draws->results[1] + done, draws->results[2] + done, draws->results[3] + done); \
        } \
        if (done == draws->count) return; \
        uint32_t low[chunk] = {0}, high[chunk] = {0}, group[chunk] = {0}; \
        for (ptrdiff_t i = done; i < draws->count; ++i) { \
            low[i - done] = draws->low[i]; \
            high[i - done] = draws->high[i]; \
            group[i - done] = draws->group[i]; \
        } \
        chunk_of_words words = chunk_words(low, high, group, draws); \
        float rest[4][chunk]; \
        kind##_chunk(&words, rest[0], rest[1], rest[2], rest[3]); \
        for (int k = 0; k < 4; ++k) \
            for (ptrdiff_t i = done; i < draws->count; ++i) draws->results[k][i] = rest[k][i - done]; \
    }

DEFINE_DRAW(uniform)
DEFINE_DRAW(normal)
