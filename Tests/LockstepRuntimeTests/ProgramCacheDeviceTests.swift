import Dispatch
import LockstepCompiler
import LockstepTensor
import Testing

@testable import LockstepRuntime

@Suite("Programs kept in memory and on disk", needsOpenCLDevice)
struct ProgramCacheDeviceTests {
    private static func recipe(_ value: Int = 5, groupSize: Int = 1) -> ProgramRecipe {
        ProgramRecipe(
            sources: ["__kernel void lk_fill(__global int *x)", "{ x[get_global_id(0)] = VALUE; }"],
            options: "-DVALUE=\(value)", kernels: ["lk_fill"], groupSize: groupSize)
    }

    private static func run(_ kernels: [OpenCLKernel], on session: OpenCLSession) throws -> [Int32] {
        let x = try session.allocate(bytes: 8)
        try session.enqueue(try #require(kernels.first), [.buffer(x)], globalSize: [2], localSize: [1])
        return try session.read(x, as: Int32.self)
    }

    /// Fits of some recipe in a process of its own, as far as the cache can see: the values, and what it did.
    private static func session(
        _ info: OpenCLDeviceInfo, _ folder: CacheFolder?, _ recipe: ProgramRecipe = recipe()
    ) throws -> (values: [Int32], counts: ProgramCache.Counts) {
        let session = try OpenCLSession(info, cacheFolder: folder)
        let kernels = try session.kernels(recipe) { _ = try run($0, on: session) }
        return (try run(kernels, on: session), session.programs.counts)
    }

    private static let compiled = ProgramCache.Counts(compiled: 1)
    private static let loaded = ProgramCache.Counts(loaded: 1)
    private static let refused = ProgramCache.Counts(compiled: 1, refused: 1)
    /// Those that Lockstep keeps the programs of on disk.
    static let devices = OpenCLDriver.devices().filter { $0.platformName != "Oclgrind" }

    @Test(arguments: OpenCLDriver.devices())
    func reusedInMemory(info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        var prepared = 0
        func values(_ recipe: ProgramRecipe) throws -> [Int32] {
            try Self.run(session.kernels(recipe) { _ in prepared += 1 }, on: session)
        }
        #expect(try values(Self.recipe(5)) == [5, 5])
        #expect(try values(Self.recipe(6)) == [6, 6])
        #expect(try values(Self.recipe(5)) == [5, 5])
        #expect(try values(Self.recipe(5, groupSize: 2)) == [5, 5])
        #expect(prepared == 3)
        #expect(session.programs.counts == ProgramCache.Counts(compiled: 3))
    }

    @Test(arguments: OpenCLDriver.devices())
    func executablesShareOneBuild(info: OpenCLDeviceInfo) throws {
        let origin = Origin()
        let a = Tensor.input(Input(.state, "a", origin: origin), shape: [2], dtype: .real)
        let program = try Lowering.lower(LaneFunction(states: [.init("a", a + 1)], records: []))
        let session = try OpenCLSession(info)
        let executables = try (0..<3).map { _ in try OpenCLExecutable(program, on: session, precision: .float) }
        #expect(session.programs.counts == Self.compiled)
        for executable in executables {
            let execution = try executable.start(LaneInputs(keys: [Key(0), Key(1)], data: [:]))
            try execution.advance(from: 0, count: 3, scalars: [:])
            #expect(try execution.read("a").lane(1) == [3, 3])
        }
    }

    @Test(arguments: OpenCLDriver.devices())
    func sessionsGoWithTheirPrograms(info: OpenCLDeviceInfo) throws {
        weak var gone: OpenCLSession?
        do {
            let session = try OpenCLSession(info)
            gone = session
            _ = try Self.run(session.kernels(Self.recipe()) { _ in }, on: session)
        }
        #expect(gone == nil)
    }

    @Test(arguments: OpenCLDriver.devices())
    func badTextIsAnErrorEachTime(info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        let bad = ProgramRecipe(sources: ["__kernel void lk_bad() { no_such; }"], options: "", kernels: ["lk_bad"], groupSize: 1)
        for _ in 0..<2 { #expect(throws: OpenCLError.self) { _ = try session.kernels(bad) { _ in } } }
        #expect(session.programs.counts == ProgramCache.Counts())
    }

    @Test(arguments: devices)
    func comesBackFromDisk(info: OpenCLDeviceInfo) throws {
        let test = try TestCacheFolder()
        #expect(try Self.session(info, test.folder) == ([5, 5], Self.compiled))
        #expect(test.names.count == 1)
        #expect(try Self.session(info, test.folder) == ([5, 5], Self.loaded))
        #expect(try Self.session(info, test.folder, Self.recipe(6)) == ([6, 6], Self.compiled))
        #expect(test.names.count == 2)
    }

    @Test(arguments: devices)
    func withoutFolderNothingIsKept(info: OpenCLDeviceInfo) throws {
        let none = CacheFolder.user(["LOCKSTEP_CACHE": "none"])
        #expect(try Self.session(info, none) == ([5, 5], Self.compiled))
        #expect(try Self.session(info, none) == ([5, 5], Self.compiled))
        let test = try TestCacheFolder()
        try test.overwrite(file: test.path + "/file", with: [1])
        let below = CacheFolder(path: test.path + "/file/programs")
        #expect(try Self.session(info, below) == ([5, 5], Self.compiled))
    }

    /// Files under the right name that are damaged or are something else: ignored, and replaced.
    @Test(arguments: devices)
    func badFilesAreReplaced(info: OpenCLDeviceInfo) throws {
        let test = try TestCacheFolder()
        _ = try Self.session(info, test.folder)
        let name = try #require(test.names.first)
        let sound = try test.bytes(name)
        let file = try #require(ProgramFile(bytes: sound))
        var damaged = sound
        damaged[damaged.count / 2] ^= 1
        let otherDriver = ProgramFile(key: Self.recipe().key(identity: info.cacheIdentity + "1"), binary: file.binary)
        let otherText = ProgramFile(key: Self.recipe(6).key(identity: info.cacheIdentity), binary: file.binary)
        for bad in [damaged, Array(sound.dropLast(100)), [], Array("hello".utf8), otherDriver.bytes, otherText.bytes] {
            try test.overwrite(name, with: bad)
            #expect(try Self.session(info, test.folder) == ([5, 5], Self.compiled))
            #expect(try Self.session(info, test.folder) == ([5, 5], Self.loaded))
        }
        // Sound as a file, and nothing that the driver takes.
        try test.overwrite(name, with: ProgramFile(key: file.key, binary: Array("no program binary".utf8)).bytes)
        #expect(try Self.session(info, test.folder) == ([5, 5], Self.refused))
        #expect(try Self.session(info, test.folder) == ([5, 5], Self.loaded))
        #expect(test.names == [name])
    }

    /// Another driver's program has another name: neither takes the other's place.
    @Test(arguments: devices)
    func driversKeepApart(info: OpenCLDeviceInfo) throws {
        let test = try TestCacheFolder()
        let other = Self.recipe().key(identity: info.cacheIdentity.replacing(info.driverVersion, with: "0.0"))
        test.folder.write(ProgramFile(key: other, binary: [1]).bytes, as: ProgramFile.name(key: other))
        #expect(try Self.session(info, test.folder) == ([5, 5], Self.compiled))
        #expect(test.names.count == 2)
    }

    @Test(arguments: devices)
    func manySessionsAtOnce(info: OpenCLDeviceInfo) throws {
        let test = try TestCacheFolder()
        let folder = test.folder
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            let values = try? Self.session(info, folder).values
            #expect(values == [5, 5])
        }
        #expect(test.names.count == 1)
        #expect(try Self.session(info, folder) == ([5, 5], Self.loaded))
    }

    @Test(arguments: OpenCLDriver.devices())
    func manyThreadsOfOneSessionBuildOnce(info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            let values = try? Self.run(session.kernels(Self.recipe()) { _ in }, on: session)
            #expect(values == [5, 5])
        }
        #expect(session.programs.counts == Self.compiled)
    }
}
