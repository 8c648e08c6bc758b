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
  u35 = b14[4 * i4]
  v36 = subtract(v34, u35)
  v37 = b12[1]
  v38 = add(v37, v32)
  v39 = sigmoid(v38)
  u40 = b14[4 * i4 + 1]
  v41 = subtract(v39, u40)
  v42 = b12[2]
  v43 = add(v42, v32)
  v44 = sigmoid(v43)
  u45 = b14[4 * i4 + 2]
  v46 = subtract(v44, u45)
  v47 = b12[3]
  v48 = add(v47, v32)
  v49 = sigmoid(v48)
  u50 = b14[4 * i4 + 3]
  v51 = subtract(v49, u50)
  for i6 in 0 ..< 20
    u52 = b13[80 * i4 + i6]
    v53 = multiply(v36, u52)
    b6[i6] sum= v53
    u54 = b13[80 * i4 + i6 + 20]
    v55 = multiply(v41, u54)
    b6[i6] sum= v55
    u56 = b13[80 * i4 + i6 + 40]
    v57 = multiply(v46, u56)
    b6[i6] sum= v57
    u58 = b13[80 * i4 + i6 + 60]
    v59 = multiply(v51, u58)
    b6[i6] sum= v59
  b8[0] sum= v36
  b8[0] sum= v41
  b8[0] sum= v46
  b8[0] sum= v51
  v60 = softplus(v33)
  v61 = multiply(u35, v33)
  v62 = subtract(v60, v61)
  b10[0] sum= v62
  v63 = softplus(v38)
  v64 = multiply(u40, v38)
  v65 = subtract(v63, v64)
  b10[0] sum= v65
  v66 = softplus(v43)
  v67 = multiply(u45, v43)
  v68 = subtract(v66, v67)
  b10[0] sum= v68
  v69 = softplus(v48)
  v70 = multiply(u50, v48)
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
v81 = multiply(u75, v80)
v82 = subtract(v32, v81)
u83 = step
u84 = 0.0
u85 = maximum(u83, u84)
u86 = 3.0
u87 = minimum(u85, u86)
v88 = b5[0]
u89 = 0.5
v90 = b15[0]
v91 = multiply(u89, v90)
v92 = add(v88, v91)
b1[0] = v82
b2[u87] = v92
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
    __global const real1 *b13,
    __global const real1 *b14)
{
    const size_t ls_item = ls_begin + ls_id;
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
                    const real1 u25 = b13[80 * i4 + i5 + 20];
                    const real1 u27 = b13[80 * i4 + i5 + 40];
                    const real1 u29 = b13[80 * i4 + i5 + 60];
                    b12_0 += ((real)(u22) * v23);
                    b12_1 += ((real)(u25) * v23);
                    b12_2 += ((real)(u27) * v23);
                    b12_3 += ((real)(u29) * v23);
                }
                const real v31 = b12_0;
                const real v37 = b12_1;
                const real v42 = b12_2;
                const real v47 = b12_3;
                const real v33 = (v31 + v32);
                const real v38 = (v37 + v32);
                const real v43 = (v42 + v32);
                const real v48 = (v47 + v32);
                const real1 u35 = b14[4 * i4];
                const real1 u40 = b14[4 * i4 + 1];
                const real1 u45 = b14[4 * i4 + 2];
                const real1 u50 = b14[4 * i4 + 3];
                const real v36 = (ls_sigmoid(v33) - (real)(u35));
                const real v41 = (ls_sigmoid(v38) - (real)(u40));
                const real v46 = (ls_sigmoid(v43) - (real)(u45));
                const real v51 = (ls_sigmoid(v48) - (real)(u50));
                for (int i6 = 0; i6 < 20; ++i6) {
                    const real1 u52 = b13[80 * i4 + i6];
                    const real1 u54 = b13[80 * i4 + i6 + 20];
                    b6[i6] += (v36 * (real)(u52));
                    const real1 u56 = b13[80 * i4 + i6 + 40];
                    b6[i6] += (v41 * (real)(u54));
                    const real1 u58 = b13[80 * i4 + i6 + 60];
                    b6[i6] += (v46 * (real)(u56));
                    b6[i6] += (v51 * (real)(u58));
                }
                b10_0 += (ls_at_least(v33, (real)(0.0f)) - ((real)(u35) * v33));
                b8_0 += v36;
                b10_0 += (ls_at_least(v38, (real)(0.0f)) - ((real)(u40) * v38));
                b8_0 += v41;
                b10_0 += (ls_at_least(v43, (real)(0.0f)) - ((real)(u45) * v43));
                b8_0 += v46;
                b10_0 += (ls_at_least(v48, (real)(0.0f)) - ((real)(u50) * v48));
                b8_0 += v51;
                b10_0 += ls_sum_log1p4(ls_exp((-ls_abs(v33))), ls_exp((-ls_abs(v38))), ls_exp((-ls_abs(v43))), ls_exp((-ls_abs(v48))));
            }
            for (int i3 = 0; i3 < 20; ++i3) {
                const real v2 = b6[i3];
                const real v3 = b7[i3];
                const real v1 = b3[i3];
                const real v4 = (v2 - v3);
                const real v5 = (v1 + v4);
                b7[i3] = ((v5 - v1) - v4);
                b3[i3] = v5;
                b6[i3] = (real)(0.0f);
            }
            const real v9 = b8_0;
            const real v10 = b9_0;
            const real v16 = b10_0;
            const real v17 = b11_0;
            const real v8 = b4_0;
            const real v11 = (v9 - v10);
            const real v15 = b5_0;
            const real v18 = (v16 - v17);
            const real v12 = (v8 + v11);
            const real v19 = (v15 + v18);
            b9_0 = ((v12 - v8) - v11);
            b4_0 = v12;
            b8_0 = (real)(0.0f);
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
        const real v90 = b15_0;
        const real v88 = b5_0;
        const int u87 = min(max(ls_step, 0), 3);
        b1_0 = (v32 - ((real)(0.001f) * v80));
        b2[LS_AT(u87, 4)] = (v88 + ((real)(0.5f) * v90));
    }
    for (int i = 0; i < 20; ++i) g0[LS_AT(i, 20)] = b0[i];
    g1[LS_AT(0, 1)] = b1_0;
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
    __global const real1 *b13,
    __global const real1 *b14)
{
    lockstep_steps_work(get_global_id(0), ls_first, ls_count, ls_begin, ls_items, ls_keys, g0, g1, b2, b13, b14);
}
