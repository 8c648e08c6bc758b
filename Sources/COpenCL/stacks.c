#if defined(__linux__)
#define _GNU_SOURCE // for pthread_setattr_default_np
#endif

#include "COpenCL.h"

#include <pthread.h>
#if defined(__linux__)
#include <sys/resource.h>
#endif

enum { LARGE = 64 << 20, USUAL = 512 << 10 };

#if defined(__GLIBC__)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t before = 0;
static size_t largest = 0;
static int users = 0;

static size_t default_bytes(void) {
    pthread_attr_t attributes;
    size_t bytes = 0;
    if (pthread_getattr_default_np(&attributes) != 0) return USUAL;
    if (pthread_attr_getstacksize(&attributes, &bytes) != 0) bytes = USUAL;
    pthread_attr_destroy(&attributes);
    return bytes;
}

static void set_default_bytes(size_t bytes) {
    pthread_attr_t attributes;
    if (pthread_getattr_default_np(&attributes) != 0) return;
    if (pthread_attr_setstacksize(&attributes, bytes) == 0) pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}

/// A process whose address space is bounded may not have room for large stacks.
static bool has_room(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

void lockstep_ocl_enlarge_stacks(bool are_large) {
    pthread_mutex_lock(&lock);
    if (are_large && users++ == 0) {
        before = default_bytes();
        if (before < LARGE && has_room()) set_default_bytes(LARGE);
        if (largest == 0) largest = default_bytes();
    } else if (!are_large && --users == 0) {
        set_default_bytes(before);
    }
    pthread_mutex_unlock(&lock);
}

size_t lockstep_ocl_stack_bytes(void) {
    pthread_mutex_lock(&lock);
    size_t bytes = largest == 0 ? default_bytes() : largest;
    pthread_mutex_unlock(&lock);
    return bytes;
}

#else

void lockstep_ocl_enlarge_stacks(bool are_large) { (void)are_large; }
size_t lockstep_ocl_stack_bytes(void) { return USUAL; }

#endif
