import Testing

@testable import LockstepRuntime

@Suite("OpenCL programs", needsOpenCLDevice)
struct OpenCLProgramTests {
    static let source = "__kernel void lk_fill(__global int *x) { x[get_global_id(0)] = VALUE; }"

    @Test(arguments: OpenCLDriver.devices())
    func failedBuildTellsDeviceAndLog(info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        do {
            _ = try session.build(source: ["__kernel void lk_bad(__global int *x) { x[0] = lk_no_such_name; }"])
            Issue.record("a program with an unknown name was built")
        } catch let error as OpenCLError {
            guard case .buildFailed(let device, _, _, let log) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(device == info.name)
            #expect(log.contains("lk_no_such_name"))
            #expect(error.description.contains(info.name) && error.description.contains(log))
        }
    }

    @Test(arguments: OpenCLDriver.devices())
    func sourceComesInPieces(info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        let program = try session.build(source: ["#define VALUE 7", Self.source])
        #expect(try run(program, on: session) == [7, 7])
        #expect(throws: OpenCLError.self) { _ = try session.build(source: []) }
    }

    @Test(arguments: OpenCLDriver.devices())
    func optionsReachTheCompiler(info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        #expect(try run(session.build(source: [Self.source], options: "-DVALUE=9"), on: session) == [9, 9])
    }

    @Test(arguments: OpenCLDriver.devices())
    func unknownKernelIsNamed(info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        let program = try session.build(source: [Self.source], options: "-DVALUE=1")
        let text = errorText { _ = try program.kernel("lk_other") }
        #expect(text?.contains("lk_other") == true && text?.contains("clCreateKernel") == true)
    }

    @Test(arguments: OpenCLDriver.devices())
    func binaryComesBack(info: OpenCLDeviceInfo) throws {
        let binary = try {
            let session = try OpenCLSession(info)
            let program = try session.build(source: [Self.source], options: "-DVALUE=5")
            _ = try run(program, on: session)
            return try program.binary()
        }()
        #expect(!binary.isEmpty)
        let session = try OpenCLSession(info)
        #expect(try run(session.build(binary: binary), on: session) == [5, 5])
    }

    @Test(arguments: OpenCLDriver.devices())
    func binaryThatIsNoneIsRefused(info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        #expect(throws: OpenCLError.self) { _ = try session.build(binary: []) }
        #expect(throws: OpenCLError.self) { _ = try session.build(binary: Array("this is no program binary".utf8)) }
    }

    private func run(_ program: OpenCLProgram, on session: OpenCLSession) throws -> [Int32] {
        let x = try session.allocate(bytes: 8)
        try session.enqueue(program.kernel("lk_fill"), [.buffer(x)], globalSize: [2])
        return try session.read(x, as: Int32.self)
    }
}
