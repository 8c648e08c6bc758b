#include "KernelSources.h"

#include <stddef.h>

// #embed is C23; clang accepts it in earlier modes and warns that it is an extension.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const char prelude[] = {
#embed "prelude.cl" suffix(, 0)
};
static const char hardware[] = {
#embed "hardware.cl" suffix(, 0)
};
static const char calls[] = {
#embed "calls.cl" suffix(, 0)
};
static const char elementary[] = {
#embed "elementary.cl" suffix(, 0)
};
static const char log_sums[] = {
#embed "log_sums.cl" suffix(, 0)
};
static const char special[] = {
#embed "special.cl" suffix(, 0)
};
static const char densities[] = {
#embed "densities.cl" suffix(, 0)
};
static const char whole[] = {
#embed "whole.cl" suffix(, 0)
};
static const char philox[] = {
#embed "philox.cl" suffix(, 0)
};
static const char samplers[] = {
#embed "samplers.cl" suffix(, 0)
};
static const char layout[] = {
#embed "layout.cl" suffix(, 0)
};
static const char steps[] = {
#embed "steps.cl" suffix(, 0)
};
static const char slices[] = {
#embed "slices.cl" suffix(, 0)
};
static const char groups[] = {
#embed "groups.cl" suffix(, 0)
};
static const char watch[] = {
#embed "watch.cl" suffix(, 0)
};

static const struct {
    const char *name;
    const char *text;
} sources[LOCKSTEP_KERNEL_SOURCE_COUNT] = {
    [LOCKSTEP_KERNEL_PRELUDE] = {"prelude.cl", prelude},
    [LOCKSTEP_KERNEL_HARDWARE] = {"hardware.cl", hardware},
    [LOCKSTEP_KERNEL_CALLS] = {"calls.cl", calls},
    [LOCKSTEP_KERNEL_ELEMENTARY] = {"elementary.cl", elementary},
    [LOCKSTEP_KERNEL_LOG_SUMS] = {"log_sums.cl", log_sums},
    [LOCKSTEP_KERNEL_SPECIAL] = {"special.cl", special},
    [LOCKSTEP_KERNEL_DENSITIES] = {"densities.cl", densities},
    [LOCKSTEP_KERNEL_WHOLE] = {"whole.cl", whole},
    [LOCKSTEP_KERNEL_PHILOX] = {"philox.cl", philox},
    [LOCKSTEP_KERNEL_SAMPLERS] = {"samplers.cl", samplers},
    [LOCKSTEP_KERNEL_LAYOUT] = {"layout.cl", layout},
    [LOCKSTEP_KERNEL_STEPS] = {"steps.cl", steps},
    [LOCKSTEP_KERNEL_SLICES] = {"slices.cl", slices},
    [LOCKSTEP_KERNEL_GROUPS] = {"groups.cl", groups},
    [LOCKSTEP_KERNEL_WATCH] = {"watch.cl", watch},
};

const char *lockstep_kernel_source_text(int index) {
    return index >= 0 && index < LOCKSTEP_KERNEL_SOURCE_COUNT ? sources[index].text : NULL;
}

const char *lockstep_kernel_source_name(int index) {
    return index >= 0 && index < LOCKSTEP_KERNEL_SOURCE_COUNT ? sources[index].name : NULL;
}
