import Foundation
import Testing

@testable import LockstepRuntime

@Suite struct ProgramCacheFolderTests {
    /// PoCL has a cache of its own, and makes giving out a program expensive.
    @Test func driversThatKeepProgramsAreLeftAlone() {
        let environment = ["HOME": "/somewhere"]
        let pocl = "Portable Computing Language"
        #expect(CacheFolder.user(for: pocl, environment) == nil)
        #expect(CacheFolder.user(for: pocl, environment.merging(["POCL_KERNEL_CACHE": "0"]) { $1 }) != nil)
        #expect(CacheFolder.user(for: "Another", environment)?.path == CacheFolder.user(environment)?.path)
    }

    @Test func location() {
        func path(_ environment: [String: String]) -> String? { CacheFolder.user(environment)?.path }
        #expect(path(["LOCKSTEP_CACHE": "none", "XDG_CACHE_HOME": "/x", "HOME": "/h"]) == nil)
        #expect(path(["LOCKSTEP_CACHE": "/c", "XDG_CACHE_HOME": "/x", "HOME": "/h"]) == "/c/programs")
        #expect(path(["LOCKSTEP_CACHE": "", "XDG_CACHE_HOME": "/x", "HOME": "/h"]) == "/x/lockstep/programs")
        #expect(path(["XDG_CACHE_HOME": "relative", "HOME": "/h"])?.hasPrefix("/h/") == true)
        #expect(path(["HOME": "/h"])?.hasSuffix("/lockstep/programs") == true)
        #expect(path([:]) == nil)
        #expect(path(["HOME": ""]) == nil)
    }

    @Test func comesBack() throws {
        let test = try TestCacheFolder()
        let folder = test.folder
        #expect(folder.read("a.program") == nil)
        folder.write([1, 2, 3], as: "a.program")
        #expect(folder.read("a.program") == [1, 2, 3])
        folder.write([4], as: "a.program")
        #expect(folder.read("a.program") == [4])
        folder.write([], as: "b.program")
        #expect(folder.read("b.program") == [])
        #expect(test.names == ["a.program", "b.program"])
        #expect(try test.mode(folder.path) == 0o700)
        #expect(try test.mode(test.file("a.program")) == 0o600)
        folder.remove("a.program")
        #expect(folder.read("a.program") == nil)
    }

    @Test func whatOthersCanWriteIsNotRead() throws {
        let test = try TestCacheFolder()
        let folder = test.folder
        folder.write([1], as: "a.program")
        try test.setMode(0o777, folder.path)
        #expect(folder.read("a.program") == nil)
        folder.write([2], as: "b.program")
        #expect(test.names == ["a.program"])
        try test.setMode(0o700, folder.path)
        #expect(folder.read("a.program") == [1])
        try test.setMode(0o666, test.file("a.program"))
        #expect(folder.read("a.program") == nil)
    }

    @Test func linksAndPipesAreNotRead() throws {
        let test = try TestCacheFolder()
        let folder = test.folder
        folder.write([1], as: "a.program")
        let outside = test.path + "/outside"
        try Data([7]).write(to: URL(fileURLWithPath: outside))
        try test.setMode(0o600, outside)
        try FileManager.default.createSymbolicLink(atPath: test.file("link.program"), withDestinationPath: outside)
        #expect(folder.read("link.program") == nil)
        // A write replaces the link, and not what it points to.
        folder.write([2], as: "link.program")
        #expect(folder.read("link.program") == [2])
        #expect(try Data(contentsOf: URL(fileURLWithPath: outside)) == Data([7]))

        #expect(mkfifo(test.file("pipe.program"), 0o600) == 0)
        #expect(folder.read("pipe.program") == nil)
        try FileManager.default.createDirectory(atPath: test.file("folder.program"), withIntermediateDirectories: false)
        #expect(folder.read("folder.program") == nil)
        folder.write([3], as: "folder.program")
        #expect(!test.names.contains { $0.hasSuffix(".partial") })
    }

    @Test func folderThatCannotBeWritten() throws {
        let test = try TestCacheFolder()
        try Data([1]).write(to: URL(fileURLWithPath: test.path + "/file"))
        // Below a file no folder can be, whoever asks.
        let below = CacheFolder(path: test.path + "/file/programs")
        below.write([1], as: "a.program")
        #expect(below.read("a.program") == nil)
        let file = CacheFolder(path: test.path + "/file")
        file.write([1], as: "a.program")
        #expect(file.read("a.program") == nil)
        below.remove("a.program")

        let folder = test.folder
        folder.write([1], as: "a.program")
        try test.setMode(0o500, folder.path)
        folder.write([2], as: "b.program")
        #expect(folder.read("a.program") == [1])
        if geteuid() != 0 { #expect(folder.read("b.program") == nil) }
        try test.setMode(0o700, folder.path)
    }

    @Test func oldestGo() throws {
        let test = try TestCacheFolder()
        let folder = CacheFolder(path: test.folder.path, byteLimit: 250)
        let bytes = [UInt8](repeating: 1, count: 100)
        let start = Date().addingTimeInterval(-1000)
        func age(_ name: String, _ order: Double) throws {
            try FileManager.default.setAttributes(
                [.modificationDate: start.addingTimeInterval(order)], ofItemAtPath: test.file(name))
        }
        folder.write(bytes, as: "a.program")
        folder.write(bytes, as: "b.program")
        try age("a.program", 1)
        try age("b.program", 2)
        // Reading is using.
        #expect(folder.read("a.program") != nil)
        folder.write(bytes, as: "c.program")
        #expect(test.names == ["a.program", "c.program"])
        // Larger than all that may be kept.
        folder.write([UInt8](repeating: 1, count: 251), as: "d.program")
        #expect(test.names == ["a.program", "c.program"])
        folder.write([UInt8](repeating: 1, count: 250), as: "d.program")
        #expect(test.names == ["d.program"])
    }

    @Test func onlyOwnFilesGo() throws {
        let test = try TestCacheFolder()
        let folder = CacheFolder(path: test.folder.path, byteLimit: 10)
        folder.write([1], as: "a.program")
        try test.overwrite("notes.txt", with: [UInt8](repeating: 1, count: 100))
        try test.overwrite("a.program.1.2.partial", with: [1])
        try test.overwrite("a.program.1.3.partial", with: [1])
        try FileManager.default.setAttributes(
            [.modificationDate: Date().addingTimeInterval(-7200)], ofItemAtPath: test.file("a.program.1.2.partial"))
        folder.write([1], as: "b.program")
        #expect(test.names == ["a.program", "a.program.1.3.partial", "b.program", "notes.txt"])
    }

    /// Writers of one name, with readers: each sees a whole file, or none.
    @Test func manyWriters() throws {
        let test = try TestCacheFolder()
        let folder = test.folder
        @Sendable func contents(_ writer: Int) -> [UInt8] { [UInt8](repeating: UInt8(writer), count: 20_000 + writer) }
        DispatchQueue.concurrentPerform(iterations: 8) { writer in
            for _ in 0..<20 {
                folder.write(contents(writer), as: "a.program")
                let found = folder.read("a.program")
                #expect(found?.first.map { found == contents(Int($0)) } == true)
            }
        }
        #expect(test.names == ["a.program"])
    }
}
