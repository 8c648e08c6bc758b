/// A return code of OpenCL, with its name in the standard and what a user can do about it.
package struct OpenCLErrorCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// How a loader without drivers answers. The extension that defines it is not in every vendor's headers.
    static let platformNotFound = OpenCLErrorCode(rawValue: -1001)

    package static let invalidWorkGroupSize = OpenCLErrorCode(rawValue: -54)
    package static let outOfResources = OpenCLErrorCode(rawValue: -5)

    /// What helps.
    package enum Kind: Hashable, Sendable {
        /// Too little memory or too few registers: less at a time, in a smaller wave or smaller groups, may do.
        case memory
        /// The kernel cannot run in groups of this size.
        case group
        /// The device is gone, or stopped what took too long or did wrong: nothing that this process has there can be used.
        case lost
        case other
    }

    /// `CL_OUT_OF_RESOURCES` is of memory; where it comes of waiting, see `OpenCLError.kind`.
    package var kind: Kind {
        switch rawValue {
        case -4, -5, -6, -61: .memory
        case -54, -55: .group
        case -2, -14, -34, -36, -1121, -9999: .lost
        default: .other
        }
    }

    /// The standard's name, such as `CL_OUT_OF_RESOURCES`, or nil for a code that is a driver's own.
    package var name: String? { Self.names[rawValue] }

    /// What to try, for the codes that a sound program can meet; nil where only a report to the authors helps.
    package var advice: String? { Self.advices[rawValue] }

    package var description: String { "\(name ?? "unknown code") (\(rawValue))" }

    private static let names: [Int32: String] = [
        0: "CL_SUCCESS",
        -1: "CL_DEVICE_NOT_FOUND",
        -2: "CL_DEVICE_NOT_AVAILABLE",
        -3: "CL_COMPILER_NOT_AVAILABLE",
        -4: "CL_MEM_OBJECT_ALLOCATION_FAILURE",
        -5: "CL_OUT_OF_RESOURCES",
        -6: "CL_OUT_OF_HOST_MEMORY",
        -7: "CL_PROFILING_INFO_NOT_AVAILABLE",
        -8: "CL_MEM_COPY_OVERLAP",
        -9: "CL_IMAGE_FORMAT_MISMATCH",
        -10: "CL_IMAGE_FORMAT_NOT_SUPPORTED",
        -11: "CL_BUILD_PROGRAM_FAILURE",
        -12: "CL_MAP_FAILURE",
        -13: "CL_MISALIGNED_SUB_BUFFER_OFFSET",
        -14: "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST",
        -15: "CL_COMPILE_PROGRAM_FAILURE",
        -16: "CL_LINKER_NOT_AVAILABLE",
        -17: "CL_LINK_PROGRAM_FAILURE",
        -18: "CL_DEVICE_PARTITION_FAILED",
        -19: "CL_KERNEL_ARG_INFO_NOT_AVAILABLE",
        -30: "CL_INVALID_VALUE",
        -31: "CL_INVALID_DEVICE_TYPE",
        -32: "CL_INVALID_PLATFORM",
        -33: "CL_INVALID_DEVICE",
        -34: "CL_INVALID_CONTEXT",
        -35: "CL_INVALID_QUEUE_PROPERTIES",
        -36: "CL_INVALID_COMMAND_QUEUE",
        -37: "CL_INVALID_HOST_PTR",
        -38: "CL_INVALID_MEM_OBJECT",
        -39: "CL_INVALID_IMAGE_FORMAT_DESCRIPTOR",
        -40: "CL_INVALID_IMAGE_SIZE",
        -41: "CL_INVALID_SAMPLER",
        -42: "CL_INVALID_BINARY",
        -43: "CL_INVALID_BUILD_OPTIONS",
        -44: "CL_INVALID_PROGRAM",
        -45: "CL_INVALID_PROGRAM_EXECUTABLE",
        -46: "CL_INVALID_KERNEL_NAME",
        -47: "CL_INVALID_KERNEL_DEFINITION",
        -48: "CL_INVALID_KERNEL",
        -49: "CL_INVALID_ARG_INDEX",
        -50: "CL_INVALID_ARG_VALUE",
        -51: "CL_INVALID_ARG_SIZE",
        -52: "CL_INVALID_KERNEL_ARGS",
        -53: "CL_INVALID_WORK_DIMENSION",
        -54: "CL_INVALID_WORK_GROUP_SIZE",
        -55: "CL_INVALID_WORK_ITEM_SIZE",
        -56: "CL_INVALID_GLOBAL_OFFSET",
        -57: "CL_INVALID_EVENT_WAIT_LIST",
        -58: "CL_INVALID_EVENT",
        -59: "CL_INVALID_OPERATION",
        -60: "CL_INVALID_GL_OBJECT",
        -61: "CL_INVALID_BUFFER_SIZE",
        -62: "CL_INVALID_MIP_LEVEL",
        -63: "CL_INVALID_GLOBAL_WORK_SIZE",
        -64: "CL_INVALID_PROPERTY",
        -65: "CL_INVALID_IMAGE_DESCRIPTOR",
        -66: "CL_INVALID_COMPILER_OPTIONS",
        -67: "CL_INVALID_LINKER_OPTIONS",
        -68: "CL_INVALID_DEVICE_PARTITION_COUNT",
        -69: "CL_INVALID_PIPE_SIZE",
        -70: "CL_INVALID_DEVICE_QUEUE",
        -71: "CL_INVALID_SPEC_ID",
        -72: "CL_MAX_SIZE_RESTRICTION_EXCEEDED",
        -1001: "CL_PLATFORM_NOT_FOUND_KHR",
        -1121: "CL_CONTEXT_TERMINATED_KHR",
        // NVIDIA's driver answers this, outside the standard, when a kernel reads or writes where it must not.
        -9999: "illegal read or write by a kernel",
    ]

    private static let lost = "The driver gave up the device, often because a kernel ran too long: run fewer lanes at a time."

    private static let advices: [Int32: String] = [
        -1: "Choose another device.",
        -2: "Another program may hold the device; close it, or choose another device.",
        -3: "This driver cannot compile kernels; install one that can, or choose another device.",
        -4: "The device is out of memory: run fewer lanes at a time, or close other programs that use it.",
        -5: "The device ran out of memory or registers, or the system stopped a kernel that ran too long: "
            + "run fewer lanes or fewer steps per launch.",
        -6: "This machine is out of memory: run fewer lanes at a time.",
        -14: Self.lost,
        -34: Self.lost,
        -36: Self.lost,
        -42: "The stored program was made by another driver or for another device; build it from source.",
        -61: "The buffer is empty or larger than the device allows: run fewer lanes at a time.",
        -1001: "Install an OpenCL driver (Debian, Ubuntu: apt install pocl-opencl-icd for the CPU).",
        -1121: Self.lost,
        -9999: "Please report this with the model that caused it.",
    ]
}
