// Loops over reals, included once for each precision: REAL is the type.

static inline REAL NAME(negate)(REAL x) { return -x; }
static inline REAL NAME(abs)(REAL x) { return __builtin_elementwise_abs(x); }
// -1, 0 or 1; not a number where x is not.
static inline REAL NAME(sign)(REAL x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
static inline REAL NAME(floor)(REAL x) { return __builtin_elementwise_floor(x); }
static inline REAL NAME(ceil)(REAL x) { return __builtin_elementwise_ceil(x); }
static inline REAL NAME(sqrt)(REAL x) { return __builtin_elementwise_sqrt(x); }

static inline REAL NAME(add)(REAL x, REAL y) { return x + y; }
static inline REAL NAME(subtract)(REAL x, REAL y) { return x - y; }
static inline REAL NAME(multiply)(REAL x, REAL y) { return x * y; }
static inline REAL NAME(divide)(REAL x, REAL y) { return x / y; }
static inline REAL NAME(negateAdd)(REAL x, REAL y) { return y - x; }
// Not a number as soon as one operand is not (IEEE 754-2019 `minimum` and `maximum`, but for signed zeros).
static inline REAL NAME(minimum)(REAL x, REAL y) { return x != x ? x : x < y ? x : y; }
static inline REAL NAME(maximum)(REAL x, REAL y) { return x != x ? x : y < x ? x : y; }
static inline REAL NAME(or)(REAL x, REAL y) { return (x != 0) | (y != 0); }

static inline int32_t NAME(less)(REAL x, REAL y) { return x < y; }
static inline int32_t NAME(lessOrEqual)(REAL x, REAL y) { return x <= y; }
static inline int32_t NAME(equal)(REAL x, REAL y) { return x == y; }

static inline REAL NAME(multiplyAdd)(REAL x, REAL y, REAL z) { return x * y + z; }
static inline REAL NAME(multiplySubtract)(REAL x, REAL y, REAL z) { return x * y - z; }
static inline REAL NAME(multiplyReverseSubtract)(REAL x, REAL y, REAL z) { return z - x * y; }
static inline REAL NAME(multiplyMultiply)(REAL x, REAL y, REAL z) { return x * y * z; }
static inline REAL NAME(addAdd)(REAL x, REAL y, REAL z) { return (x + y) + z; }
static inline REAL NAME(addSubtract)(REAL x, REAL y, REAL z) { return (x + y) - z; }
static inline REAL NAME(addReverseSubtract)(REAL x, REAL y, REAL z) { return z - (x + y); }
static inline REAL NAME(addMultiply)(REAL x, REAL y, REAL z) { return (x + y) * z; }
static inline REAL NAME(subtractAdd)(REAL x, REAL y, REAL z) { return (x - y) + z; }
static inline REAL NAME(subtractSubtract)(REAL x, REAL y, REAL z) { return (x - y) - z; }
static inline REAL NAME(subtractReverseSubtract)(REAL x, REAL y, REAL z) { return z - (x - y); }
static inline REAL NAME(subtractMultiply)(REAL x, REAL y, REAL z) { return (x - y) * z; }

static inline REAL NAME(same)(REAL x) { return x; }
static inline REAL NAME(select)(int32_t mask, REAL x, REAL y) { return mask != 0 ? x : y; }
static inline int32_t NAME(isFinite)(REAL x) { return __builtin_elementwise_abs(x) < INFINITY; }
static inline int32_t NAME(toInt)(REAL x) {
    double wide = x == x ? x : 0;
    wide = wide < -2147483648.0 ? -2147483648.0 : wide;
    return (int32_t)(wide > 2147483647.0 ? 2147483647.0 : wide);
}
static inline REAL NAME(toReal)(int32_t x) { return (REAL)x; }

#define REAL_LOOP1(name) LOOP1(NAME(loop_##name), REAL, REAL, NAME(name))
#define REAL_LOOP2(name) LOOP2(NAME(loop_##name), REAL, REAL, NAME(name))
#define REAL_TEST(name) LOOP2(NAME(loop_##name), int32_t, REAL, NAME(name))
#define REAL_LOOP3(name) LOOP3(NAME(loop_##name), REAL, REAL, REAL, NAME(name))

LOCKSTEP_LANES_UNARY(REAL_LOOP1)
LOCKSTEP_LANES_BINARY(REAL_LOOP2)
LOCKSTEP_LANES_TEST(REAL_TEST)
LOCKSTEP_LANES_FUSED(REAL_LOOP3)
REAL_LOOP2(divide)
REAL_LOOP2(negateAdd)
LOOP3(NAME(loop_select), REAL, int32_t, REAL, NAME(select))
LOOP1(NAME(loop_copy), REAL, REAL, NAME(same))
LOOP1(NAME(loop_isFinite), int32_t, REAL, NAME(isFinite))
LOOP1(NAME(loop_toInt), int32_t, REAL, NAME(toInt))
LOOP1(NAME(loop_toReal), REAL, int32_t, NAME(toReal))
static void NAME(loop_fill)(SIGNATURE) {
    OPERANDS(REAL, REAL, REAL, REAL)
    LANE_LOOP r[i] = a_shared;
}
GATHERS(REAL, REAL)

#undef REAL_LOOP1
#undef REAL_LOOP2
#undef REAL_TEST
#undef REAL_LOOP3
