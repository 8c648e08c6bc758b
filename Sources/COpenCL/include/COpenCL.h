// The OpenCL functions that Lockstep calls, reached through dlopen.
//
// A program that links libOpenCL does not start on a machine without it. This target links nothing: it looks for a
// loader when first asked, and hands out a table of function pointers, or says why there is none.

#ifndef LOCKSTEP_COPENCL_H
#define LOCKSTEP_COPENCL_H

#include <stdbool.h>
#include <stddef.h>

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
    X(clSetMemObjectDestructorCallback) \
    X(clEnqueueWriteBuffer)       \
    X(clEnqueueReadBuffer)        \
    X(clEnqueueFillBuffer)        \
    X(clEnqueueMapBuffer)         \
    X(clEnqueueUnmapMemObject)    \
    X(clEnqueueNDRangeKernel)     \
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

// MARK: Drivers that fall over

typedef enum lockstep_ocl_probe_end {
    LOCKSTEP_PROBE_DONE,
    LOCKSTEP_PROBE_CRASHED,
    LOCKSTEP_PROBE_HANGS,
    /// There was no child process.
    LOCKSTEP_PROBE_IMPOSSIBLE,
} lockstep_ocl_probe_end;

/// Whether a child process would see drivers as this one does: on Linux, where none is in the process yet.
bool lockstep_ocl_can_probe(void);

/// Uses all drivers in a child process, which loads them and has each compile and run a kernel.
///
/// What it finds are lines of words between tabs: `platform NAME` before a platform is used and `stage WHAT` before each
/// thing that may go wrong; `wrong NAME` where a kernel computes something else; `file PATH SIZE TIME` for the libraries in
/// the process; `done`.
///
/// - Parameters:
///   - passed: the names of platforms that are left alone.
///   - patience: milliseconds without a line after which the child is taken to hang.
///   - text: where the lines go.
///   - signal_number: what ended a child that crashed; 0 where that is unknown.
lockstep_ocl_probe_end lockstep_ocl_probe(
    const char *_Nullable const *_Nullable passed, size_t passed_count, int patience, char *_Nonnull text, size_t capacity,
    int *_Nonnull signal_number);

// MARK: Threads of drivers

/// Gives threads that are started from now on large stacks, or those that they had before; what drivers start have no
/// other setting. Of a large stack, what is not reached takes no memory.
void lockstep_ocl_enlarge_stacks(bool are_large);

/// The stack of a thread that was started while stacks were large.
size_t lockstep_ocl_stack_bytes(void);

#endif
