// Types and helpers that make one text serve every vector width.
//
// Macros from the host:
//   LS_WIDTH   lanes in a vector: 1, 2, 4, 8 or 16
//   LS_DOUBLE  0: real is float, 1: real is double
//
// Generated text calls only the helpers below, never an operator whose meaning depends on the width. The one trap
// they hide: a comparison of scalars yields 0 or 1 as int, a comparison of vectors 0 or -1 in an integer as wide as
// the operands. A `mask` is whatever a comparison of `real` yields. Target: OpenCL C 1.2.

#if LS_DOUBLE
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define LS_REAL1 double
#define LS_WORD1 long
#define LS_R(constant) ((real)(constant))
#else
#define LS_REAL1 float
#define LS_WORD1 int
#define LS_R(constant) ((real)(constant##f))
#endif

#define LS_PASTE2(a, b) a##b
#define LS_PASTE(a, b) LS_PASTE2(a, b)
#if LS_WIDTH == 1
#define LS_VECTOR(scalar) scalar
#else
#define LS_VECTOR(scalar) LS_PASTE(scalar, LS_WIDTH)
#endif

typedef LS_REAL1 real1;
typedef LS_VECTOR(LS_REAL1) real;
typedef LS_VECTOR(uint) bits;
typedef LS_VECTOR(int) ints;
typedef LS_VECTOR(LS_WORD1) ls_word;  // the integers that overlay a real bit for bit
#if LS_WIDTH == 1
typedef int mask;
#else
typedef ls_word mask;
#endif

#define LS_CONVERT(scalar) LS_PASTE(convert_, LS_VECTOR(scalar))
#define LS_TO_REAL LS_CONVERT(LS_REAL1)
#define LS_TO_INTS LS_CONVERT(int)
#define LS_TO_BITS LS_CONVERT(uint)
#define LS_TO_WORD LS_CONVERT(LS_WORD1)
#define LS_AS_REAL LS_PASTE(as_, LS_VECTOR(LS_REAL1))
#define LS_AS_WORD LS_PASTE(as_, LS_VECTOR(LS_WORD1))
#define LS_AS_INTS LS_PASTE(as_, LS_VECTOR(int))

// A mask of reals and a comparison of 32-bit ints differ in width only for vectors of double.
#if LS_WIDTH == 1
#define LS_MASK_FROM_COMPARED_INTS(m) (m)
#define LS_INTS_FROM_MASK_BITS(m) (m)
#define LS_MASK_NOT(m) (!(m))
#else
#define LS_MASK_FROM_COMPARED_INTS(m) LS_TO_WORD(m)
#define LS_INTS_FROM_MASK_BITS(m) LS_TO_INTS(m)
#define LS_MASK_NOT(m) (~(m))
#endif

// The scalar condition tests for nonzero and the vector one for the sign bit: both are right for a mask.
static inline real ls_select(mask m, real a, real b) { return m ? a : b; }
static inline ints ls_select_i(mask m, ints a, ints b) { return LS_INTS_FROM_MASK_BITS(m) ? a : b; }

static inline mask ls_lt(real a, real b) { return a < b; }
static inline mask ls_le(real a, real b) { return a <= b; }
static inline mask ls_eq(real a, real b) { return a == b; }
static inline mask ls_lt_i(ints a, ints b) { return LS_MASK_FROM_COMPARED_INTS(a < b); }
static inline mask ls_le_i(ints a, ints b) { return LS_MASK_FROM_COMPARED_INTS(a <= b); }
static inline mask ls_eq_i(ints a, ints b) { return LS_MASK_FROM_COMPARED_INTS(a == b); }
static inline mask ls_ne_i(ints a, ints b) { return LS_MASK_FROM_COMPARED_INTS(a != b); }

static inline mask ls_and(mask a, mask b) { return a & b; }
static inline mask ls_or(mask a, mask b) { return a | b; }
static inline mask ls_not(mask a) { return LS_MASK_NOT(a); }

#if LS_WIDTH == 1
static inline int ls_any(mask m) { return m; }
#elif defined(POCL_DEVICE_ADDRESS_BITS)
// By halves: PoCL's any() goes from lane to lane. Others do well, and Oclgrind's simulator stumbles over the halves.
static inline int ls_any(mask m) {
#if LS_WIDTH == 16
    LS_PASTE(LS_WORD1, 8) m8 = m.lo | m.hi;
#elif LS_WIDTH == 8
    mask m8 = m;
#endif
#if LS_WIDTH >= 8
    LS_PASTE(LS_WORD1, 4) m4 = m8.lo | m8.hi;
#elif LS_WIDTH == 4
    mask m4 = m;
#endif
#if LS_WIDTH >= 4
    LS_PASTE(LS_WORD1, 2) m2 = m4.lo | m4.hi;
#else
    mask m2 = m;
#endif
    return (m2.lo | m2.hi) != 0;
}
#else
static inline int ls_any(mask m) { return any(m); }
#endif

static inline real ls_real_from_ints(ints a) { return LS_TO_REAL(a); }
static inline real ls_real_from_mask(mask m) { return m ? LS_R(1.0) : LS_R(0.0); }
static inline ints ls_ints_from_mask(mask m) { return LS_INTS_FROM_MASK_BITS(m) & 1; }
static inline mask ls_mask_from_ints(ints a) { return ls_ne_i(a, (ints)(0)); }

// LS_EACH(M) expands M(lane, index component, value component) for every lane: components need literal names.
#if LS_WIDTH == 1
#define LS_EACH(M) M(0, index, value)
#define LS_BUILD(M) (M(0, index))
#elif LS_WIDTH == 2
#define LS_EACH(M) M(0, index.s0, value.s0) M(1, index.s1, value.s1)
#define LS_BUILD(M) ((real)(M(0, index.s0), M(1, index.s1)))
#elif LS_WIDTH == 4
#define LS_EACH(M) \
    M(0, index.s0, value.s0) M(1, index.s1, value.s1) M(2, index.s2, value.s2) M(3, index.s3, value.s3)
#define LS_BUILD(M) ((real)(M(0, index.s0), M(1, index.s1), M(2, index.s2), M(3, index.s3)))
#elif LS_WIDTH == 8
#define LS_EACH(M) \
    M(0, index.s0, value.s0) M(1, index.s1, value.s1) M(2, index.s2, value.s2) M(3, index.s3, value.s3) \
    M(4, index.s4, value.s4) M(5, index.s5, value.s5) M(6, index.s6, value.s6) M(7, index.s7, value.s7)
#define LS_BUILD(M) \
    ((real)(M(0, index.s0), M(1, index.s1), M(2, index.s2), M(3, index.s3), \
            M(4, index.s4), M(5, index.s5), M(6, index.s6), M(7, index.s7)))
#elif LS_WIDTH == 16
#define LS_EACH(M) \
    M(0, index.s0, value.s0) M(1, index.s1, value.s1) M(2, index.s2, value.s2) M(3, index.s3, value.s3) \
    M(4, index.s4, value.s4) M(5, index.s5, value.s5) M(6, index.s6, value.s6) M(7, index.s7, value.s7) \
    M(8, index.s8, value.s8) M(9, index.s9, value.s9) M(10, index.sa, value.sa) M(11, index.sb, value.sb) \
    M(12, index.sc, value.sc) M(13, index.sd, value.sd) M(14, index.se, value.se) M(15, index.sf, value.sf)
#define LS_BUILD(M) \
    ((real)(M(0, index.s0), M(1, index.s1), M(2, index.s2), M(3, index.s3), \
            M(4, index.s4), M(5, index.s5), M(6, index.s6), M(7, index.s7), \
            M(8, index.s8), M(9, index.s9), M(10, index.sa), M(11, index.sb), \
            M(12, index.sc), M(13, index.sd), M(14, index.se), M(15, index.sf)))
#endif

// Gathers. A table is one array of scalars for all lanes; a lane-minor array holds one `real` per index, so that
// lane c of index i is scalar i * LS_WIDTH + c. An index must be in range in every lane.
#define LS_TABLE_ITEM(lane, i) table[i]
#define LS_LANE_ITEM(lane, i) ((const LS_SPACE real1 *)array)[(i) * LS_WIDTH + lane]
#define LS_LANE_ADD(lane, i, v) ((LS_SPACE real1 *)array)[(i) * LS_WIDTH + lane] += v;

static inline real ls_gather_table(__global const real1 *table, ints index) { return LS_BUILD(LS_TABLE_ITEM); }

#define LS_SPACE __global
static inline real ls_gather_lanes(__global const real *array, ints index) { return LS_BUILD(LS_LANE_ITEM); }
static inline void ls_scatter_add_lanes(__global real *array, ints index, real value) { LS_EACH(LS_LANE_ADD) }
#undef LS_SPACE
#define LS_SPACE __private
static inline real ls_gather_private(const __private real *array, ints index) { return LS_BUILD(LS_LANE_ITEM); }
static inline void ls_scatter_add_private(__private real *array, ints index, real value) { LS_EACH(LS_LANE_ADD) }
#undef LS_SPACE
