import Foundation
import TestSupport

/// An OpenCL library made for a test, which falls over where FAKE_DRIVER says so: `crash-devices`, `hang-build` and so on.
enum FakeDriver {
    /// Compiles it into the program's folder.
    ///
    /// - Returns: its path; nil where there is no C compiler.
    static func build(in program: BuiltProgram) throws -> String? {
        try program.write("fake.c", text)
        let library = program.folder.appendingPathComponent("libfake.so").path
        let compiler = try program.start(["cc", "-shared", "-fPIC", "-w", "-o", library, "fake.c"], executable: URL(fileURLWithPath: "/usr/bin/env"))
        compiler.process.waitUntilExit()
        return FileManager.default.fileExists(atPath: library) ? library : nil
    }

    private static let text = #"""
        #define CL_TARGET_OPENCL_VERSION 120
        #include <CL/cl.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <unistd.h>

        static int is(const char *what) {
            const char *wanted = getenv("FAKE_DRIVER");
            return wanted != NULL && strcmp(wanted, what) == 0;
        }

        static void fall(const char *place) {
            char name[64];
            snprintf(name, sizeof name, "crash-%s", place);
            if (is(name)) *(volatile int *)8 = 1;
            snprintf(name, sizeof name, "abort-%s", place);
            if (is(name)) abort();
            snprintf(name, sizeof name, "exit-%s", place);
            if (is(name)) exit(3);
            snprintf(name, sizeof name, "hang-%s", place);
            while (is(name)) pause();
        }

        __attribute__((constructor)) static void loaded(void) {
            const char *path = getenv("FAKE_DRIVER_LOG");
            FILE *log = path != NULL ? fopen(path, "a") : NULL;
            if (log != NULL) {
                fputs("loaded\n", log);
                fclose(log);
            }
            fall("load");
        }

        static cl_int give(const void *value, size_t bytes, size_t room, void *target, size_t *size) {
            if (size != NULL) *size = bytes;
            if (target != NULL && room >= bytes) memcpy(target, value, bytes);
            return CL_SUCCESS;
        }

        static cl_int give_text(const char *text, size_t room, void *target, size_t *size) {
            return give(text, strlen(text) + 1, room, target, size);
        }

        cl_int clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id *platforms, cl_uint *count) {
            fall("platforms");
            if (count != NULL) *count = 0;
            return CL_SUCCESS;
        }

        void *clGetExtensionFunctionAddress(const char *name) {
            return strcmp(name, "clIcdGetPlatformIDsKHR") == 0 ? (void *)clIcdGetPlatformIDsKHR : NULL;
        }

        cl_int clGetPlatformIDs(cl_uint room, cl_platform_id *platforms, cl_uint *count) {
            fall("platforms");
            if (count != NULL) *count = 1;
            if (platforms != NULL) platforms[0] = (cl_platform_id)16;
            return CL_SUCCESS;
        }

        cl_int clGetPlatformInfo(cl_platform_id p, cl_platform_info what, size_t room, void *target, size_t *size) {
            return give_text(what == CL_PLATFORM_NAME ? "Fake Platform" : "OpenCL 1.2", room, target, size);
        }

        cl_int clGetDeviceIDs(cl_platform_id p, cl_device_type type, cl_uint room, cl_device_id *devices, cl_uint *count) {
            fall("devices");
            if (count != NULL) *count = 1;
            if (devices != NULL) devices[0] = (cl_device_id)16;
            return CL_SUCCESS;
        }

        cl_int clGetDeviceInfo(cl_device_id d, cl_device_info what, size_t room, void *target, size_t *size) {
            const cl_uint small = what == CL_DEVICE_ADDRESS_BITS ? 64 : 1;
            const cl_ulong large = what == CL_DEVICE_TYPE ? CL_DEVICE_TYPE_GPU : 1 << 30;
            const size_t group = 256;
            switch (what) {
            case CL_DEVICE_NAME: return give_text("fake device", room, target, size);
            case CL_DEVICE_VERSION: return give_text("OpenCL 1.2 fake", room, target, size);
            case CL_DEVICE_VENDOR: case CL_DRIVER_VERSION: case CL_DEVICE_EXTENSIONS: return give_text("", room, target, size);
            case CL_DEVICE_MAX_WORK_GROUP_SIZE: return give(&group, sizeof group, room, target, size);
            case CL_DEVICE_TYPE: case CL_DEVICE_GLOBAL_MEM_SIZE: case CL_DEVICE_MAX_MEM_ALLOC_SIZE: case CL_DEVICE_LOCAL_MEM_SIZE:
            case CL_DEVICE_SINGLE_FP_CONFIG: return give(&large, sizeof large, room, target, size);
            default: return give(&small, sizeof small, room, target, size);
            }
        }

        #define OBJECT(type) { if (code != NULL) *code = CL_SUCCESS; return (type)16; }
        cl_context clCreateContext(const cl_context_properties *p, cl_uint n, const cl_device_id *d,
            void (CL_CALLBACK *f)(const char *, const void *, size_t, void *), void *u, cl_int *code) OBJECT(cl_context)
        cl_int clRetainContext(cl_context c) { return CL_SUCCESS; }
        cl_command_queue clCreateCommandQueue(cl_context c, cl_device_id d, cl_command_queue_properties p, cl_int *code) OBJECT(cl_command_queue)
        cl_program clCreateProgramWithSource(cl_context c, cl_uint n, const char **s, const size_t *l, cl_int *code) OBJECT(cl_program)
        cl_program clCreateProgramWithBinary(cl_context c, cl_uint n, const cl_device_id *d, const size_t *l, const unsigned char **b,
            cl_int *s, cl_int *code) OBJECT(cl_program)
        cl_kernel clCreateKernel(cl_program p, const char *name, cl_int *code) OBJECT(cl_kernel)
        cl_mem clCreateBuffer(cl_context c, cl_mem_flags f, size_t n, void *h, cl_int *code) OBJECT(cl_mem)

        void *clEnqueueMapBuffer(cl_command_queue q, cl_mem m, cl_bool b, cl_map_flags f, size_t o, size_t n, cl_uint w,
            const cl_event *e, cl_event *v, cl_int *code) {
            if (code != NULL) *code = CL_SUCCESS;
            return calloc(n, 1);
        }

        cl_int clBuildProgram(cl_program p, cl_uint n, const cl_device_id *d, const char *o,
            void (CL_CALLBACK *f)(cl_program, void *), void *u) {
            fall("build");
            return is("refuse-build") ? CL_BUILD_PROGRAM_FAILURE : CL_SUCCESS;
        }
        cl_int clGetProgramBuildInfo(cl_program p, cl_device_id d, cl_program_build_info i, size_t room, void *target, size_t *size) {
            return give_text("cannot write:\nno space left on device", room, target, size);
        }
        cl_int clEnqueueReadBuffer(cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t n, void *target, cl_uint w,
            const cl_event *e, cl_event *v) {
            for (size_t i = 0; i < n / 4; ++i) ((int *)target)[i] = is("wrong-numbers") ? 0 : 41 + (int)i;
            return CL_SUCCESS;
        }
        """# + "\n"
        + [
            "clReleaseContext(cl_context a)", "clReleaseCommandQueue(cl_command_queue a)", "clReleaseProgram(cl_program a)",
            "clReleaseKernel(cl_kernel a)", "clReleaseMemObject(cl_mem a)", "clFlush(cl_command_queue a)", "clFinish(cl_command_queue a)",
            "clSetKernelArg(cl_kernel a, cl_uint b, size_t c, const void *d)",
            "clGetProgramInfo(cl_program a, cl_program_info b, size_t c, void *d, size_t *e)",
            "clGetKernelInfo(cl_kernel a, cl_kernel_info b, size_t c, void *d, size_t *e)",
            "clGetKernelWorkGroupInfo(cl_kernel a, cl_device_id b, cl_kernel_work_group_info c, size_t d, void *e, size_t *f)",
            "clEnqueueWriteBuffer(cl_command_queue a, cl_mem b, cl_bool c, size_t d, size_t e, const void *f, cl_uint g, const cl_event *h, cl_event *i)",
            "clEnqueueUnmapMemObject(cl_command_queue a, cl_mem b, void *c, cl_uint d, const cl_event *e, cl_event *f)",
            "clSetMemObjectDestructorCallback(cl_mem a, void (CL_CALLBACK *b)(cl_mem, void *), void *c)",
            "clEnqueueCopyBuffer(cl_command_queue a, cl_mem b, cl_mem c, size_t d, size_t e, size_t f, cl_uint g, const cl_event *h, cl_event *i)",
            "clEnqueueFillBuffer(cl_command_queue a, cl_mem b, const void *c, size_t d, size_t e, size_t f, cl_uint g, const cl_event *h, cl_event *i)",
            "clEnqueueNDRangeKernel(cl_command_queue a, cl_kernel b, cl_uint c, const size_t *d, const size_t *e, const size_t *f, cl_uint g, const cl_event *h, cl_event *i)",
        ].map { "cl_int \($0) { return CL_SUCCESS; }" }.joined(separator: "\n")
}
