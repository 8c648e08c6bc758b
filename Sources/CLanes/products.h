// Loops that add products to elements, such as the rows of a linear predictor: the sums of some lanes stay in
// registers for all iterations. Included once for each precision: REAL is the type.

typedef REAL NAME(vector) __attribute__((vector_size(64), aligned(sizeof(REAL))));
#define VECTOR NAME(vector)
#define VECTOR_LANES ((ptrdiff_t)(64 / sizeof(REAL)))

// What products begin at: the first of the lanes at hand, in the first iteration.
typedef struct {
    const char *a, *b;
} NAME(operands);

static inline NAME(operands) NAME(operands_of)(const lockstep_lanes_product *p, void *const *registers, ptrdiff_t lane) {
    ptrdiff_t offset = lane * (ptrdiff_t)sizeof(REAL);
    NAME(operands) result = {registers[p->a], (const char *)registers[p->b] + offset};
    if (!p->is_shared) result.a += offset;
    return result;
}

// Adds one product to `sums` that begin at a lane.
#define ADD_PRODUCT(vectors, sums, shared, pa, pb) \
    if (shared) { \
        const REAL factor = *(const REAL *)(pa); \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; ++v) sums[v] += factor * ((const VECTOR *)(pb))[v]; \
    } else { \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; ++v) \
            sums[v] += ((const VECTOR *)(pa))[v] * ((const VECTOR *)(pb))[v]; \
    }

#define LOAD_SUMS(vectors, sums, target) \
    _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; ++v) sums[v] = ((const VECTOR *)(target))[v];
#define STORE_SUMS(vectors, sums, target) \
    _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; ++v) ((VECTOR *)(target))[v] = sums[v];

// Lanes `lane ..< lane + vectors * VECTOR_LANES`: one product whose target stays, or products of one target.
#define DEFINE_PRODUCT_LANES(suffix, vectors) \
    static void NAME(sum_product_##suffix)( \
        const lockstep_lanes_product *p, ptrdiff_t iterations, void *const *registers, ptrdiff_t lane) { \
        NAME(operands) o = NAME(operands_of)(p, registers, lane); \
        REAL *target = (REAL *)registers[p->target] + lane; \
        VECTOR sums[vectors]; \
        LOAD_SUMS(vectors, sums, target) \
        for (ptrdiff_t i = 0; i < iterations; ++i, o.a += p->a_step, o.b += p->b_step) { \
            ADD_PRODUCT(vectors, sums, p->is_shared, o.a, o.b) \
        } \
        STORE_SUMS(vectors, sums, target) \
    } \
    static void NAME(sum_products_##suffix)( \
        const lockstep_lanes_product *p, ptrdiff_t count, ptrdiff_t iterations, void *const *registers, ptrdiff_t lane) { \
        char *target = (char *)((REAL *)registers[p->target] + lane); \
        for (ptrdiff_t i = 0; i < iterations; ++i, target += p->target_step) { \
            VECTOR sums[vectors]; \
            LOAD_SUMS(vectors, sums, target) \
            for (ptrdiff_t k = 0; k < count; ++k) { \
                NAME(operands) o = NAME(operands_of)(p + k, registers, lane); \
                o.a += i * p[k].a_step; \
                o.b += i * p[k].b_step; \
                ADD_PRODUCT(vectors, sums, p[k].is_shared, o.a, o.b) \
            } \
            STORE_SUMS(vectors, sums, target) \
        } \
    }

DEFINE_PRODUCT_LANES(wide, PRODUCT_VECTORS)
DEFINE_PRODUCT_LANES(narrow, 1)

// One lane.
static void NAME(sum_products_single)(
    const lockstep_lanes_product *p, ptrdiff_t count, ptrdiff_t iterations, void *const *registers, ptrdiff_t lane) {
    char *target = (char *)((REAL *)registers[p->target] + lane);
    for (ptrdiff_t i = 0; i < iterations; ++i, target += p->target_step) {
        REAL sum = *(REAL *)target;
        for (ptrdiff_t k = 0; k < count; ++k) {
            NAME(operands) o = NAME(operands_of)(p + k, registers, lane);
            sum += *(const REAL *)(o.a + i * p[k].a_step) * *(const REAL *)(o.b + i * p[k].b_step);
        }
        *(REAL *)target = sum;
    }
}

static void NAME(add_products)(
    const lockstep_lanes_product *products, ptrdiff_t count, ptrdiff_t iterations, void *const *registers, ptrdiff_t lanes) {
    for (const lockstep_lanes_product *p = products, *end = products + count; p < end;) {
        ptrdiff_t together = 1;
        while (p + together < end && p[together].target == p->target) ++together;
        int stays = together == 1 && p->target_step == 0;
        ptrdiff_t lane = 0;
        for (; lane + PRODUCT_VECTORS * VECTOR_LANES <= lanes; lane += PRODUCT_VECTORS * VECTOR_LANES) {
            if (stays) NAME(sum_product_wide)(p, iterations, registers, lane);
            else NAME(sum_products_wide)(p, together, iterations, registers, lane);
        }
        for (; lane + VECTOR_LANES <= lanes; lane += VECTOR_LANES) {
            if (stays) NAME(sum_product_narrow)(p, iterations, registers, lane);
            else NAME(sum_products_narrow)(p, together, iterations, registers, lane);
        }
        for (; lane < lanes; ++lane) NAME(sum_products_single)(p, together, iterations, registers, lane);
        p += together;
    }
}

#undef VECTOR
#undef VECTOR_LANES
#undef ADD_PRODUCT
#undef LOAD_SUMS
#undef STORE_SUMS
#undef DEFINE_PRODUCT_LANES
