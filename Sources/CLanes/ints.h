// Loops over ints and masks. Ints wrap: a lane must not trap.

static inline int32_t int_add(int32_t x, int32_t y) { return (int32_t)((uint32_t)x + (uint32_t)y); }
static inline int32_t int_subtract(int32_t x, int32_t y) { return (int32_t)((uint32_t)x - (uint32_t)y); }
static inline int32_t int_multiply(int32_t x, int32_t y) { return (int32_t)((uint32_t)x * (uint32_t)y); }
static inline int32_t int_minimum(int32_t x, int32_t y) { return x < y ? x : y; }
static inline int32_t int_maximum(int32_t x, int32_t y) { return x > y ? x : y; }
static inline int32_t int_or(int32_t x, int32_t y) { return x | y; }
static inline int32_t int_less(int32_t x, int32_t y) { return x < y; }
static inline int32_t int_lessOrEqual(int32_t x, int32_t y) { return x <= y; }
static inline int32_t int_equal(int32_t x, int32_t y) { return x == y; }
static inline int32_t int_same(int32_t x) { return x; }
static inline int32_t int_not(int32_t x) { return x ^ 1; }
static inline int32_t int_select(int32_t mask, int32_t x, int32_t y) { return mask != 0 ? x : y; }

// Neither division traps: not by 0, and not that of the least int by -1.
static inline int32_t int_divisor(int32_t y) { return y == 0 || y == -1 ? 1 : y; }
static inline int32_t int_is_below(int32_t rest, int32_t y) { return rest != 0 && (rest < 0) != (y < 0); }
static inline int32_t int_quotient(int32_t x, int32_t y) {
    int32_t divisor = int_divisor(y), whole = x / divisor - int_is_below(x % divisor, divisor);
    return y == 0 ? 0 : y == -1 ? int_subtract(0, x) : whole;
}
static inline int32_t int_remainder(int32_t x, int32_t y) {
    int32_t divisor = int_divisor(y), rest = x % divisor;
    return y == 0 ? x : int_is_below(rest, divisor) ? rest + divisor : rest;
}

#define INT_LOOP2(name) LOOP2(int_loop_##name, int32_t, int32_t, int_##name)
LOCKSTEP_LANES_BINARY(INT_LOOP2)
LOCKSTEP_LANES_TEST(INT_LOOP2)
LOOP2(int_loop_quotient, int32_t, int32_t, int_quotient)
LOOP2(int_loop_remainder, int32_t, int32_t, int_remainder)
LOOP3(int_loop_select, int32_t, int32_t, int32_t, int_select)
LOOP1(int_loop_copy, int32_t, int32_t, int_same)
LOOP1(int_loop_not, int32_t, int32_t, int_not)
static void int_loop_fill(SIGNATURE) {
    OPERANDS(int32_t, int32_t, int32_t, int32_t)
    LANE_LOOP r[i] = a_shared;
}
GATHERS(int, int32_t)
