// Random numbers as a function: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011, section 3.3), and uniforms and normals made from its words.
//
// Key: the lane's. Counters: c0 site, c1 step, c2 particle (bits 20 and up belong to samplers.cl), c3 element group.
// A site of one element has a block of four for four steps: c1 = step / 4, c3 = 0, and step takes number step % 4.
// What a draw is, exactly, for everyone who must reproduce it (words w0..w3 are the outputs of ls_philox):
//
//   uniform j   float: ((wj >> 9) + 0.5) * 2^-23     double: (wj + 0.5) * 2^-32         inside (0, 1), exact
//   normals     (w0, w1) -> z0, z1 and (w2, w3) -> z2, z3, by Box and Muller (1958):
//               u = w0 * 2^-32 + 2^-33, converted to real, then fused multiply-add      inside (0, 1]
//               turn = (w1 >> 8) * 2^-24 (float), w1 * 2^-32 (double)
//               r = sqrt(-2 log u), z0 = r cos(2 pi turn), z1 = r sin(2 pi turn)

// The products 32 x 32 -> 64 are the hot spot: LLVM turns the widened form into one vector multiply per half.
#if LS_WIDTH == 1
static inline bits ls_mul_hi(uint a, bits b) { return mul_hi(a, b); }
#else
static inline bits ls_mul_hi(uint a, bits b) {
    LS_VECTOR(ulong) wide = LS_CONVERT(ulong)(b) * (LS_VECTOR(ulong))((ulong)a);
    return LS_TO_BITS(wide >> (LS_VECTOR(ulong))(32));
}
#endif

static inline void ls_philox_round(bits k0, bits k1, bits *c0, bits *c1, bits *c2, bits *c3) {
    bits high0 = ls_mul_hi(0xD2511F53u, *c0), low0 = *c0 * 0xD2511F53u;
    bits high1 = ls_mul_hi(0xCD9E8D57u, *c2), low1 = *c2 * 0xCD9E8D57u;
    *c0 = high1 ^ *c1 ^ k0;
    *c1 = low1;
    *c2 = high0 ^ *c3 ^ k1;
    *c3 = low0;
}

static inline void ls_philox(bits k0, bits k1, bits c0, bits c1, bits c2, bits c3,
                             bits *w0, bits *w1, bits *w2, bits *w3) {
#pragma unroll
    for (int round = 0; round < 10; ++round) {
        ls_philox_round(k0, k1, &c0, &c1, &c2, &c3);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    *w0 = c0;
    *w1 = c1;
    *w2 = c2;
    *w3 = c3;
}

static inline real ls_uniform_from_bits(bits w) {
#if LS_DOUBLE
    return (LS_TO_REAL(w) + 0.5) * 0x1p-32;
#else
    return (LS_TO_REAL(w >> 9) + 0.5f) * 0x1p-23f;
#endif
}

// cos and sin of 2 pi w / 2^32. The quadrant and the remainder, within an eighth of a turn, are exact integers.
static inline void ls_cos_sin_turn(bits w, real *cosine, real *sine) {
#if !LS_DOUBLE
    w &= ~0xFFu;
#endif
    bits quadrant = (w + 0x20000000u) >> 30;
    ints rest = LS_AS_INTS(w - (quadrant << 30));
    real angle = LS_TO_REAL(rest) * LS_R(1.46291807926715968e-9);  // 2 pi / 2^32
    real c, s;
    ls_cos_sin_eighth(angle, &c, &s);
    ls_rotate_quadrant(LS_AS_INTS(quadrant), &c, &s);
    *cosine = c;
    *sine = s;
}

static inline void ls_box_muller(bits w0, bits w1, real *z0, real *z1) {
    real u = fma(LS_TO_REAL(w0), LS_R(0x1p-32), LS_R(0x1p-33));
    real radius = sqrt(LS_R(-2.0) * ls_log_of_normal(u));
    real c, s;
    ls_cos_sin_turn(w1, &c, &s);
    *z0 = radius * c;
    *z1 = radius * s;
}

// Called, for vectors: starts draw uniforms and little else does, and each copy of the text takes a compiler its time.
#if LS_WIDTH == 1
#define LS_ONCE static inline
#else
#define LS_ONCE static __attribute__((noinline))
#endif
LS_ONCE void ls_uniform4(bits k0, bits k1, bits c0, bits c1, bits c2, bits c3,
                         real *u0, real *u1, real *u2, real *u3) {
    bits w0, w1, w2, w3;
    ls_philox(k0, k1, c0, c1, c2, c3, &w0, &w1, &w2, &w3);
    *u0 = ls_uniform_from_bits(w0);
    *u1 = ls_uniform_from_bits(w1);
    *u2 = ls_uniform_from_bits(w2);
    *u3 = ls_uniform_from_bits(w3);
}

static inline void ls_normal4(bits k0, bits k1, bits c0, bits c1, bits c2, bits c3,
                              real *z0, real *z1, real *z2, real *z3) {
    bits w0, w1, w2, w3;
    ls_philox(k0, k1, c0, c1, c2, c3, &w0, &w1, &w2, &w3);
    ls_box_muller(w0, w1, z0, z1);
    ls_box_muller(w2, w3, z2, z3);
}

// Two blocks, whose rounds alternate: each round waits for the one before, and this leaves no time idle.
static inline void ls_normal8(bits k0, bits k1, bits c0, bits c1, bits c2, bits c3, bits d0, bits d1, bits d2, bits d3,
                              real *z0, real *z1, real *z2, real *z3, real *z4, real *z5, real *z6, real *z7) {
#pragma unroll
    for (int round = 0; round < 10; ++round) {
        ls_philox_round(k0, k1, &c0, &c1, &c2, &c3);
        ls_philox_round(k0, k1, &d0, &d1, &d2, &d3);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    ls_box_muller(c0, c1, z0, z1);
    ls_box_muller(c2, c3, z2, z3);
    ls_box_muller(d0, d1, z4, z5);
    ls_box_muller(d2, d3, z6, z7);
}

static inline real ls_pick4(int number, real a, real b, real c, real d) {
    return number & 2 ? (number & 1 ? d : c) : (number & 1 ? b : a);
}
