internal import COpenCL

/// The driver's names for one device. They stay valid for the life of the process and are only ever passed on, so
/// sharing them between threads is safe.
struct OpenCLDeviceHandle: Hashable, @unchecked Sendable {
    let platform: OpaquePointer
    let device: OpaquePointer
}

/// One OpenCL device, as its driver describes it.
package struct OpenCLDeviceInfo: Hashable, Sendable {
    package enum Kind: String, Sendable {
        case cpu = "CPU"
        case gpu = "GPU"
        case accelerator
        case other
    }

    package var platformName: String
    package var platformVersion: String
    package var name: String
    package var vendor: String
    package var driverVersion: String
    /// What the device speaks, such as `OpenCL 3.0 CUDA`.
    package var version: String
    package var kind: Kind

    package var computeUnits: Int
    package var globalMemoryBytes: Int
    package var maxAllocationBytes: Int
    package var localMemoryBytes: Int
    package var maxWorkGroupSize: Int

    /// In floats. The native width is the hardware's; the preferred one is what the driver's compiler asks for, and 1
    /// where it vectorises across work-items itself.
    package var nativeFloatWidth: Int
    package var preferredFloatWidth: Int
    package var addressBits: Int
    package var supportsDouble: Bool
    /// Whether `-cl-fp32-correctly-rounded-divide-sqrt` may be passed.
    package var supportsCorrectlyRoundedDivision: Bool
    package var extensions: Set<String>
    /// Whether buffers lie in the host's memory, so that to map one copies nothing.
    package var sharesHostMemory: Bool
    /// The highest; 0 where the driver does not know.
    package var clockMHz: Int
    /// Whether the system is said to stop kernels that take long. Nobody but NVIDIA says so.
    package var limitsKernelTime: Bool
    /// Of a device that is described otherwise than its driver does.
    package var imposed: ImposedLimits?

    let handle: OpenCLDeviceHandle
}

extension OpenCLDeviceInfo {
    /// The same device, described otherwise: what is made for it is made for a device of that description, and runs here,
    /// within its limits.
    package func described(_ change: (inout OpenCLDeviceInfo) -> Void) -> OpenCLDeviceInfo {
        var copy = self
        copy.imposed = imposed ?? ImposedLimits(workerStackBytes: workerStackBytes)
        change(&copy)
        return copy
    }
}

extension OpenCLDeviceInfo: CustomStringConvertible {
    /// One line for a list of devices.
    package var description: String {
        let memory = OpenCLError.mebibytes(globalMemoryBytes)
        let units = computeUnits == 1 ? "1 compute unit" : "\(computeUnits) compute units"
        let double = supportsDouble ? "double" : "no double"
        return "\(name) [\(kind.rawValue), \(platformName), driver \(driverVersion)]: \(units), \(memory),"
            + " float\(nativeFloatWidth), \(double)"
    }

    /// Changes whenever a compiled program may no longer be valid for this device: a new driver, another processor.
    package var cacheIdentity: String {
        [
            platformName, platformVersion, vendor, name, version, driverVersion,
            "\(addressBits)-bit", "float\(nativeFloatWidth)",
        ].joined(separator: "\n")
    }
}

extension OpenCLDeviceInfo {
    /// The stack of the threads on which work-groups run, of drivers that keep there what a group carries, and do not
    /// look whether there is room; nil for others.
    var workerStackBytes: Int? {
        if let imposed { return imposed.workerStackBytes }
        guard platformName == "Portable Computing Language", kind == .cpu else { return nil }
        // Those devices of PoCL that run kernels on threads of their own; others use the caller's, or another library's.
        let own = name.hasPrefix("pthread") || (name.hasPrefix("cpu") && !name.hasPrefix("cpu-minimal") && !name.hasPrefix("cpu-tbb"))
        return own ? lockstep_ocl_stack_bytes() : 4 << 20
    }
}

extension OpenCLDeviceInfo {
    /// Asks the driver. Throws where the device cannot run Lockstep's kernels or does not answer.
    init(
        _ handle: OpenCLDeviceHandle, platformName: String, platformVersion: String,
        functions cl: lockstep_ocl_functions
    ) throws(OpenCLError) {
        let device = handle.device
        var nameSoFar = "a device of \(platformName)"

        func query<Value>(
            _ property: Int32, _ name: String, _ read: (OpenCLQuery.Getter) throws(OpenCLQuery.Failure) -> Value
        ) throws(OpenCLError) -> Value {
            do {
                return try read { cl.clGetDeviceInfo(device, cl_device_info(property), $0, $1, $2) }
            } catch {
                throw .callFailed(call: "clGetDeviceInfo", code: error.code, device: nameSoFar, detail: name)
            }
        }
        func string(_ property: Int32, _ name: String) throws(OpenCLError) -> String {
            try query(property, name) { get throws(OpenCLQuery.Failure) in try OpenCLQuery.string(get) }
        }
        func number<Number: FixedWidthInteger & BitwiseCopyable>(
            _ type: Number.Type, _ property: Int32, _ name: String
        ) throws(OpenCLError) -> Int {
            let value = try query(property, name) { get throws(OpenCLQuery.Failure) in
                try OpenCLQuery.value(type, get)
            }
            return Int(clamping: value)
        }
        func flag(_ property: Int32, _ name: String) throws(OpenCLError) -> Bool {
            try number(cl_bool.self, property, name) != 0
        }

        name = try string(CL_DEVICE_NAME, "CL_DEVICE_NAME")
        nameSoFar = name
        self.handle = handle
        self.platformName = platformName
        self.platformVersion = platformVersion

        version = try string(CL_DEVICE_VERSION, "CL_DEVICE_VERSION")
        guard OpenCLVersion(version) >= OpenCLVersion.needed else {
            throw .misuse("\"\(name)\" speaks \(version); Lockstep needs OpenCL 1.2.")
        }
        guard try flag(CL_DEVICE_AVAILABLE, "CL_DEVICE_AVAILABLE") else {
            throw .misuse("\"\(name)\" is not available.")
        }
        guard try flag(CL_DEVICE_COMPILER_AVAILABLE, "CL_DEVICE_COMPILER_AVAILABLE") else {
            throw .misuse("\"\(name)\" has no kernel compiler.")
        }

        vendor = try string(CL_DEVICE_VENDOR, "CL_DEVICE_VENDOR")
        driverVersion = try string(CL_DRIVER_VERSION, "CL_DRIVER_VERSION")
        kind = Kind(try number(cl_device_type.self, CL_DEVICE_TYPE, "CL_DEVICE_TYPE"))
        computeUnits = try number(cl_uint.self, CL_DEVICE_MAX_COMPUTE_UNITS, "CL_DEVICE_MAX_COMPUTE_UNITS")
        globalMemoryBytes = try number(cl_ulong.self, CL_DEVICE_GLOBAL_MEM_SIZE, "CL_DEVICE_GLOBAL_MEM_SIZE")
        maxAllocationBytes = try number(
            cl_ulong.self, CL_DEVICE_MAX_MEM_ALLOC_SIZE, "CL_DEVICE_MAX_MEM_ALLOC_SIZE")
        localMemoryBytes = try number(cl_ulong.self, CL_DEVICE_LOCAL_MEM_SIZE, "CL_DEVICE_LOCAL_MEM_SIZE")
        maxWorkGroupSize = try number(Int.self, CL_DEVICE_MAX_WORK_GROUP_SIZE, "CL_DEVICE_MAX_WORK_GROUP_SIZE")
        nativeFloatWidth = try number(
            cl_uint.self, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, "CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT")
        preferredFloatWidth = try number(
            cl_uint.self, CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT, "CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT")
        clockMHz = try number(cl_uint.self, CL_DEVICE_MAX_CLOCK_FREQUENCY, "CL_DEVICE_MAX_CLOCK_FREQUENCY")
        addressBits = try number(cl_uint.self, CL_DEVICE_ADDRESS_BITS, "CL_DEVICE_ADDRESS_BITS")

        sharesHostMemory = try flag(CL_DEVICE_HOST_UNIFIED_MEMORY, "CL_DEVICE_HOST_UNIFIED_MEMORY")
        extensions = Set(
            try string(CL_DEVICE_EXTENSIONS, "CL_DEVICE_EXTENSIONS").split(separator: " ").map { String($0) })
        supportsDouble = extensions.contains("cl_khr_fp64")
        // Not in every vendor's headers.
        let kernelTimeout: Int32 = 0x4005
        let isNVIDIA = extensions.contains("cl_nv_device_attribute_query")
        limitsKernelTime = isNVIDIA ? try flag(kernelTimeout, "CL_DEVICE_KERNEL_EXEC_TIMEOUT_NV") : false
        let single = try number(
            cl_device_fp_config.self, CL_DEVICE_SINGLE_FP_CONFIG, "CL_DEVICE_SINGLE_FP_CONFIG")
        supportsCorrectlyRoundedDivision = single & Int(CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0
    }
}

extension OpenCLDeviceInfo.Kind {
    /// From the bits of `cl_device_type`, in which a device may also be marked as the default one.
    fileprivate init(_ bits: Int) {
        if bits & Int(CL_DEVICE_TYPE_GPU) != 0 {
            self = .gpu
        } else if bits & Int(CL_DEVICE_TYPE_CPU) != 0 {
            self = .cpu
        } else if bits & Int(CL_DEVICE_TYPE_ACCELERATOR) != 0 {
            self = .accelerator
        } else {
            self = .other
        }
    }
}
