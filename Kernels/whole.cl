// Whole numbers: division, and the greatest of all lanes.

#define LS_AS_BITS LS_PASTE(as_, LS_VECTOR(uint))

// The quotient goes down, and the remainder has the sign of the divisor. Processors trap at a division by 0, and at that of the least int by
// -1, so both divide by 1 there.
static inline ints ls_divisor(ints b) { return ls_select_i(ls_or(ls_eq_i(b, (ints)(0)), ls_eq_i(b, (ints)(-1))), (ints)(1), b); }
// -1 where the rest that goes with a quotient towards 0 has the other sign than the divisor, else 0.
static inline ints ls_is_below(ints rest, ints b) { return ((rest ^ b) >> 31) & ((rest | -rest) >> 31); }
static inline ints ls_quotient(ints a, ints b) {
    const ints divisor = ls_divisor(b);
    const ints whole = a / divisor + ls_is_below(a % divisor, divisor);
    const ints negated = LS_AS_INTS((bits)(0) - LS_AS_BITS(a));
    return ls_select_i(ls_eq_i(b, (ints)(0)), (ints)(0), ls_select_i(ls_eq_i(b, (ints)(-1)), negated, whole));
}
static inline ints ls_remainder(ints a, ints b) {
    const ints divisor = ls_divisor(b), rest = a % divisor;
    return ls_select_i(ls_eq_i(b, (ints)(0)), a, rest + (ls_is_below(rest, divisor) & divisor));
}

static inline int ls_greatest(ints a) {
#if LS_WIDTH == 1
    return a;
#else
    int result = ((const int *)&a)[0];
    for (int lane = 1; lane < LS_WIDTH; ++lane) result = max(result, ((const int *)&a)[lane]);
    return result;
#endif
}
