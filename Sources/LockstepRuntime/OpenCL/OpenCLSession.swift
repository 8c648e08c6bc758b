internal import COpenCL
import Synchronization

/// One device at work: a context and its one in-order queue. Commands run in the order they were given.
///
/// Safe to share between threads, hence `@unchecked Sendable`: every field is `let`, the driver's objects are counted
/// and, by the OpenCL standard, every call may come from any thread except the one that sets a kernel's argument;
/// `OpenCLKernel` guards that one with a lock. The Oclgrind simulator does not keep that part of the standard: under
/// it, use OpenCL from one thread at a time (tests: `--no-parallel`).
package final class OpenCLSession: @unchecked Sendable {
    package let info: OpenCLDeviceInfo

    let cl: lockstep_ocl_functions
    let context: OpaquePointer
    let queue: OpaquePointer
    /// What this session has compiled.
    let programs: ProgramCache
    /// Nil where the driver counts.
    let imposedMemory: ImposedMemory?
    private let besides = Mutex<OpenCLSession?>(nil)

    /// - Parameter cacheFolder: where compiled programs are kept beyond the life of the process.
    package init(_ info: OpenCLDeviceInfo, cacheFolder: CacheFolder? = nil) throws {
        guard let cl = lockstep_ocl_load()?.pointee else { throw OpenCLError.unavailable(OpenCLDriver.status) }
        self.info = info
        self.cl = cl
        // The simulator's reports name lines of source, which its binaries have lost.
        imposedMemory = info.imposed.map { _ in ImposedMemory(limit: info.globalMemoryBytes) }
        programs = ProgramCache(folder: info.platformName == "Oclgrind" ? nil : cacheFolder)

        lockstep_ocl_enlarge_stacks(true)
        defer { lockstep_ocl_enlarge_stacks(false) }
        let properties = [
            cl_context_properties(CL_CONTEXT_PLATFORM), cl_context_properties(bitPattern: info.handle.platform), 0,
        ]
        var device: OpaquePointer? = info.handle.device
        let context = try Self.make("clCreateContext", on: info) {
            cl.clCreateContext(properties, 1, &device, nil, nil, &$0)
        }
        do {
            queue = try Self.make("clCreateCommandQueue", on: info) {
                cl.clCreateCommandQueue(context, info.handle.device, 0, &$0)
            }
        } catch {
            _ = cl.clReleaseContext(context)
            throw error
        }
        self.context = context
    }

    /// The same device, context and programs, and a queue of its own: what is compiled or run there does not wait for
    /// the launches here. Buffers are seen by both, as they are once the one that wrote them has finished. It is made once.
    package func beside() throws -> OpenCLSession {
        try besides.withLock { known in
            if let known { return known }
            let session = try OpenCLSession(beside: self)
            known = session
            return session
        }
    }

    private init(beside session: OpenCLSession) throws {
        (info, cl, context, programs) = (session.info, session.cl, session.context, session.programs)
        imposedMemory = session.imposedMemory
        queue = try Self.make("clCreateCommandQueue", on: session.info) {
            session.cl.clCreateCommandQueue(session.context, session.info.handle.device, 0, &$0)
        }
        _ = cl.clRetainContext(context)
    }

    // A release that fails in a deinit has nobody to tell: the object is gone either way.
    deinit {
        // Some drivers crash when a queue goes while kernels still run on it.
        _ = cl.clFinish(queue)
        _ = cl.clReleaseCommandQueue(queue)
        _ = cl.clReleaseContext(context)
    }

    /// Waits until everything given so far has run.
    package func finish() throws {
        try check(cl.clFinish(queue), "clFinish")
    }

    func check(_ code: Int32, _ call: String, _ detail: @autoclosure () -> String = "") throws(OpenCLError) {
        guard code == CL_SUCCESS else {
            throw .callFailed(call: call, code: OpenCLErrorCode(rawValue: code), device: info.name, detail: detail())
        }
    }

    /// Runs one of the calls that return an object and report their code on the side.
    func make(
        _ call: String, _ detail: @autoclosure () -> String = "", _ body: (inout Int32) -> OpaquePointer?
    ) throws(OpenCLError) -> OpaquePointer {
        try Self.make(call, on: info, detail(), body)
    }

    private static func make(
        _ call: String, on info: OpenCLDeviceInfo, _ detail: @autoclosure () -> String = "",
        _ body: (inout Int32) -> OpaquePointer?
    ) throws(OpenCLError) -> OpaquePointer {
        // Not success: a driver that returns nothing and no code is a failure too.
        var code = CL_INVALID_VALUE
        guard let object = body(&code), code == CL_SUCCESS else {
            throw .callFailed(call: call, code: OpenCLErrorCode(rawValue: code), device: info.name, detail: detail())
        }
        return object
    }
}
