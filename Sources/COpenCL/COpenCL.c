#if defined(__linux__)
#define _GNU_SOURCE // for RTLD_DEFAULT
#endif

#include "COpenCL.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static lockstep_ocl_functions functions;
static bool usable = false;
static bool switched_off = false;
static char origin[512] = "";

// The versioned name comes first: the other one exists only where the development package is installed.
static const char *const libraries[] = {
#if defined(__APPLE__)
    "/System/Library/Frameworks/OpenCL.framework/OpenCL",
#else
    "libOpenCL.so.1",
    "libOpenCL.so",
#endif
};

/// Fills the table from one library, and returns the name of the first function that it lacks, or NULL.
static const char *resolve(void *library) {
    void *symbol;
#define LOCKSTEP_OCL_RESOLVE(name)              \
    symbol = dlsym(library, #name);             \
    if (symbol == NULL) return #name;           \
    memcpy(&functions.name, &symbol, sizeof symbol); // ISO C has no cast from object to function pointers
    LOCKSTEP_OCL_FUNCTIONS(LOCKSTEP_OCL_RESOLVE)
#undef LOCKSTEP_OCL_RESOLVE
    return NULL;
}

/// Takes all functions from one library or none: two libraries do not know each other's objects.
static bool take(void *library, const char *name) {
    const char *missing = resolve(library);
    usable = missing == NULL;
    if (usable) snprintf(origin, sizeof origin, "%s", name);
    else snprintf(origin, sizeof origin, "%s has no %s (OpenCL 1.2 is needed)", name, missing);
    return usable;
}

// A library that was opened stays open, as drivers start threads that outlive any handle.
static bool open_library(const char *name) {
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        // A library that exists and is unusable is better news than one that does not exist: keep the first of those.
        const char *reason = dlerror();
        if (origin[0] == '\0') snprintf(origin, sizeof origin, "%s", reason != NULL ? reason : name);
        return false;
    }
    if (take(library, name)) return true;
    dlclose(library);
    return false;
}

static void search(void) {
    // Kernels are written over vectors already. Intel's own vectoriser, which finds nothing to do in them, takes half of
    // the compile time and has crashed on kernels in double precision: it is left out, unless the user says otherwise.
    setenv("CL_CONFIG_CPU_VECTORIZER_MODE", "1", 0);
    const char *chosen = getenv("LOCKSTEP_OPENCL_LIBRARY");
    if (chosen != NULL && strcmp(chosen, "none") == 0) {
        switched_off = true;
        snprintf(origin, sizeof origin, "LOCKSTEP_OPENCL_LIBRARY=none");
        return;
    }
    if (chosen != NULL && chosen[0] != '\0') {
        open_library(chosen);
        return;
    }
    // Before the system's loader, which would be found next to an injected library and not know it.
    bool is_present = dlsym(RTLD_DEFAULT, "clGetPlatformIDs") != NULL;
    if (is_present && take(RTLD_DEFAULT, "a library already in the process")) return;
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        if (open_library(libraries[i])) return;
    }
}

const lockstep_ocl_functions *lockstep_ocl_load(void) {
    pthread_once(&once, search);
    return usable ? &functions : NULL;
}

const char *lockstep_ocl_origin(void) {
    pthread_once(&once, search);
    return origin;
}

bool lockstep_ocl_is_switched_off(void) {
    pthread_once(&once, search);
    return switched_off;
}
