#if defined(__linux__)
#define _GNU_SOURCE // for dl_iterate_phdr
#endif

#include "COpenCL.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// MARK: The child. It has one thread, and calls C alone: what other threads of the parent held is held for ever, except
// for the locks of malloc and dlopen, which the C library takes care of.

static const char program_text[] =
    "__kernel void lockstep_probe(__global int *a) { a[get_global_id(0)] = 41 + (int)get_global_id(0); }\n";

enum { PROBE_ITEMS = 4 };

static void put(int pipe, const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t count = write(pipe, text, left);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) _exit(1);
        text += count;
        left -= (size_t)count;
    }
}

/// A line of words. A name from a driver has no end of line or tab in it afterwards.
static void say(int pipe, const char *word, const char *rest) {
    char line[1024];
    snprintf(line, sizeof line - 1, "%s\t%s", word, rest);
    for (char *c = line + strlen(word) + 1; *c != '\0'; ++c) {
        if (*c == '\n' || *c == '\t') *c = ' ';
    }
    strcat(line, "\n");
    put(pipe, line);
}

static int name_library(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    struct stat status;
    if (info->dlpi_name == NULL || info->dlpi_name[0] != '/' || stat(info->dlpi_name, &status) != 0) return 0;
    char line[PATH_MAX + 64];
    snprintf(line, sizeof line, "file\t%s\t%lld\t%lld.%09ld\n", info->dlpi_name, (long long)status.st_size,
        (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    put(*(int *)context, line);
    return 0;
}

/// Compiles and runs a kernel. A call that fails is no harm: whoever calls it later is told so.
static bool computes(const lockstep_ocl_functions *cl, cl_platform_id platform, cl_device_id device) {
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)platform, 0};
    cl_int code = CL_SUCCESS;
    cl_context context = cl->clCreateContext(properties, 1, &device, NULL, NULL, &code);
    if (context == NULL) return true;
    cl_command_queue queue = cl->clCreateCommandQueue(context, device, 0, &code);
    const char *text = program_text;
    cl_program program = cl->clCreateProgramWithSource(context, 1, &text, NULL, &code);
    cl_mem memory = cl->clCreateBuffer(context, CL_MEM_READ_WRITE, PROBE_ITEMS * sizeof(cl_int), NULL, &code);
    if (queue == NULL || program == NULL || memory == NULL) return true;
    if (cl->clBuildProgram(program, 1, &device, "-cl-std=CL1.2", NULL, NULL) != CL_SUCCESS) return true;
    cl_kernel kernel = cl->clCreateKernel(program, "lockstep_probe", &code);
    if (kernel == NULL) return true;
    const size_t items = PROBE_ITEMS;
    cl_int values[PROBE_ITEMS] = {0};
    if (cl->clSetKernelArg(kernel, 0, sizeof memory, &memory) != CL_SUCCESS) return true;
    if (cl->clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &items, NULL, 0, NULL, NULL) != CL_SUCCESS) return true;
    if (cl->clEnqueueReadBuffer(queue, memory, CL_TRUE, 0, sizeof values, values, 0, NULL, NULL) != CL_SUCCESS) return true;
    for (int i = 0; i < PROBE_ITEMS; ++i) {
        if (values[i] != 41 + i) return false;
    }
    return true;
}

static bool is_passed_over(const char *name, const char *const *passed, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        if (strcmp(name, passed[i]) == 0) return true;
    }
    return false;
}

static void child(int pipe, const char *const *passed, size_t count) {
    say(pipe, "stage", "it is loaded");
    const lockstep_ocl_functions *cl = lockstep_ocl_load();
    dl_iterate_phdr(name_library, &pipe);
    enum { MOST = 64 };
    cl_platform_id platforms[MOST];
    cl_uint found = 0;
    if (cl != NULL) {
        say(pipe, "stage", "its platforms are asked for");
        if (cl->clGetPlatformIDs(MOST, platforms, &found) != CL_SUCCESS) found = 0;
        if (found > MOST) found = MOST;
    }
    for (cl_uint i = 0; i < found; ++i) {
        char name[512] = "";
        if (cl->clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof name - 1, name, NULL) != CL_SUCCESS) continue;
        if (is_passed_over(name, passed, count)) continue;
        say(pipe, "platform", name);
        say(pipe, "stage", "its devices are asked for");
        cl_device_id devices[MOST];
        cl_uint number = 0;
        if (cl->clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, MOST, devices, &number) != CL_SUCCESS) continue;
        for (cl_uint j = 0; j < number && j < MOST; ++j) {
            say(pipe, "stage", "it compiles and runs a kernel");
            if (!computes(cl, platforms[i], devices[j])) say(pipe, "wrong", name);
        }
    }
    // What was opened later.
    dl_iterate_phdr(name_library, &pipe);
    put(pipe, "done\n");
}

/// Makes the child a process whose end leaves no trace, and which does not outlive its parent.
static void settle(void) {
    const int ends[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGINT, SIGTERM, SIGALRM, SIGPIPE};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; ++i) signal(ends[i], SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(120);
    int nowhere = open("/dev/null", O_RDWR);
    if (nowhere >= 0) {
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
    }
}

// MARK: The parent

static int waited(pid_t process) {
    // A process that hangs in the system itself is left behind.
    for (int turn = 0; turn < 1000; ++turn) {
        int status = 0;
        pid_t ended = waitpid(process, &status, WNOHANG);
        if (ended == process) return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        if (ended < 0 && errno != EINTR) return 0;
        const struct timespec pause = {0, 1000000};
        nanosleep(&pause, NULL);
    }
    return 0;
}

static bool is_driver(const char *path) {
    const char *const parts[] = {"libOpenCL", "libpocl", "libcuda", "libnvidia-opencl", "libamdocl", "libintelocl", "libigdrcl"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; ++i) {
        if (strstr(path, parts[i]) != NULL) return true;
    }
    return false;
}

static int find_driver(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    (void)context;
    return info->dlpi_name != NULL && is_driver(info->dlpi_name);
}

bool lockstep_ocl_can_probe(void) { return dl_iterate_phdr(find_driver, NULL) == 0; }

lockstep_ocl_probe_end lockstep_ocl_probe(
    const char *const *passed, size_t passed_count, int patience, char *text, size_t capacity, int *signal_number) {
    *signal_number = 0;
    text[0] = '\0';
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0) return LOCKSTEP_PROBE_IMPOSSIBLE;
    pid_t process = fork();
    if (process < 0) {
        close(pipes[0]);
        close(pipes[1]);
        return LOCKSTEP_PROBE_IMPOSSIBLE;
    }
    if (process == 0) {
        settle();
        child(pipes[1], passed, passed_count);
        _exit(0);
    }
    close(pipes[1]);
    size_t length = 0;
    lockstep_ocl_probe_end end = LOCKSTEP_PROBE_CRASHED;
    for (;;) {
        struct pollfd wanted = {.fd = pipes[0], .events = POLLIN};
        int ready = poll(&wanted, 1, patience);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) {
            end = LOCKSTEP_PROBE_HANGS;
            break;
        }
        ssize_t count = read(pipes[0], text + length, capacity - 1 - length);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        length += (size_t)count;
        if (length + 1 >= capacity) break;
        if (length >= 5 && memcmp(text + length - 5, "done\n", 5) == 0) {
            end = LOCKSTEP_PROBE_DONE;
            break;
        }
    }
    text[length] = '\0';
    close(pipes[0]);
    // After its last word too: what a driver does at the end of a process is nobody's concern here.
    if (end != LOCKSTEP_PROBE_CRASHED) kill(process, SIGKILL);
    int ended_by = waited(process);
    if (end == LOCKSTEP_PROBE_CRASHED) *signal_number = ended_by;
    return end;
}

#else

// Elsewhere a process that has started threads cannot go on after a fork: drivers are taken as they are.
bool lockstep_ocl_can_probe(void) { return false; }

lockstep_ocl_probe_end lockstep_ocl_probe(
    const char *const *passed, size_t passed_count, int patience, char *text, size_t capacity, int *signal_number) {
    (void)passed;
    (void)passed_count;
    (void)patience;
    *signal_number = 0;
    if (capacity > 0) text[0] = '\0';
    return LOCKSTEP_PROBE_IMPOSSIBLE;
}

#endif
