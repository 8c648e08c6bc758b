import Foundation
import Testing

@testable import LockstepRuntime

/// The folder that PoCL is given for what it compiles.
@Suite struct DriverCachesTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lockstep-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func expectPrivate(_ path: String) throws {
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o700)
    }

    @Test func aHomeOfOnesOwnIsEnough() throws {
        try withFolder { folder in
            #expect(DriverCaches.settings(["HOME": folder], temporary: folder).isEmpty)
            #expect(DriverCaches.settings(["HOME": "", "XDG_CACHE_HOME": folder], temporary: folder).isEmpty)
            #expect(DriverCaches.settings(["POCL_CACHE_DIR": "/anywhere"], temporary: folder).isEmpty)
        }
    }

    @Test func withoutAHome() throws {
        try withFolder { folder in
            let own = "\(folder)/lockstep-\(geteuid())/pocl"
            for _ in 0..<2 { #expect(DriverCaches.settings([:], temporary: folder) == ["POCL_CACHE_DIR": own]) }
            try expectPrivate(own)
            #expect(DriverCaches.settings(["XDG_CACHE_HOME": "relative"], temporary: folder)["POCL_CACHE_DIR"] == own)
            // Where Lockstep's own programs are.
            let chosen = DriverCaches.settings(["LOCKSTEP_CACHE": folder + "/own"], temporary: folder)
            #expect(chosen == ["POCL_CACHE_DIR": folder + "/own/pocl"])
        }
    }

    /// A home that others can write to is none.
    @Test(arguments: [0o777, 0o775, 0o1777]) func anOpenHome(_ permissions: Int) throws {
        try withFolder { folder in
            let home = folder + "/home"
            try FileManager.default.createDirectory(atPath: home + "/.cache/pocl/kcache", withIntermediateDirectories: true)
            try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: home + "/.cache/pocl/kcache")
            let settings = DriverCaches.settings(["HOME": home], temporary: folder)
            let path = try #require(settings["POCL_CACHE_DIR"])
            #expect(!path.hasPrefix(home + "/.cache/pocl"))
            try expectPrivate(path)
        }
    }

    /// What somebody else made beforehand is not used, nor what others can write to.
    @Test func plantedFolders() throws {
        try withFolder { folder in
            let planted = "\(folder)/lockstep-\(geteuid())"
            func check() throws {
                let settings = DriverCaches.settings([:], temporary: folder)
                let path = try #require(settings["POCL_CACHE_DIR"])
                #expect(!path.hasPrefix(planted + "/"))
                #expect(settings["POCL_KERNEL_CACHE"] == "0")
                try expectPrivate(path)
            }
            try FileManager.default.createDirectory(atPath: planted, withIntermediateDirectories: true)
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: planted)
            try check()
            // Only root can give a folder away.
            guard geteuid() == 0 else { return }
            try FileManager.default.removeItem(atPath: planted)
            try FileManager.default.createDirectory(atPath: planted + "/pocl", withIntermediateDirectories: true)
            for path in [planted, planted + "/pocl"] { try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path) }
            #expect(lchown(planted, 12345, 12345) == 0)
            try check()
            try FileManager.default.removeItem(atPath: planted)
            try FileManager.default.createSymbolicLink(atPath: planted, withDestinationPath: folder)
            #expect(lchown(planted, 12345, 12345) == 0)
            try check()
        }
    }
}
