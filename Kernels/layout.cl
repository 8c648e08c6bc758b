// Where the elements of a lane's arrays are, and access to them by an index that differs from lane to lane.
//
// Macros from the host:
//   LS_INTERLEAVES  0: a work-item's elements are together (CPU); 1: an element of all work-items is (GPU)
//
// Vectors of lanes are used with the first layout only.

#if LS_INTERLEAVES
#define LS_AT(element, count) ((size_t)(element) * ls_items + ls_item)
#else
#define LS_AT(element, count) (ls_item * (count) + (element))
#endif

#if LS_WIDTH == 1
#define LS_FIRST(x) (x)
#define LS_SPLAT_MASK(condition) ((condition) != 0)
#define LS_GATHER_TABLE(table, index) ((table)[index])
#define LS_GATHER_TABLE_I(table, index) ((table)[index])
#define LS_GATHER_PRIVATE(array, index) ((array)[index])
#define LS_GATHER_PRIVATE_I(array, index) ((array)[index])
#define LS_GATHER_TABLE_M(table, index) ((table)[index])
#define LS_GATHER_PRIVATE_M(array, index) ((array)[index])
#define LS_GATHER_UNIFORM(array, index) ((array)[index])
#define LS_GATHER_UNIFORM_I(array, index) ((array)[index])
#define LS_GATHER_UNIFORM_M(array, index) ((array)[index])
#define LS_GATHER_LANES(array, count, index) ((array)[LS_AT(index, count)])
#define LS_GATHER_LANES_M(array, count, index) ((array)[LS_AT(index, count)])
#define LS_GATHER_LANES_I(array, count, index) ((array)[LS_AT(index, count)])
#define LS_SCATTER_ADD_PRIVATE(array, index, value) (array)[index] += (value)
#define LS_SCATTER_ADD_PRIVATE_I(array, index, value) (array)[index] += (value)
#define LS_SCATTER_ADD_LANES(array, count, index, value) (array)[LS_AT(index, count)] += (value)
#define LS_SCATTER_ADD_LANES_I(array, count, index, value) (array)[LS_AT(index, count)] += (value)
#else
#define LS_FIRST(x) ((x).s0)
#define LS_SPLAT_MASK(condition) ((mask)((condition) ? (LS_WORD1)(-1) : (LS_WORD1)(0)))
#define LS_GATHER_TABLE(table, index) ls_gather_table(table, index)
#define LS_GATHER_TABLE_I(table, index) ls_gather_table_i(table, index)
#define LS_GATHER_PRIVATE(array, index) ls_gather_private(array, index)
#define LS_GATHER_PRIVATE_I(array, index) ls_gather_private_i(array, index)
#define LS_GATHER_LANES(array, count, index) ls_gather_lanes((array) + ls_item * (count), index)
#define LS_GATHER_LANES_I(array, count, index) ls_gather_lanes_i((array) + ls_item * (count), index)
#define LS_GATHER_TABLE_M(table, index) ls_mask_from_ints(ls_gather_table_i(table, index))
#define LS_GATHER_PRIVATE_M(array, index) ls_gather_private_m(array, index)
#define LS_GATHER_LANES_M(array, count, index) ls_gather_lanes_m((array) + ls_item * (count), index)
#define LS_GATHER_UNIFORM(array, index) ls_gather_uniform(array, index)
#define LS_GATHER_UNIFORM_I(array, index) ls_gather_uniform_i(array, index)
#define LS_GATHER_UNIFORM_M(array, index) ls_mask_from_ints(ls_gather_uniform_i(array, index))
#define LS_SCATTER_ADD_PRIVATE(array, index, value) ls_scatter_add_private(array, index, value)
#define LS_SCATTER_ADD_PRIVATE_I(array, index, value) ls_scatter_add_private_i(array, index, value)
#define LS_SCATTER_ADD_LANES(array, count, index, value) ls_scatter_add_lanes((array) + ls_item * (count), index, value)
#define LS_SCATTER_ADD_LANES_I(array, count, index, value) ls_scatter_add_lanes_i((array) + ls_item * (count), index, value)

// The int twins of the prelude's gathers, component by component through a union-like view of the vector.
static inline ints ls_gather_table_i(__global const int *table, ints index) {
    ints result = index;
    for (int lane = 0; lane < LS_WIDTH; ++lane) ((int *)&result)[lane] = table[((int *)&index)[lane]];
    return result;
}
static inline ints ls_gather_private_i(const ints *array, ints index) {
    ints result = index;
    for (int lane = 0; lane < LS_WIDTH; ++lane) {
        ((int *)&result)[lane] = ((const int *)array)[((int *)&index)[lane] * LS_WIDTH + lane];
    }
    return result;
}
static inline ints ls_gather_lanes_i(__global const ints *array, ints index) {
    ints result = index;
    for (int lane = 0; lane < LS_WIDTH; ++lane) {
        ((int *)&result)[lane] = ((__global const int *)array)[((int *)&index)[lane] * LS_WIDTH + lane];
    }
    return result;
}

// Arrays of scalars that a work-item computed for all of its lanes.
static inline real ls_gather_uniform(const real1 *array, ints index) {
    real result = (real)(0);
    for (int lane = 0; lane < LS_WIDTH; ++lane) ((real1 *)&result)[lane] = array[((int *)&index)[lane]];
    return result;
}
static inline ints ls_gather_uniform_i(const int *array, ints index) {
    ints result = index;
    for (int lane = 0; lane < LS_WIDTH; ++lane) ((int *)&result)[lane] = array[((int *)&index)[lane]];
    return result;
}

// Masks, whose components are as wide as those of reals.
static inline mask ls_gather_private_m(const mask *array, ints index) {
    mask result = (mask)(0);
    for (int lane = 0; lane < LS_WIDTH; ++lane) {
        ((LS_WORD1 *)&result)[lane] = ((const LS_WORD1 *)array)[((int *)&index)[lane] * LS_WIDTH + lane];
    }
    return result;
}
static inline mask ls_gather_lanes_m(__global const mask *array, ints index) {
    mask result = (mask)(0);
    for (int lane = 0; lane < LS_WIDTH; ++lane) {
        ((LS_WORD1 *)&result)[lane] = ((__global const LS_WORD1 *)array)[((int *)&index)[lane] * LS_WIDTH + lane];
    }
    return result;
}
static inline void ls_scatter_add_private_i(ints *array, ints index, ints value) {
    for (int lane = 0; lane < LS_WIDTH; ++lane) {
        ((int *)array)[((int *)&index)[lane] * LS_WIDTH + lane] += ((int *)&value)[lane];
    }
}
static inline void ls_scatter_add_lanes_i(__global ints *array, ints index, ints value) {
    for (int lane = 0; lane < LS_WIDTH; ++lane) {
        ((__global int *)array)[((int *)&index)[lane] * LS_WIDTH + lane] += ((int *)&value)[lane];
    }
}
#endif

#define LS_LOAD_KEY(word) (ls_keys[LS_AT(word, 2)])

// A real outside of the ints becomes the nearest of them, and what is not a number becomes 0: on every device.
#if LS_WIDTH == 1
#define LS_TO_INTS_SATURATING convert_int_sat
#else
#define LS_TO_INTS_SATURATING LS_PASTE(LS_CONVERT(int), _sat)
#endif
static inline ints ls_saturated_ints_from_real(real a) {
    return LS_TO_INTS_SATURATING(a != a ? LS_R(0.0) : a);
}

// Masks as operands of what reals and ints have functions for.
static inline mask ls_eq_m(mask a, mask b) { return ls_not(a ^ b); }
static inline mask ls_select_m(mask m, mask a, mask b) { return (m & a) | (ls_not(m) & b); }
