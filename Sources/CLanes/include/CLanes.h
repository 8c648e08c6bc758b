// Loops over the lanes of a block, for several instruction sets of which one is chosen at run time.
//
// Swift code is compiled for the oldest processor supported, and has no attribute that says otherwise for one
// function. Here each loop is compiled once for each level. What a loop computes does not depend on the level, on
// the number of lanes, or on a lane's place: no fused multiply-add, no call that has variants.

#ifndef LOCKSTEP_CLANES_H
#define LOCKSTEP_CLANES_H

#include <stddef.h>
#include <stdint.h>

// Functions of one operand, real to real.
#define LOCKSTEP_LANES_UNARY(X) \
    X(negate) X(abs) X(sign) X(floor) X(ceil) X(sqrt)
// The same, of floats only: in double precision they are the C library's.
#define LOCKSTEP_LANES_ELEMENTARY(X) \
    X(exp) X(expMinusOne) X(log) X(logOnePlus) X(sin) X(cos) X(tanh) X(sigmoid) X(softplus)
// Functions of two operands of one type; `or` is the logical one of what is not 0.
#define LOCKSTEP_LANES_BINARY(X) \
    X(add) X(subtract) X(multiply) X(minimum) X(maximum) X(or)
// Tests of two operands, which give masks.
#define LOCKSTEP_LANES_TEST(X) \
    X(less) X(lessOrEqual) X(equal)
// Two operations in one, each rounded: a * b + c, a * b - c, c - a * b and so on.
#define LOCKSTEP_LANES_FUSED(X) \
    X(multiplyAdd) X(multiplySubtract) X(multiplyReverseSubtract) X(multiplyMultiply) \
    X(addAdd) X(addSubtract) X(addReverseSubtract) X(addMultiply) \
    X(subtractAdd) X(subtractSubtract) X(subtractReverseSubtract) X(subtractMultiply)

// Those that are made one by one: negateAdd is b - a; poissonLogMass, of floats, is b a - e^a - c, where c is log b!;
// poissonOfMean the same where the mean e^a is known, and the result holds log a before; select, where a is a mask, is
// a != 0 ? b : c; isFinite of reals gives a mask; toInt of reals goes towards zero, is clamped, and 0 for what is not a
// number; toReal of ints gives the type asked for; not is of masks;
// quotient and remainder are of ints, the quotient goes down, and 0 as a divisor leaves all as the remainder.
#define LOCKSTEP_LANES_SINGLE(X) \
    X(divide) X(negateAdd) X(poissonLogMass) X(poissonOfMean) X(select) X(copy) X(isFinite) X(toInt) X(toReal) X(not) \
    X(quotient) X(remainder)
#define LOCKSTEP_LANES_ALL(X) \
    LOCKSTEP_LANES_UNARY(X) LOCKSTEP_LANES_ELEMENTARY(X) LOCKSTEP_LANES_BINARY(X) LOCKSTEP_LANES_TEST(X) \
    LOCKSTEP_LANES_FUSED(X) LOCKSTEP_LANES_SINGLE(X)

#define LOCKSTEP_LANES_CASE(name) lockstep_lanes_##name,
typedef enum { LOCKSTEP_LANES_ALL(LOCKSTEP_LANES_CASE) lockstep_lanes_operations } lockstep_lanes_operation;
#undef LOCKSTEP_LANES_CASE

// NULL where there is no such operation.
const char *lockstep_lanes_name(lockstep_lanes_operation operation);

// Masks are ints, 0 or 1.
typedef enum { lockstep_lanes_float, lockstep_lanes_double, lockstep_lanes_int, lockstep_lanes_types } lockstep_lanes_type;

// result[i] = f(a[i], b[i], c[i]) for 0 <= i < count. The result may be one of the operands, but may not overlap
// one in any other way.
typedef void (*lockstep_lanes_loop)(void *result, const void *a, const void *b, const void *c, ptrdiff_t count);

// result[i] = source[index[i] * stride + i], or source[index[i]] where the source is shared; an index is clamped to 0 ... last.
typedef void (*lockstep_lanes_gather)(
    void *result, const void *source, const int32_t *index, int32_t last, ptrdiff_t stride, ptrdiff_t count);

// The four draws that each lane's group of elements has, by Philox4x32-10 with the lane's key.
typedef struct {
    float *results[4];
    const uint32_t *low, *high; // keys
    const uint32_t *group;
    uint32_t stream, step, particle;
    ptrdiff_t count;
} lockstep_lanes_draws;
typedef void (*lockstep_lanes_draw)(const lockstep_lanes_draws *draws);

// A product that a loop adds to an element. Each of the three is a row of the table of registers, which moves by a
// number of bytes with each iteration.
typedef struct {
    int32_t target, a, b;
    int32_t is_shared; // a is one value for all lanes
    ptrdiff_t target_step, a_step, b_step;
} lockstep_lanes_product;

// target += a * b for each product, in each iteration, each rounded by itself. Products that follow one another may
// have one target in common; no other targets overlap, and no target is an operand.
typedef void (*lockstep_lanes_products)(
    const lockstep_lanes_product *products, ptrdiff_t count, ptrdiff_t iterations, void *const *registers, ptrdiff_t lanes);

// One instruction of a program over a block of lanes. Registers and buffers are rows of tables of pointers.
typedef enum {
    lockstep_lanes_run_loop,        // loop(result, a, b, c, count)
    lockstep_lanes_point_variables, // result = buffer a + x + y * variable b + z * variable c, in bytes
    lockstep_lanes_point_register,  // result = buffer a + count * (x + y * int register b, clamped to 0 ... z)
    lockstep_lanes_enter,           // variable a = 0
    lockstep_lanes_enter_window,    // variable a = int register b; jump to x unless that is less than int register c
    lockstep_lanes_gate,            // jump to x unless y iterations of variable a are done, or all z
    lockstep_lanes_gate_in_window,  // jump to x unless y iterations of variable a are done, or as many as int register c says
    lockstep_lanes_again,           // count variable a up; jump to x unless all z iterations are done
    lockstep_lanes_again_in_window, // count variable a up; jump to x if it is less than int register c
    lockstep_lanes_leave,           // jump to x if none of `count` ints of register a is other than 0
    lockstep_lanes_greatest,        // int register result = the greatest of `count` ints of register a
    lockstep_lanes_add_products,    // x iterations of products y ..< y + z, of `count` lanes
    lockstep_lanes_return           // what the caller does
} lockstep_lanes_kind;

typedef struct {
    lockstep_lanes_loop loop;
    ptrdiff_t count, x, y, z;
    int32_t result, a, b, c;
    lockstep_lanes_kind kind;
} lockstep_lanes_instruction;

typedef struct {
    const lockstep_lanes_instruction *instructions;
    ptrdiff_t count;
    void **registers;
    void *const *buffers;
    ptrdiff_t *variables;
    const lockstep_lanes_product *products;
    lockstep_lanes_products add_products;
} lockstep_lanes_machine;

// Runs from an instruction on, up to one that the caller does, or to the end: returns its position.
ptrdiff_t lockstep_lanes_run(const lockstep_lanes_machine *machine, ptrdiff_t next);

// Levels run from 0, which every processor has, to the best that this one has.
int lockstep_lanes_best_level(void);

// NULL for what there is not. Bit k of `shape`, 0 to 7, says that operand k is one value for all lanes.
lockstep_lanes_loop lockstep_lanes_find(int level, lockstep_lanes_operation operation, lockstep_lanes_type type, int shape);
lockstep_lanes_gather lockstep_lanes_find_gather(int level, lockstep_lanes_type type, int is_shared);
lockstep_lanes_products lockstep_lanes_find_products(int level, lockstep_lanes_type type); // of reals
lockstep_lanes_draw lockstep_lanes_find_uniform(int level);
lockstep_lanes_draw lockstep_lanes_find_normal(int level);

// One pair of standard normals from two words, as the loop makes them.
void lockstep_lanes_normal_pair(uint32_t first, uint32_t second, float *a, float *b);

#endif
