// All loops of one level. The file that includes this says which level, and sets the target of its functions.

#define LANE_LOOP _Pragma("clang loop vectorize(assume_safety)") for (ptrdiff_t i = 0; i < n; ++i)
#define SIGNATURE void *result, const void *first, const void *second, const void *third, ptrdiff_t n
#define V(x) x[i]
#define U(x) x##_shared

// The operands as arrays, and their first values.
#define OPERANDS(R, A, B, C) \
    R *r = result; \
    const A *a = first; \
    const B *b = second; \
    const C *c = third; \
    const A a_shared = a[0]; \
    const B b_shared = b[0]; \
    const C c_shared = c[0]; \
    (void)a_shared, (void)b_shared, (void)c_shared;

#define LOOP1(name, R, A, function) \
    static void name(SIGNATURE) { \
        OPERANDS(R, A, A, A) \
        LANE_LOOP r[i] = function(a[i]); \
    }
#define LOOP2_SHAPE(name, R, A, function, shape, X, Y) \
    static void name##shape(SIGNATURE) { \
        OPERANDS(R, A, A, A) \
        LANE_LOOP r[i] = function(X(a), Y(b)); \
    }
#define LOOP2(name, R, A, function) \
    LOOP2_SHAPE(name, R, A, function, _0, V, V) \
    LOOP2_SHAPE(name, R, A, function, _1, U, V) \
    LOOP2_SHAPE(name, R, A, function, _2, V, U)
#define LOOP3_SHAPE(name, R, A, B, function, shape, X, Y, Z) \
    static void name##shape(SIGNATURE) { \
        OPERANDS(R, A, B, B) \
        LANE_LOOP r[i] = function(X(a), Y(b), Z(c)); \
    }
#define LOOP3(name, R, A, B, function) \
    LOOP3_SHAPE(name, R, A, B, function, _0, V, V, V) \
    LOOP3_SHAPE(name, R, A, B, function, _1, U, V, V) \
    LOOP3_SHAPE(name, R, A, B, function, _2, V, U, V) \
    LOOP3_SHAPE(name, R, A, B, function, _3, U, U, V) \
    LOOP3_SHAPE(name, R, A, B, function, _4, V, V, U) \
    LOOP3_SHAPE(name, R, A, B, function, _5, U, V, U) \
    LOOP3_SHAPE(name, R, A, B, function, _6, V, U, U)

#define ENTRY1(name) {name}
// A shape's bits: operand 0 is shared, operand 1 is shared. Where all are, so is the result: one lane of shape 0.
#define ENTRY2(name) {name##_0, name##_1, name##_2, name##_0, name##_0, name##_1, name##_2, name##_0}
#define ENTRY3(name) {name##_0, name##_1, name##_2, name##_3, name##_4, name##_5, name##_6, name##_0}

#define PASTE_(a, b) a##_##b
#define PASTE(a, b) PASTE_(a, b)
#define NAME(name) PASTE(REAL, name)

static inline ptrdiff_t clamped(int32_t index, int32_t last) { return index < 0 ? 0 : index > last ? last : index; }

#define GATHERS(prefix, T) \
    static void PASTE(prefix, gather_own)( \
        void *result, const void *source, const int32_t *index, int32_t last, ptrdiff_t stride, ptrdiff_t n) { \
        T *r = result; \
        const T *s = source; \
        LANE_LOOP r[i] = s[clamped(index[i], last) * stride + i]; \
    } \
    static void PASTE(prefix, gather_shared)( \
        void *result, const void *source, const int32_t *index, int32_t last, ptrdiff_t stride, ptrdiff_t n) { \
        T *r = result; \
        const T *s = source; \
        (void)stride; \
        LANE_LOOP r[i] = s[clamped(index[i], last)]; \
    }

#include "elementary.h"

#define REAL float
#include "reals.h"
#include "products.h"
#undef REAL
#define REAL double
#include "reals.h"
#include "products.h"
#undef REAL
#include "ints.h"
#include "draws.h"

// Floats only.
#define ELEMENTARY_LOOP(name) LOOP1(loop_##name, float, float, float_##name)
ELEMENTARY_LOOP(exp)
ELEMENTARY_LOOP(expMinusOne)
ELEMENTARY_LOOP(log)
ELEMENTARY_LOOP(logOnePlus)
ELEMENTARY_LOOP(tanh)
ELEMENTARY_LOOP(sigmoid)
ELEMENTARY_LOOP(softplus)

// What large counts need is computed only where there are any.
#define LOOP_OF_COUNTS(name, log_mean, mean, Y, Z) \
    static void loop_##name(SIGNATURE) { \
        OPERANDS(float, float, float, float) \
        int large = 0; \
        for (ptrdiff_t i = 0; i < n; ++i) large |= is_large_count(Y(b)); \
        if (large) { \
            LANE_LOOP r[i] = poisson_of_count(log_mean, mean, Y(b), Z(c)); \
        } else { \
            LANE_LOOP r[i] = poisson_of_small_count(log_mean, mean, Y(b), Z(c)); \
        } \
    }
#define LOOP3_SHAPE_OF_COUNTS(shape, X, Y, Z) \
    LOOP_OF_COUNTS(poissonLogMass##shape, X(a), float_exp(X(a)), Y, Z) \
    LOOP_OF_COUNTS(poissonOfMean##shape, r[i], X(a), Y, Z)
LOOP3_SHAPE_OF_COUNTS(_0, V, V, V)
LOOP3_SHAPE_OF_COUNTS(_1, U, V, V)
LOOP3_SHAPE_OF_COUNTS(_2, V, U, V)
LOOP3_SHAPE_OF_COUNTS(_3, U, U, V)
LOOP3_SHAPE_OF_COUNTS(_4, V, V, U)
LOOP3_SHAPE_OF_COUNTS(_5, U, V, U)
LOOP3_SHAPE_OF_COUNTS(_6, V, U, U)

// Past 2^20 the quadrant is no longer exact: such lanes, which are rare, take the C library's function.
static inline int is_small_angle(float x) { return magnitude(x) <= 0x1p20f; }

#define ANGLE_LOOP(name, ahead) \
    static void loop_##name(SIGNATURE) { \
        OPERANDS(float, float, float, float) \
        int large = 0; \
        for (ptrdiff_t i = 0; i < n; ++i) large |= !is_small_angle(a[i]); \
        if (large) { \
            for (ptrdiff_t i = 0; i < n; ++i) r[i] = is_small_angle(a[i]) ? sine(a[i], ahead) : (float)name((double)a[i]); \
        } else { \
            LANE_LOOP r[i] = sine(a[i], ahead); \
        } \
    }
ANGLE_LOOP(sin, 0)
ANGLE_LOOP(cos, 1)

#define REAL_ENTRY1(name) [lockstep_lanes_##name] = {ENTRY1(float_loop_##name), ENTRY1(double_loop_##name)},
#define REAL_ENTRY2(name) [lockstep_lanes_##name] = {ENTRY2(float_loop_##name), ENTRY2(double_loop_##name)},
#define REAL_ENTRY3(name) [lockstep_lanes_##name] = {ENTRY3(float_loop_##name), ENTRY3(double_loop_##name)},
#define FLOAT_ENTRY1(name) [lockstep_lanes_##name] = {ENTRY1(loop_##name)},
#define ALL_ENTRY2(name) \
    [lockstep_lanes_##name] = {ENTRY2(float_loop_##name), ENTRY2(double_loop_##name), ENTRY2(int_loop_##name)},

const struct lockstep_lanes_level TABLE = {
    .loops = {
        LOCKSTEP_LANES_UNARY(REAL_ENTRY1)
        LOCKSTEP_LANES_ELEMENTARY(FLOAT_ENTRY1)
        LOCKSTEP_LANES_BINARY(ALL_ENTRY2)
        LOCKSTEP_LANES_TEST(ALL_ENTRY2)
        LOCKSTEP_LANES_FUSED(REAL_ENTRY3)
        REAL_ENTRY2(divide)
        REAL_ENTRY2(negateAdd)
        [lockstep_lanes_poissonLogMass] = {ENTRY3(loop_poissonLogMass)},
        [lockstep_lanes_poissonOfMean] = {ENTRY3(loop_poissonOfMean)},
        [lockstep_lanes_select] = {ENTRY3(float_loop_select), ENTRY3(double_loop_select), ENTRY3(int_loop_select)},
        [lockstep_lanes_copy] = {
            {float_loop_copy, float_loop_fill}, {double_loop_copy, double_loop_fill}, {int_loop_copy, int_loop_fill}},
        REAL_ENTRY1(isFinite)
        REAL_ENTRY1(toInt)
        REAL_ENTRY1(toReal)
        [lockstep_lanes_not] = {[lockstep_lanes_int] = ENTRY1(int_loop_not)},
        [lockstep_lanes_quotient] = {[lockstep_lanes_int] = ENTRY2(int_loop_quotient)},
        [lockstep_lanes_remainder] = {[lockstep_lanes_int] = ENTRY2(int_loop_remainder)},
    },
    .gathers = {
        {float_gather_own, float_gather_shared}, {double_gather_own, double_gather_shared}, {int_gather_own, int_gather_shared}},
    .products = {float_add_products, double_add_products},
    .uniform = draw_uniform,
    .normal = draw_normal,
};
