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
b12: temporary real[4]
b13: data x real[6000] uniform
b14: data y real[300] uniform
b15: temporary real[1]
b16: data u/0 real[1] uniform
u0 = 0.0
for i0 in 0 ..< 20
  b3[i0] = u0
b4[0] = u0
b5[0] = u0
for i1 in 0 ..< 20
  b6[i1] = u0
for i2 in 0 ..< 20
  b7[i2] = u0
b8[0] = u0
b9[0] = u0
b10[0] = u0
b11[0] = u0
v32 = b1[0]
for i4 in 0 ..< 75
  b12[0] = u0
  b12[1] = u0
  b12[2] = u0
  b12[3] = u0
  for i5 in 0 ..< 20
    u22 = b13[80 * i4 + i5]
    v23 = b0[i5]
    v24 = multiply(u22, v23)
    b12[0] sum= v24
    u25 = b13[80 * i4 + i5 + 20]
    v26 = multiply(u25, v23)
    b12[1] sum= v26
    u27 = b13[80 * i4 + i5 + 40]
    v28 = multiply(u27, v23)
    b12[2] sum= v28
    u29 = b13[80 * i4 + i5 + 60]
    v30 = multiply(u29, v23)
    b12[3] sum= v30
  v31 = b12[0]
  v33 = add(v31, v32)
  v34 = sigmoid(v33)
  v35 = b12[1]
  v36 = add(v35, v32)
  v37 = sigmoid(v36)
  v38 = b12[2]
  v39 = add(v38, v32)
  v40 = sigmoid(v39)
  v41 = b12[3]
  v42 = add(v41, v32)
  v43 = sigmoid(v42)
  u44 = b14[4 * i4]
  v45 = subtract(v34, u44)
  u46 = b14[4 * i4 + 1]
  v47 = subtract(v37, u46)
  u48 = b14[4 * i4 + 2]
  v49 = subtract(v40, u48)
  u50 = b14[4 * i4 + 3]
  v51 = subtract(v43, u50)
  for i6 in 0 ..< 20
    u52 = b13[80 * i4 + i6]
    v53 = multiply(v45, u52)
    b6[i6] sum= v53
    u54 = b13[80 * i4 + i6 + 20]
    v55 = multiply(v47, u54)
    b6[i6] sum= v55
    u56 = b13[80 * i4 + i6 + 40]
    v57 = multiply(v49, u56)
    b6[i6] sum= v57
    u58 = b13[80 * i4 + i6 + 60]
    v59 = multiply(v51, u58)
    b6[i6] sum= v59
  b8[0] sum= v34
  b8[0] sum= v37
  b8[0] sum= v40
  b8[0] sum= v43
  v60 = softplus(v33)
  v61 = multiply(u44, v33)
  v62 = subtract(v60, v61)
  b10[0] sum= v62
  v63 = softplus(v36)
  v64 = multiply(u46, v36)
  v65 = subtract(v63, v64)
  b10[0] sum= v65
  v66 = softplus(v39)
  v67 = multiply(u48, v39)
  v68 = subtract(v66, v67)
  b10[0] sum= v68
  v69 = softplus(v42)
  v70 = multiply(u50, v42)
  v71 = subtract(v69, v70)
  b10[0] sum= v71
every 20 and at the end
  for i3 in 0 ..< 20
    v1 = b3[i3]
    v2 = b6[i3]
    v3 = b7[i3]
    v4 = subtract(v2, v3)
    v5 = add(v1, v4)
    v6 = subtract(v5, v1)
    v7 = subtract(v6, v4)
    b7[i3] = v7
    b3[i3] = v5
    b6[i3] = u0
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
  v72 = b0[i7]
  v73 = multiply(v72, v72)
  b15[0] sum= v73
u75 = 0.001
for i8 in 0 ..< 20
  v74 = b0[i8]
  v76 = b3[i8]
  v77 = add(v74, v76)
  v78 = multiply(u75, v77)
  v79 = subtract(v74, v78)
  b0[i8] = v79
v80 = b4[0]
u81 = b16[0]
v82 = subtract(v80, u81)
v83 = multiply(u75, v82)
v84 = subtract(v32, v83)
u85 = step
u86 = 0.0
u87 = maximum(u85, u86)
u88 = 3.0
u89 = minimum(u87, u88)
v90 = b5[0]
u91 = 0.5
v92 = b15[0]
v93 = multiply(u91, v92)
v94 = add(v90, v93)
b1[0] = v84
b2[u89] = v94
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
    __global const real1 *b14,
    __global const real1 *b16)
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
    real b12_1 = (real)(0);
    real b12_2 = (real)(0);
    real b12_3 = (real)(0);
    real b15_0 = (real)(0);
    for (int i = 0; i < 20; ++i) b0[i] = g0[LS_AT(i, 20)];
    b1_0 = g1[LS_AT(0, 1)];
    for (int ls_step = ls_first; ls_step < ls_first + ls_count; ++ls_step) {
        for (int i0 = 0; i0 < 20; ++i0) {
            b3[i0] = (real)(0.0f);
        }
        b4_0 = (real)(0.0f);
        b5_0 = (real)(0.0f);
        for (int i1 = 0; i1 < 20; ++i1) {
            b6[i1] = (real)(0.0f);
        }
        for (int i2 = 0; i2 < 20; ++i2) {
            b7[i2] = (real)(0.0f);
        }
        b8_0 = (real)(0.0f);
        b9_0 = (real)(0.0f);
        b10_0 = (real)(0.0f);
        b11_0 = (real)(0.0f);
        const real v32 = b1_0;
        for (int i4_0 = 0; i4_0 < 75; i4_0 += 20) {
            const int i4_1 = min(i4_0 + 20, 75);
            for (int i4 = i4_0; i4 < i4_1; ++i4) {
                b12_0 = (real)(0.0f);
                b12_1 = (real)(0.0f);
                b12_2 = (real)(0.0f);
                b12_3 = (real)(0.0f);
                for (int i5 = 0; i5 < 20; ++i5) {
                    const real1 u22 = b13[80 * i4 + i5];
                    const real v23 = b0[i5];
                    b12_0 += ((real)(u22) * v23);
                    const real1 u25 = b13[80 * i4 + i5 + 20];
                    b12_1 += ((real)(u25) * v23);
                    const real1 u27 = b13[80 * i4 + i5 + 40];
                    b12_2 += ((real)(u27) * v23);
                    const real1 u29 = b13[80 * i4 + i5 + 60];
                    b12_3 += ((real)(u29) * v23);
                }
                const real v31 = b12_0;
                const real v33 = (v31 + v32);
                const real v34 = ls_sigmoid(v33);
                const real v35 = b12_1;
                const real v36 = (v35 + v32);
                const real v37 = ls_sigmoid(v36);
                const real v38 = b12_2;
                const real v39 = (v38 + v32);
                const real v40 = ls_sigmoid(v39);
                const real v41 = b12_3;
                const real v42 = (v41 + v32);
                const real v43 = ls_sigmoid(v42);
                const real1 u44 = b14[4 * i4];
                const real v45 = (v34 - (real)(u44));
                const real1 u46 = b14[4 * i4 + 1];
                const real v47 = (v37 - (real)(u46));
                const real1 u48 = b14[4 * i4 + 2];
                const real v49 = (v40 - (real)(u48));
                const real1 u50 = b14[4 * i4 + 3];
                const real v51 = (v43 - (real)(u50));
                for (int i6 = 0; i6 < 20; ++i6) {
                    const real1 u52 = b13[80 * i4 + i6];
                    b6[i6] += (v45 * (real)(u52));
                    const real1 u54 = b13[80 * i4 + i6 + 20];
                    b6[i6] += (v47 * (real)(u54));
                    const real1 u56 = b13[80 * i4 + i6 + 40];
                    b6[i6] += (v49 * (real)(u56));
                    const real1 u58 = b13[80 * i4 + i6 + 60];
                    b6[i6] += (v51 * (real)(u58));
                }
                b8_0 += v34;
                b8_0 += v37;
                b8_0 += v40;
                b8_0 += v43;
                b10_0 += (ls_softplus(v33) - ((real)(u44) * v33));
                b10_0 += (ls_softplus(v36) - ((real)(u46) * v36));
                b10_0 += (ls_softplus(v39) - ((real)(u48) * v39));
                b10_0 += (ls_softplus(v42) - ((real)(u50) * v42));
            }
            for (int i3 = 0; i3 < 20; ++i3) {
                const real v1 = b3[i3];
                const real v2 = b6[i3];
                const real v3 = b7[i3];
                const real v4 = (v2 - v3);
                const real v5 = (v1 + v4);
                b7[i3] = ((v5 - v1) - v4);
                b3[i3] = v5;
                b6[i3] = (real)(0.0f);
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
            const real v72 = b0[i7];
            b15_0 += (v72 * v72);
        }
        for (int i8 = 0; i8 < 20; ++i8) {
            const real v74 = b0[i8];
            const real v76 = b3[i8];
            b0[i8] = (v74 - ((real)(0.001f) * (v74 + v76)));
        }
        const real v80 = b4_0;
        const real1 u81 = b16[0];
        const int u89 = min(max(ls_step, 0), 3);
        const real v90 = b5_0;
        const real v92 = b15_0;
        b1_0 = (v32 - ((real)(0.001f) * (v80 - (real)(u81))));
        b2[LS_AT(u89, 4)] = (v90 + ((real)(0.5f) * v92));
    }
    for (int i = 0; i < 20; ++i) g0[LS_AT(i, 20)] = b0[i];
    g1[LS_AT(0, 1)] = b1_0;
}
