import Foundation
import Testing

@testable import LockstepRuntime

@Suite("OpenCL sessions", needsOpenCLDevice)
struct OpenCLSessionTests {
    static let saxpy = """
        __kernel void lk_saxpy(__global const float16 *x, __global float16 *y, float a) {
            size_t i = get_global_id(0);
            y[i] = fma(a, x[i], y[i]);
        }
        """

    static let rotate = """
        __kernel void lk_rotate(__global float *values, int by, float scale) {
            __local float shared[8];
            int i = get_local_id(0), n = get_local_size(0);
            shared[i] = values[get_global_id(0)] * scale;
            barrier(CLK_LOCAL_MEM_FENCE);
            values[get_global_id(0)] = shared[(i + by) % n];
        }
        """

    @Test(arguments: OpenCLDriver.devices())
    func saxpyOverVectors(info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        let kernel = try session.build(source: [Self.saxpy]).kernel("lk_saxpy")
        let x = (0..<4096).map { Float($0) }
        let y = (0..<4096).map { Float($0 % 7) }
        let deviceX = try session.allocate(copying: x)
        let deviceY = try session.allocate(copying: y)
        try session.enqueue(kernel, [.buffer(deviceX), .buffer(deviceY), .float(0.5)], globalSize: [4096 / 16])
        #expect(try session.read(deviceY, as: Float.self) == zip(x, y).map { 0.5 * $0 + $1 })
        #expect(try session.read(deviceX, as: Float.self, count: 3) == [0, 1, 2])
    }

    /// A session beside another has a queue of its own and shares its memory, and outlives the first.
    @Test(arguments: OpenCLDriver.devices())
    func sessionBesideAnother(info: OpenCLDeviceInfo) throws {
        var session: OpenCLSession? = try OpenCLSession(info)
        let beside = try #require(try session?.beside())
        #expect(try session?.beside() === beside)
        let buffer = try beside.allocate(copying: [Float(1), 2])
        try beside.finish()
        #expect(try session?.read(buffer, as: Float.self) == [1, 2])
        let stranger = try OpenCLSession(info)
        #expect(throws: OpenCLError.self) { try stranger.read(buffer, as: Float.self) }
        session = nil
        let kernel = try beside.build(source: [Self.saxpy]).kernel("lk_saxpy")
        let values = try beside.allocate(copying: [Float](repeating: 2, count: 16))
        try beside.enqueue(kernel, [.buffer(values), .buffer(values), .float(3)], globalSize: [1])
        #expect(try beside.read(values, as: Float.self) == [Float](repeating: 8, count: 16))
    }

    @Test(arguments: OpenCLDriver.devices())
    func localMemoryAndWorkGroups(info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        let kernel = try session.build(source: [Self.rotate]).kernel("lk_rotate")
        #expect(kernel.argumentCount == 3)
        #expect(kernel.maxWorkGroupSize >= 8 && kernel.maxWorkGroupSize <= info.maxWorkGroupSize)
        let values = try session.allocate(copying: (0..<16).map { Float($0) })
        try session.enqueue(
            kernel, [.buffer(values), .int32(1), .float(2)], globalSize: [16], localSize: [8])
        try session.finish()
        let expected: [Float] = [2, 4, 6, 8, 10, 12, 14, 0, 18, 20, 22, 24, 26, 28, 30, 16]
        #expect(try session.read(values, as: Float.self) == expected)
    }

    @Test(arguments: OpenCLDriver.devices().filter(\.supportsDouble))
    func doubleArguments(info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        let source = """
            #pragma OPENCL EXTENSION cl_khr_fp64 : enable
            __kernel void lk_add(__global double *x, double a, int b) { x[get_global_id(0)] += a + b; }
            """
        let kernel = try session.build(source: [source]).kernel("lk_add")
        let x = try session.allocate(copying: [1.0, 2.0])
        try session.enqueue(kernel, [.buffer(x), .double(0x1p-40), .int32(2)], globalSize: [2])
        #expect(try session.read(x, as: Double.self) == [3.0 + 0x1p-40, 4.0 + 0x1p-40])
    }

    @Test(arguments: OpenCLDriver.devices())
    func writesAndFillsAtOffsets(info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        let buffer = try session.allocate(copying: [UInt8](1...40))
        try session.fillWithZeros(buffer, at: 5, count: 3)
        try [UInt8](200...201).withUnsafeBytes { try session.write($0, to: buffer, at: 38) }
        let expected: [UInt8] = [1, 2, 3, 4, 5, 0, 0, 0] + Array(9...38) + [200, 201]
        #expect(try session.read(buffer, as: UInt8.self) == expected)
    }

    @Test(arguments: OpenCLDriver.devices())
    func sizesThatDoNotFitAreRefused(info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        let buffer = try session.allocate(bytes: 16)
        let bytes = [UInt8](repeating: 1, count: 17)
        #expect(
            errorText { try bytes.withUnsafeBytes { try session.write($0, to: buffer) } }
                == "Cannot write 17 bytes at offset 0: the buffer has 16 bytes.")
        for offset in [9, -1, .min, .max] {
            #expect(throws: OpenCLError.self) {
                try bytes[..<8].withUnsafeBytes { try session.write($0, to: buffer, at: offset) }
            }
        }
        #expect(throws: OpenCLError.self) { _ = try session.read(buffer, as: Float.self, count: 5) }
        #expect(throws: OpenCLError.self) { _ = try session.read(buffer, as: Float.self, count: Int.max / 2) }
        #expect(throws: OpenCLError.self) { _ = try session.read(buffer, as: Float.self, count: -1) }
        #expect(throws: OpenCLError.self) { try session.fillWithZeros(buffer, at: 8, count: 9) }
        #expect(throws: OpenCLError.self) { try session.fillWithZeros(buffer, at: Int.min) }
        #expect(throws: OpenCLError.self) { _ = try session.allocate(bytes: 0) }
        #expect(throws: OpenCLError.self) { _ = try session.allocate(copying: [Float]()) }
        #expect(errorText { _ = try session.allocate(bytes: info.maxAllocationBytes + 1) }?.contains(" MiB") == true)
        try bytes[..<0].withUnsafeBytes { try session.write($0, to: buffer, at: 16) }
    }

    @Test(arguments: OpenCLDriver.devices())
    func launchesThatCannotWorkAreRefused(info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        let kernel = try session.build(source: [Self.saxpy]).kernel("lk_saxpy")
        let x = try session.allocate(bytes: 64)
        let good: [OpenCLArgument] = [.buffer(x), .buffer(x), .float(1)]
        #expect(
            errorText { try session.enqueue(kernel, [.buffer(x)], globalSize: [1]) }
                == "Kernel \"lk_saxpy\" takes 3 arguments; 1 were given.")
        for global in [[], [0], [-1], [1, 1, 1, 1]] {
            #expect(throws: OpenCLError.self) { try session.enqueue(kernel, good, globalSize: global) }
        }
        for local in [[], [0], [3], [1, 1]] {
            #expect(throws: OpenCLError.self) { try session.enqueue(kernel, good, globalSize: [4], localSize: local) }
        }
        let tooMany = kernel.maxWorkGroupSize + 1
        #expect(throws: OpenCLError.self) {
            try session.enqueue(kernel, good, globalSize: [tooMany], localSize: [tooMany])
        }
        let other = try OpenCLSession(info)
        #expect(throws: OpenCLError.self) { try other.enqueue(kernel, good, globalSize: [1]) }
        let foreign = try other.allocate(bytes: 64)
        #expect(throws: OpenCLError.self) {
            try session.enqueue(kernel, [.buffer(x), .buffer(foreign), .float(1)], globalSize: [1])
        }
    }

    static let threadSafeDevices = OpenCLDriver.devices().filter { $0.platformName != "Oclgrind" }

    @Test(
        .disabled(if: threadSafeDevices.isEmpty, "the Oclgrind simulator is not safe for threads"),
        arguments: threadSafeDevices)
    func oneKernelFromManyTasks(info: OpenCLDeviceInfo) async throws {
        let session = try OpenCLSession(info)
        let source = "__kernel void lk_set(__global int *x, int a, int b) { x[0] = a * b; }"
        let kernel = try session.build(source: [source]).kernel("lk_set")
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for task in Int32(0)..<16 {
                group.addTask {
                    let x = try session.allocate(bytes: 4)
                    for _ in 0..<20 {
                        try session.enqueue(kernel, [.buffer(x), .int32(task), .int32(task)], globalSize: [1])
                        guard try session.read(x, as: Int32.self) == [task * task] else { return false }
                    }
                    return true
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test(arguments: OpenCLDriver.devices())
    func objectsOutliveTheNamesThatHeldThem(info: OpenCLDeviceInfo) throws {
        func started() throws -> OpenCLBuffer {
            let session = try OpenCLSession(info)
            let kernel = try session.build(source: [Self.saxpy]).kernel("lk_saxpy")
            let x = try session.allocate(copying: [Float](repeating: 1, count: 16))
            try session.enqueue(kernel, [.buffer(x), .buffer(x), .float(1)], globalSize: [1])
            return x
        }
        for _ in 0..<10 {
            let x = try started()
            #expect(try x.session.read(x, as: Float.self) == [Float](repeating: 2, count: 16))
        }
    }

    #if os(Linux)
    /// 40 sessions that kept their 16 MiB would hold 640 MiB. The bound leaves room for tests that run beside this one.
    @Test(arguments: OpenCLDriver.devices())
    func sessionsGiveTheirMemoryBack(info: OpenCLDeviceInfo) throws {
        func residentMebibytes() throws -> Int {
            let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
            return (try #require(Int(pages[1])) * Int(getpagesize())) >> 20
        }
        func session() throws {
            let session = try OpenCLSession(info)
            let kernel = try session.build(source: [Self.saxpy]).kernel("lk_saxpy")
            let x = try session.allocate(bytes: 16 << 20)
            try session.fillWithZeros(x)
            try session.enqueue(kernel, [.buffer(x), .buffer(x), .float(1)], globalSize: [16])
            #expect(try session.read(x, as: Float.self, count: 1) == [0])
        }
        try session()
        let before = try residentMebibytes()
        for _ in 0..<40 { try session() }
        #expect(try residentMebibytes() - before < 320)
    }
    #endif
}
