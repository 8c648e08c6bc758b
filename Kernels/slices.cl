// Slices of the data in the components of a vector, for fewer lanes than a vector holds: component c belongs to
// lane c / LS_TOGETHER and slice c % LS_TOGETHER.
//
// Macros from the host:
//   LS_TOGETHER  slices in a vector: absent or 1, or a power of two up to LS_WIDTH

#ifndef LS_TOGETHER
#define LS_TOGETHER 1
#endif

// Elements of neighbouring slices lie side by side, and every lane gets them.
#if LS_TOGETHER == 1
#define LS_EVERY_LANE(type, part) ((type)(part))
#elif LS_TOGETHER == LS_WIDTH
#define LS_EVERY_LANE(type, part) (part)
#elif LS_TOGETHER * 2 == LS_WIDTH
#define LS_EVERY_LANE(type, part) ((type)(part, part))
#elif LS_TOGETHER * 4 == LS_WIDTH
#define LS_EVERY_LANE(type, part) ((type)(part, part, part, part))
#else
#define LS_EVERY_LANE(type, part) ((type)(part, part, part, part, part, part, part, part))
#endif

#if LS_TOGETHER == 1
#define LS_PART(index, array) ((array)[index])
#else
#define LS_PART LS_PASTE(vload, LS_TOGETHER)
#endif

static inline real ls_load_slices(__global const real1 *array, int index) {
    return LS_EVERY_LANE(real, LS_PART(index, array));
}
static inline ints ls_load_slices_i(__global const int *array, int index) {
    return LS_EVERY_LANE(ints, LS_PART(index, array));
}
#define LS_LOAD_SLICES(array, index) ls_load_slices(array, index)
#define LS_LOAD_SLICES_I(array, index) ls_load_slices_i(array, index)
#define LS_LOAD_SLICES_M(array, index) ls_mask_from_ints(ls_load_slices_i(array, index))

// What the slices of a lane make together, in each of its components: a butterfly, whose order of additions is the
// same for all of them.
#if LS_WIDTH == 1
#define LS_SWAP1(x) (x)
#elif LS_WIDTH == 2
#define LS_SWAP1(x) ((x).s10)
#elif LS_WIDTH == 4
#define LS_SWAP1(x) ((x).s1032)
#define LS_SWAP2(x) ((x).s2301)
#elif LS_WIDTH == 8
#define LS_SWAP1(x) ((x).s10325476)
#define LS_SWAP2(x) ((x).s23016745)
#define LS_SWAP4(x) ((x).s45670123)
#else
#define LS_SWAP1(x) ((x).s1032547698badcfe)
#define LS_SWAP2(x) ((x).s23016745ab89efcd)
#define LS_SWAP4(x) ((x).s45670123cdef89ab)
#define LS_SWAP8(x) ((x).s89abcdef01234567)
#endif

#if LS_TOGETHER == 1
#define LS_ACROSS(combine)
#elif LS_TOGETHER == 2
#define LS_ACROSS(combine) x = combine(x, LS_SWAP1(x));
#elif LS_TOGETHER == 4
#define LS_ACROSS(combine) x = combine(x, LS_SWAP1(x)); x = combine(x, LS_SWAP2(x));
#elif LS_TOGETHER == 8
#define LS_ACROSS(combine) x = combine(x, LS_SWAP1(x)); x = combine(x, LS_SWAP2(x)); x = combine(x, LS_SWAP4(x));
#else
#define LS_ACROSS(combine) \
    x = combine(x, LS_SWAP1(x)); x = combine(x, LS_SWAP2(x)); x = combine(x, LS_SWAP4(x)); x = combine(x, LS_SWAP8(x));
#endif

#define LS_PLUS(a, b) ((a) + (b))
static inline real ls_across_sum(real x) { LS_ACROSS(LS_PLUS) return x; }
static inline real ls_across_maximum(real x) { LS_ACROSS(ls_max) return x; }
static inline real ls_across_minimum(real x) { LS_ACROSS(ls_min) return x; }
static inline mask ls_across_any(mask x) { LS_ACROSS(ls_or) return x; }
static inline ints ls_across_sum_i(ints x) { LS_ACROSS(LS_PLUS) return x; }
static inline ints ls_across_maximum_i(ints x) { LS_ACROSS(max) return x; }
static inline ints ls_across_minimum_i(ints x) { LS_ACROSS(min) return x; }
