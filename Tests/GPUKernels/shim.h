// What OpenCL C has and CUDA C++ lacks, as far as kernels use it: NVIDIA's compiler then takes their text as it is.
typedef unsigned int uint; typedef unsigned long ulong;
#define __kernel extern "C" __global__
#define __global
#define __private
#define __local __shared__
#define restrict __restrict__
#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fffffff)
#define CLK_LOCAL_MEM_FENCE 1
#define CLK_GLOBAL_MEM_FENCE 2
#define barrier(x) __syncthreads()
inline size_t get_global_id(int) { return (size_t)blockIdx.x * blockDim.x + threadIdx.x; }
inline size_t get_local_id(int) { return threadIdx.x; }
inline size_t get_group_id(int) { return blockIdx.x; }
inline uint mul_hi(uint a, uint b) { return __umulhi(a, b); }
inline float convert_float(int a) { return (float)a; }
inline float convert_float(uint a) { return (float)a; }
inline float convert_float(float a) { return a; }
inline int convert_int(float a) { return (int)a; }
inline int convert_int(int a) { return a; }
inline uint convert_uint(float a) { return (uint)a; }
inline uint convert_uint(int a) { return (uint)a; }
inline int convert_int_sat(float a) { return __float2int_rz(a); }
inline float as_float(int a) { return __int_as_float(a); }
inline float as_float(uint a) { return __uint_as_float(a); }
inline int as_int(float a) { return __float_as_int(a); }
inline int as_int(uint a) { return (int)a; }
inline int as_int(int a) { return a; }
inline uint as_uint(float a) { return __float_as_uint(a); }
inline uint as_uint(int a) { return (uint)a; }
inline int clamp(int a, int l, int h) { return a < l ? l : a > h ? h : a; }
inline float clamp(float a, float l, float h) { return a < l ? l : a > h ? h : a; }
// As NVIDIA's compiler of OpenCL C has it.
#define __NV_CL_C_VERSION 120
