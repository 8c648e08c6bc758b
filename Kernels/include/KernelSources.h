#ifndef LOCKSTEP_KERNEL_SOURCES_H
#define LOCKSTEP_KERNEL_SOURCES_H

/// The files of OpenCL C device functions, in the order in which they must be concatenated.
enum lockstep_kernel_source {
    LOCKSTEP_KERNEL_PRELUDE,
    /// Only for GPUs.
    LOCKSTEP_KERNEL_HARDWARE,
    /// Only for large programs.
    LOCKSTEP_KERNEL_CALLS,
    LOCKSTEP_KERNEL_ELEMENTARY,
    LOCKSTEP_KERNEL_LOG_SUMS,
    LOCKSTEP_KERNEL_SPECIAL,
    /// Only for programs that call one of them.
    LOCKSTEP_KERNEL_DENSITIES,
    /// Only for programs that divide ints.
    LOCKSTEP_KERNEL_WHOLE,
    LOCKSTEP_KERNEL_PHILOX,
    LOCKSTEP_KERNEL_SAMPLERS,
    LOCKSTEP_KERNEL_LAYOUT,
    /// Only for programs with tables over steps.
    LOCKSTEP_KERNEL_STEPS,
    /// Only for programs that see one slice of the data.
    LOCKSTEP_KERNEL_SLICES,
    /// Only for programs whose work-groups share lanes.
    LOCKSTEP_KERNEL_GROUPS,
    /// No functions for others: a kernel of its own.
    LOCKSTEP_KERNEL_WATCH,
    LOCKSTEP_KERNEL_SOURCE_COUNT
};

/// The text of one file, NUL-terminated and alive for the whole process; null for an index that names no file.
const char *lockstep_kernel_source_text(int index);

/// The file's name, such as "philox.cl"; null for an index that names no file.
const char *lockstep_kernel_source_name(int index);

#endif
