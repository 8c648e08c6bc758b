/*
b0: state w real[20]
b1: state b real[1]
b2: record loss real[4]
b3: temporary real[20]
b4: temporary real[1]
b5: temporary real[1]
b6: temporary real[20]
b7: temporary real[20]
b8: temporary real[1]
b9: temporary real[1]
b10: temporary real[1]
b11: temporary real[1]
b12: temporary real[1]
b13: data x real[6000] uniform
b14: data y real[300] uniform
b15: temporary real[1]
u0 = 0.0
for i0 in 0 ..< 20
  b3[i0] = u0
b4[0] = u0
b5[0] = u0
for i2 in 0 ..< 20
  b6[i2] = u0
for i3 in 0 ..< 20
  b7[i3] = u0
b8[0] = u0
b9[0] = u0
b10[0] = u0
b11[0] = u0
v26 = b1[0]
for i1 in 0 ..< 300
  b12[0] = u0
  for i5 in 0 ..< 20
    u22 = b13[20 * i1 + i5]
    v23 = b0[i5]
    v24 = multiply(u22, v23)
    b12[0] sum= v24
  v25 = b12[0]
  v27 = add(v25, v26)
  v28 = sigmoid(v27)
  u29 = b14[i1]
  v30 = subtract(v28, u29)
  for i6 in 0 ..< 20
    u31 = b13[20 * i1 + i6]
    v32 = multiply(v30, u31)
    b6[i6] sum= v32
  b8[0] sum= v30
  v33 = softplus(v27)
  v34 = multiply(u29, v27)
  v35 = subtract(v33, v34)
  b10[0] sum= v35
every 80 and at the end
  for i4 in 0 ..< 20
    v1 = b3[i4]
    v2 = b6[i4]
    v3 = b7[i4]
    v4 = subtract(v2, v3)
    v5 = add(v1, v4)
    v6 = subtract(v5, v1)
    v7 = subtract(v6, v4)
    b7[i4] = v7
    b3[i4] = v5
    b6[i4] = u0
  v8 = b4[0]
  v9 = b8[0]
  v10 = b9[0]
  v11 = subtract(v9, v10)
  v12 = add(v8, v11)
  v13 = subtract(v12, v8)
  v14 = subtract(v13, v11)
  b9[0] = v14
  b4[0] = v12
  b8[0] = u0
  v15 = b5[0]
  v16 = b10[0]
  v17 = b11[0]
  v18 = subtract(v16, v17)
  v19 = add(v15, v18)
  v20 = subtract(v19, v15)
  v21 = subtract(v20, v18)
  b11[0] = v21
  b5[0] = v19
  b10[0] = u0
b15[0] = u0
for i7 in 0 ..< 20
  v36 = b0[i7]
  v37 = multiply(v36, v36)
  b15[0] sum= v37
u39 = 0.001
for i8 in 0 ..< 20
  v38 = b0[i8]
  v40 = b3[i8]
  v41 = add(v38, v40)
  v42 = multiply(u39, v41)
  v43 = subtract(v38, v42)
  b0[i8] = v43
v44 = b4[0]
v45 = multiply(u39, v44)
v46 = subtract(v26, v45)
u47 = step
u48 = 0.0
u49 = maximum(u47, u48)
u50 = 3.0
u51 = minimum(u49, u50)
v52 = b5[0]
u53 = 0.5
v54 = b15[0]
v55 = multiply(u53, v54)
v56 = add(v52, v55)
b1[0] = v46
b2[u51] = v56
*/
__kernel void lockstep_steps(
    const int ls_first,
    const int ls_count,
    const int ls_items,
    __global const bits *ls_keys,
    __global real *g0,
    __global real *g1,
    __global real *b2,
    __global const real1 *b13,
    __global const real1 *b14)
{
    const size_t ls_item = get_global_id(0);
    const bits ls_key0 = LS_LOAD_KEY(0);
    const bits ls_key1 = LS_LOAD_KEY(1);
    real b0[20];
    real b1_0 = (real)(0);
    real b3[20];
    real b4_0 = (real)(0);
    real b5_0 = (real)(0);
    real b6[20];
    real b7[20];
    real b8_0 = (real)(0);
    real b9_0 = (real)(0);
    real b10_0 = (real)(0);
    real b11_0 = (real)(0);
    real b12_0 = (real)(0);
    real b15_0 = (real)(0);
    for (int i = 0; i < 20; ++i) b0[i] = g0[LS_AT(i, 20)];
    b1_0 = g1[LS_AT(0, 1)];
    for (int ls_step = ls_first; ls_step < ls_first + ls_count; ++ls_step) {
        for (int i0 = 0; i0 < 20; ++i0) {
            b3[i0] = (real)(0.0f);
        }
        b4_0 = (real)(0.0f);
        b5_0 = (real)(0.0f);
        for (int i2 = 0; i2 < 20; ++i2) {
            b6[i2] = (real)(0.0f);
        }
        for (int i3 = 0; i3 < 20; ++i3) {
            b7[i3] = (real)(0.0f);
        }
        b8_0 = (real)(0.0f);
        b9_0 = (real)(0.0f);
        b10_0 = (real)(0.0f);
        b11_0 = (real)(0.0f);
        const real v26 = b1_0;
        for (int i1_0 = 0; i1_0 < 300; i1_0 += 80) {
            const int i1_1 = min(i1_0 + 80, 300);
            for (int i1 = i1_0; i1 < i1_1; ++i1) {
                b12_0 = (real)(0.0f);
                for (int i5 = 0; i5 < 20; ++i5) {
                    const real1 u22 = b13[20 * i1 + i5];
                    const real v23 = b0[i5];
                    b12_0 += ((real)(u22) * v23);
                }
                const real v25 = b12_0;
                const real v27 = (v25 + v26);
                const real1 u29 = b14[i1];
                const real v30 = (ls_sigmoid(v27) - (real)(u29));
                for (int i6 = 0; i6 < 20; ++i6) {
                    const real1 u31 = b13[20 * i1 + i6];
                    b6[i6] += (v30 * (real)(u31));
                }
                b8_0 += v30;
                b10_0 += (ls_softplus(v27) - ((real)(u29) * v27));
            }
            for (int i4 = 0; i4 < 20; ++i4) {
                const real v1 = b3[i4];
                const real v2 = b6[i4];
                const real v3 = b7[i4];
                const real v4 = (v2 - v3);
                const real v5 = (v1 + v4);
                b7[i4] = ((v5 - v1) - v4);
                b3[i4] = v5;
                b6[i4] = (real)(0.0f);
            }
            const real v8 = b4_0;
            const real v9 = b8_0;
            const real v10 = b9_0;
            const real v11 = (v9 - v10);
            const real v12 = (v8 + v11);
            b9_0 = ((v12 - v8) - v11);
            b4_0 = v12;
            b8_0 = (real)(0.0f);
            const real v15 = b5_0;
            const real v16 = b10_0;
            const real v17 = b11_0;
            const real v18 = (v16 - v17);
            const real v19 = (v15 + v18);
            b11_0 = ((v19 - v15) - v18);
            b5_0 = v19;
            b10_0 = (real)(0.0f);
        }
        b15_0 = (real)(0.0f);
        for (int i7 = 0; i7 < 20; ++i7) {
            const real v36 = b0[i7];
            b15_0 += (v36 * v36);
        }
        for (int i8 = 0; i8 < 20; ++i8) {
            const real v38 = b0[i8];
            const real v40 = b3[i8];
            b0[i8] = (v38 - ((real)(0.001f) * (v38 + v40)));
        }
        const real v44 = b4_0;
        const int u51 = min(max(ls_step, 0), 3);
        const real v52 = b5_0;
        const real v54 = b15_0;
        b1_0 = (v26 - ((real)(0.001f) * v44));
        b2[LS_AT(u51, 4)] = (v52 + ((real)(0.5f) * v54));
    }
    for (int i = 0; i < 20; ++i) g0[LS_AT(i, 20)] = b0[i];
    g1[LS_AT(0, 1)] = b1_0;
}
