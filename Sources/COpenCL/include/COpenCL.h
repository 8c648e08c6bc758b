// The OpenCL functions that Lockstep calls, reached through dlopen.
//
// A program that links libOpenCL does not start on a machine without it. This target links nothing: it looks for a
// loader when first asked, and hands out a table of function pointers, or says why there is none.

#ifndef LOCKSTEP_COPENCL_H
#define LOCKSTEP_COPENCL_H

#include <stdbool.h>

#if defined(__APPLE__)
#define CL_SILENCE_DEPRECATION
#include <OpenCL/opencl.h>
#elif defined(__has_include) && !__has_include(<CL/cl.h>)
#error "Lockstep needs the OpenCL headers to build (Debian, Ubuntu: apt install opencl-headers). No driver is needed."
#else
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#endif

// Every function of the table, once. All of them are in OpenCL 1.2, so a loader that lacks one is unusable.
#define LOCKSTEP_OCL_FUNCTIONS(X) \
    X(clGetPlatformIDs)           \
    X(clGetPlatformInfo)          \
    X(clGetDeviceIDs)             \
    X(clGetDeviceInfo)            \
    X(clCreateContext)            \
    X(clRetainContext)            \
    X(clReleaseContext)           \
    X(clCreateCommandQueue)       \
    X(clReleaseCommandQueue)      \
    X(clCreateProgramWithSource)  \
    X(clCreateProgramWithBinary)  \
    X(clBuildProgram)             \
    X(clGetProgramInfo)           \
    X(clGetProgramBuildInfo)      \
    X(clReleaseProgram)           \
    X(clCreateKernel)             \
    X(clGetKernelInfo)            \
    X(clGetKernelWorkGroupInfo)   \
    X(clSetKernelArg)             \
    X(clReleaseKernel)            \
    X(clCreateBuffer)             \
    X(clReleaseMemObject)         \
    X(clEnqueueWriteBuffer)       \
    X(clEnqueueReadBuffer)        \
    X(clEnqueueCopyBuffer)        \
    X(clEnqueueFillBuffer)        \
    X(clEnqueueNDRangeKernel)     \
    X(clFlush)                    \
    X(clFinish)

// Filled once and never written again, hence safe to share between threads.
typedef struct __attribute__((swift_attr("@Sendable"))) lockstep_ocl_functions {
#define LOCKSTEP_OCL_FIELD(name) __typeof__(&name) _Nonnull name;
    LOCKSTEP_OCL_FUNCTIONS(LOCKSTEP_OCL_FIELD)
#undef LOCKSTEP_OCL_FIELD
} lockstep_ocl_functions;

/// The table, or NULL when this machine has no usable loader. Any thread may call it; the search happens once.
///
/// Functions that are already in the process win: that is how tools such as `oclgrind` inject themselves. Otherwise
/// the system's loader is opened. The environment variable LOCKSTEP_OPENCL_LIBRARY names another one to open instead;
/// the value `none` switches OpenCL off.
const lockstep_ocl_functions *_Nullable lockstep_ocl_load(void);

/// Where the functions came from, or, when there are none, why. Never empty.
const char *_Nonnull lockstep_ocl_origin(void);

/// Whether there are no functions because the user wanted none.
bool lockstep_ocl_is_switched_off(void);

#endif
