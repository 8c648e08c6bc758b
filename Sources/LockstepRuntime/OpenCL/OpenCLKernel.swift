internal import COpenCL
import Foundation

/// One argument of a kernel. The type must be the parameter's own: drivers compare sizes at most.
package enum OpenCLArgument: Sendable {
    case buffer(OpenCLBuffer)
    case int32(Int32)
    case float(Float)
    case double(Double)
}

/// An entry point of a program.
///
/// `@unchecked Sendable`: all fields are `let`, and the arguments, which a kernel object of OpenCL carries as hidden
/// mutable state, are set and used under `lock`. So two threads may enqueue one kernel at once, and neither sees the
/// other's arguments.
package final class OpenCLKernel: @unchecked Sendable {
    package let program: OpenCLProgram
    package let name: String
    package let argumentCount: Int
    /// The largest work-group that this kernel can run in on its device, as the driver says. Where the text fixes the size
    /// and the driver took that, it is this one: NVIDIA's says 256 of kernels that run in groups of 1,024 as well.
    package let maxWorkGroupSize: Int
    /// Local memory that the kernel uses. Zero where the driver does not say.
    package let localMemoryBytes: Int

    let kernel: OpaquePointer
    private let lock = NSLock()

    init(_ name: String, of program: OpenCLProgram) throws {
        let session = program.session
        let cl = session.cl
        let kernel = try session.make("clCreateKernel", "kernel \"\(name)\"") {
            code in OpenCLDriver.compiling { cl.clCreateKernel(program.program, name, &code) }
        }
        let device = session.info.handle.device
        // The type is given: where it is inferred it may be an optional, which no answer has the size of.
        func group<Value: BitwiseCopyable>(_ type: Value.Type, _ property: Int32) throws(OpenCLQuery.Failure) -> Value {
            try OpenCLQuery.value(type) {
                cl.clGetKernelWorkGroupInfo(kernel, device, cl_kernel_work_group_info(property), $0, $1, $2)
            }
        }
        do {
            let count = try OpenCLQuery.value(cl_uint.self) {
                cl.clGetKernelInfo(kernel, cl_kernel_info(CL_KERNEL_NUM_ARGS), $0, $1, $2)
            }
            argumentCount = Int(count)
            // A device may be described as one of smaller groups than its driver has.
            let limit = min(session.info.imposed?.reportedGroupSize ?? .max, session.info.maxWorkGroupSize)
            let reported = min(try group(Int.self, CL_KERNEL_WORK_GROUP_SIZE), limit)
            let fixed = (try? group((Int, Int, Int).self, CL_KERNEL_COMPILE_WORK_GROUP_SIZE)) ?? (0, 0, 0)
            maxWorkGroupSize = fixed.0 > 0 ? fixed.0 * fixed.1 * fixed.2 : reported
        } catch {
            _ = cl.clReleaseKernel(kernel)
            throw OpenCLError.callFailed(
                call: "clGetKernelInfo", code: error.code, device: session.info.name, detail: "kernel \"\(name)\"")
        }
        localMemoryBytes = Int(clamping: (try? group(cl_ulong.self, CL_KERNEL_LOCAL_MEM_SIZE)) ?? 0)
        self.program = program
        self.name = name
        self.kernel = kernel
    }

    deinit {
        _ = OpenCLDriver.compiling { program.session.cl.clReleaseKernel(kernel) }
    }

    /// Sets all arguments and gives the kernel to the queue, as one step that no other thread can get between.
    fileprivate func enqueue(_ arguments: [OpenCLArgument], globalSize: [Int], localSize: [Int]?) throws {
        let session = program.session
        try lock.withLock {
            for (index, argument) in arguments.enumerated() {
                let code = set(argument, at: UInt32(index))
                try session.check(code, "clSetKernelArg", "argument \(index) of kernel \"\(name)\"")
            }
            let code = session.cl.clEnqueueNDRangeKernel(
                session.queue, kernel, UInt32(globalSize.count), nil, globalSize, localSize, 0, nil, nil)
            let groups = localSize.map { " in groups of \($0)" } ?? ""
            try session.check(code, "clEnqueueNDRangeKernel", "kernel \"\(name)\" over \(globalSize)\(groups)")
        }
    }

    private func set(_ argument: OpenCLArgument, at index: UInt32) -> Int32 {
        func set<Value: BitwiseCopyable>(_ value: Value) -> Int32 {
            withUnsafeBytes(of: value) { program.session.cl.clSetKernelArg(kernel, index, $0.count, $0.baseAddress) }
        }
        return switch argument {
        case .buffer(let buffer): set(buffer.memory)
        case .int32(let value): set(value)
        case .float(let value): set(value)
        case .double(let value): set(value)
        }
    }
}

extension OpenCLSession {
    /// Gives a kernel to the queue, without waiting for it. It takes all arguments each time, so that no launch can
    /// depend on what another one left behind. Without `localSize` the driver chooses.
    package func enqueue(
        _ kernel: OpenCLKernel, _ arguments: [OpenCLArgument], globalSize: [Int], localSize: [Int]? = nil
    ) throws {
        guard kernel.program.session === self else {
            throw OpenCLError.misuse("Kernel \"\(kernel.name)\" belongs to another session.")
        }
        guard arguments.count == kernel.argumentCount else {
            throw OpenCLError.misuse(
                "Kernel \"\(kernel.name)\" takes \(kernel.argumentCount) arguments; \(arguments.count) were given.")
        }
        for case .buffer(let buffer) in arguments { try own(buffer) }
        guard kernel.localMemoryBytes <= info.localMemoryBytes else {
            throw OpenCLError.misuse(
                "Kernel \"\(kernel.name)\" needs \(kernel.localMemoryBytes) bytes of local memory;"
                    + " \"\(info.name)\" has \(info.localMemoryBytes).")
        }
        try checkSizes(kernel, globalSize, localSize)
        if let imposed = info.imposed, let most = imposed.launchedGroupSize, let size = localSize?.reduce(1, *), size > most {
            throw OpenCLError.callFailed(
                call: "clEnqueueNDRangeKernel", code: imposed.refusal, device: info.name, detail: "groups of \(size)")
        }
        try kernel.enqueue(arguments, globalSize: globalSize, localSize: localSize)
    }

    private func checkSizes(_ kernel: OpenCLKernel, _ global: [Int], _ local: [Int]?) throws {
        guard (1...3).contains(global.count), global.allSatisfy({ $0 > 0 }) else {
            throw OpenCLError.misuse(
                "Kernel \"\(kernel.name)\" cannot run over \(global): one to three positive sizes are needed.")
        }
        guard let local else { return }
        guard local.count == global.count, zip(global, local).allSatisfy({ $1 > 0 && $0 % $1 == 0 }) else {
            throw OpenCLError.misuse(
                "Kernel \"\(kernel.name)\" cannot run over \(global) in groups of \(local):"
                    + " each group size must divide its global size.")
        }
        // Group sizes divide sizes that fit in memory, yet three of them may multiply past Int.
        let items = local.reduce(1.0) { $0 * Double($1) }
        guard items <= Double(kernel.maxWorkGroupSize) else {
            throw OpenCLError.misuse(
                "Kernel \"\(kernel.name)\" cannot run in groups of \(local) on \"\(info.name)\","
                    + " which allows it \(kernel.maxWorkGroupSize) work-items in a group.")
        }
    }
}
