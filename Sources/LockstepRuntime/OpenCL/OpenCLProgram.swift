internal import COpenCL

/// The driver's object of a compiled program, without the session that built it: what a session keeps must not keep
/// the session. `@unchecked Sendable`: all fields are `let`, and drivers may be asked from any thread.
final class OpenCLBuiltProgram: @unchecked Sendable {
    let program: OpaquePointer
    private let cl: lockstep_ocl_functions

    /// Takes over an object that the driver just made, and builds it.
    fileprivate init(session: OpenCLSession, taking program: OpaquePointer, options: String) throws {
        self.program = program
        cl = session.cl
        var device: OpaquePointer? = session.info.handle.device
        let code = OpenCLDriver.compiling { cl.clBuildProgram(program, 1, &device, options, nil, nil) }
        guard code == CL_SUCCESS else {
            throw OpenCLError.buildFailed(
                device: session.info.name, code: OpenCLErrorCode(rawValue: code), options: options,
                log: session.buildLog(program))
        }
    }

    deinit {
        _ = OpenCLDriver.compiling { cl.clReleaseProgram(program) }
    }
}

/// A compiled program.
package final class OpenCLProgram: Sendable {
    package let session: OpenCLSession
    let built: OpenCLBuiltProgram

    var program: OpaquePointer { built.program }

    init(session: OpenCLSession, built: OpenCLBuiltProgram) {
        self.session = session
        self.built = built
    }

    fileprivate convenience init(session: OpenCLSession, taking program: OpaquePointer, options: String) throws {
        self.init(session: session, built: try OpenCLBuiltProgram(session: session, taking: program, options: options))
    }

    /// Pieces of source as one text. A piece that does not end its last line has it ended.
    static func text(_ sources: [String]) -> String {
        sources.map { $0.hasSuffix("\n") ? $0 : $0 + "\n" }.joined()
    }

    /// What the driver's compiler said, warnings included. Empty where it said nothing.
    package var buildLog: String { session.buildLog(program) }

    /// The compiled form, which `OpenCLSession.build(binary:)` takes back. It is only good for a device of the same
    /// `cacheIdentity`.
    package func binary() throws -> [UInt8] {
        let size: Int
        do {
            size = try OpenCLQuery.value(Int.self) {
                session.cl.clGetProgramInfo(program, cl_program_info(CL_PROGRAM_BINARY_SIZES), $0, $1, $2)
            }
        } catch {
            throw OpenCLError.callFailed(
                call: "clGetProgramInfo", code: error.code, device: session.info.name, detail: "the binary's size")
        }
        guard size > 0 else {
            throw OpenCLError.misuse("The driver of \"\(session.info.name)\" gives out no program binaries.")
        }
        return try [UInt8](unsafeUninitializedCapacity: size) { bytes, initialized in
            var target = bytes.baseAddress
            let code = session.cl.clGetProgramInfo(
                program, cl_program_info(CL_PROGRAM_BINARIES), MemoryLayout.size(ofValue: target), &target, nil)
            try session.check(code, "clGetProgramInfo", "the binary")
            initialized = size
        }
    }

    /// A kernel of this program, by its name in the source.
    package func kernel(_ name: String) throws -> OpenCLKernel {
        try OpenCLKernel(name, of: self)
    }
}

extension OpenCLSession {
    /// Compiles pieces of source as one text. A piece that does not end its last line has it ended.
    package func build(source: [String], options: String = "") throws -> OpenCLProgram {
        let text = OpenCLProgram.text(source)
        guard !text.isEmpty else { throw OpenCLError.misuse("A program needs source text.") }
        let program = try make("clCreateProgramWithSource") { code in
            text.withCString { bytes in
                var string: UnsafePointer<CChar>? = bytes
                return cl.clCreateProgramWithSource(context, 1, &string, nil, &code)
            }
        }
        return try OpenCLProgram(session: self, taking: program, options: options)
    }

    /// Takes back what `OpenCLProgram.binary()` gave. Throws where the driver does not accept it, after which the
    /// source must be built again.
    package func build(binary: [UInt8], options: String = "") throws -> OpenCLProgram {
        guard !binary.isEmpty else { throw OpenCLError.misuse("A program binary cannot be empty.") }
        var device: OpaquePointer? = info.handle.device
        var length = binary.count
        let program = try make("clCreateProgramWithBinary") { code in
            binary.withUnsafeBufferPointer { bytes in
                var start = bytes.baseAddress
                var status = CL_SUCCESS
                let program = OpenCLDriver.compiling {
                    cl.clCreateProgramWithBinary(context, 1, &device, &length, &start, &status, &code)
                }
                if code == CL_SUCCESS, status != CL_SUCCESS {
                    code = status
                    if let program { _ = cl.clReleaseProgram(program) }
                }
                return program
            }
        }
        return try OpenCLProgram(session: self, taking: program, options: options)
    }

    fileprivate func buildLog(_ program: OpaquePointer) -> String {
        let log = try? OpenCLQuery.string {
            cl.clGetProgramBuildInfo(program, info.handle.device, cl_program_build_info(CL_PROGRAM_BUILD_LOG), $0, $1, $2)
        }
        return log ?? ""
    }
}
