/*
b0: state theta real[3]
b1: state table real[20]
b2: record loss real[4]
b3: temporary real[3]
b4: temporary real[3]
b5: temporary real[1]
b6: temporary real[1]
b7: data group int[20] uniform
b8: data y real[20]
b9: table int[20] uniform
b10: temporary real[20]
v0, v1, v2, v3 = normal4(stream 5, particle 0, group 0)
v4 = b0[0]
u5 = 0.1
v6 = multiply(u5, v0)
v7 = add(v4, v6)
b3[0] = v7
v8 = b0[1]
v9 = multiply(u5, v1)
v10 = add(v8, v9)
b3[1] = v10
v11 = b0[2]
v12 = multiply(u5, v2)
v13 = add(v11, v12)
b3[2] = v13
u14 = 0.0
b4[0] = u14
b4[1] = u14
b4[2] = u14
b5[0] = u14
b6[0] = u14
u19 = 2.0
u27 = rate
for i0 in 0 ..< 20
  u15 = b7[i0]
  v16 = b8[i0]
  v17 = b3[u15]
  v18 = subtract(v16, v17)
  v20 = multiply(v18, u19)
  v21 = negate(v20)
  b4[u15] sum= v21
  v22 = multiply(v18, v18)
  b5[0] sum= v22
  v23 = b1[i0]
  v24 = softplus(v23)
  b6[0] sum= v24
  u25 = b9[i0]
  v26 = b1[u25]
  v28 = sigmoid(v23)
  v29 = multiply(u27, v28)
  v30 = subtract(v26, v29)
  b10[i0] = v30
v31 = b4[0]
v32 = isFinite(v31)
v33 = multiply(u27, v31)
v34 = subtract(v4, v33)
v35 = select(v32, v34, v4)
v36 = b4[1]
v37 = isFinite(v36)
v38 = multiply(u27, v36)
v39 = subtract(v8, v38)
v40 = select(v37, v39, v8)
v41 = b4[2]
v42 = isFinite(v41)
v43 = multiply(u27, v41)
v44 = subtract(v11, v43)
v45 = select(v42, v44, v11)
for i1 in 0 ..< 20
  v46 = b10[i1]
  b1[i1] = v46
u47 = step
u48 = 0.0
u49 = maximum(u47, u48)
u50 = 3.0
u51 = minimum(u49, u50)
v52 = b5[0]
v53 = b6[0]
v54 = add(v52, v53)
b0[0] = v35
b0[1] = v40
b0[2] = v45
b2[u51] = v54
*/
static __attribute__((noinline)) void lockstep_steps_work(
    const size_t ls_id,
    const int ls_first,
    const int ls_count,
    const int ls_begin,
    const int ls_items,
    __global const bits *ls_keys,
    __global real *g0,
    __global real *g1,
    __global real *b2,
    __global const int *b7,
    __global const real *b8,
    __global const int *b9,
    const real1 s_6)
{
    const size_t ls_item = ls_begin + ls_id;
    const bits ls_key0 = LS_LOAD_KEY(0);
    const bits ls_key1 = LS_LOAD_KEY(1);
    real b0_0 = (real)(0);
    real b0_1 = (real)(0);
    real b0_2 = (real)(0);
    real b1[20];
    real b3[3];
    real b4[3];
    real b5_0 = (real)(0);
    real b6_0 = (real)(0);
    real b10[20];
    b0_0 = g0[LS_AT(0, 3)];
    b0_1 = g0[LS_AT(1, 3)];
    b0_2 = g0[LS_AT(2, 3)];
    for (int i = 0; i < 20; ++i) b1[i] = g1[LS_AT(i, 20)];
    for (int ls_step = ls_first; ls_step < ls_first + ls_count; ++ls_step) {
        real v0, v1, v2, v3;
        ls_normal4(ls_key0, ls_key1, (bits)(5u), (bits)((uint)ls_step), (bits)(0u), (bits)(0), &v0, &v1, &v2, &v3);
        const real v4 = b0_0;
        const real v8 = b0_1;
        const real v11 = b0_2;
        b3[0] = (v4 + ((real)(0.1f) * v0));
        b3[1] = (v8 + ((real)(0.1f) * v1));
        b3[2] = (v11 + ((real)(0.1f) * v2));
        b4[0] = (real)(0.0f);
        b4[1] = (real)(0.0f);
        b4[2] = (real)(0.0f);
        b5_0 = (real)(0.0f);
        b6_0 = (real)(0.0f);
        for (int i0 = 0; i0 < 20; ++i0) {
            const real v23 = b1[i0];
            const int u15 = b7[i0];
            const real v16 = b8[LS_AT(i0, 20)];
            const real v17 = b3[u15];
            const real v18 = (v16 - v17);
            const int u25 = b9[i0];
            const real v26 = b1[u25];
            b6_0 += ls_at_least(v23, (real)(0.0f));
            b4[u15] += (-(v18 * (real)(2.0f)));
            b5_0 += (v18 * v18);
            b10[i0] = (v26 - ((real)(s_6) * ls_sigmoid(v23)));
            b6_0 += ls_log1p(ls_exp((-ls_abs(v23))));
        }
        const real v31 = b4[0];
        const real v36 = b4[1];
        const real v41 = b4[2];
        for (int i1 = 0; i1 < 20; ++i1) {
            const real v46 = b10[i1];
            b1[i1] = v46;
        }
        const real v52 = b5_0;
        const real v53 = b6_0;
        const int u51 = min(max(ls_step, 0), 3);
        b0_0 = ls_select(ls_is_finite(v31), (v4 - ((real)(s_6) * v31)), v4);
        b0_1 = ls_select(ls_is_finite(v36), (v8 - ((real)(s_6) * v36)), v8);
        b0_2 = ls_select(ls_is_finite(v41), (v11 - ((real)(s_6) * v41)), v11);
        b2[LS_AT(u51, 4)] = (v52 + v53);
    }
    g0[LS_AT(0, 3)] = b0_0;
    g0[LS_AT(1, 3)] = b0_1;
    g0[LS_AT(2, 3)] = b0_2;
    for (int i = 0; i < 20; ++i) g1[LS_AT(i, 20)] = b1[i];
}

__kernel void lockstep_steps(
    const int ls_first,
    const int ls_count,
    const int ls_begin,
    const int ls_items,
    __global const bits *ls_keys,
    __global real *g0,
    __global real *g1,
    __global real *b2,
    __global const int *b7,
    __global const real *b8,
    __global const int *b9,
    const real1 s_6)
{
    lockstep_steps_work(get_global_id(0), ls_first, ls_count, ls_begin, ls_items, ls_keys, g0, g1, b2, b7, b8, b9, s_6);
}
