import Foundation

/// Where drivers keep the programs that they compile themselves. What is found there runs in this process, so nobody
/// else may be able to put something there.
enum DriverCaches {
    /// PoCL takes `POCL_CACHE_DIR`, else `XDG_CACHE_HOME`, else `HOME`, else a folder of a fixed name below the folder
    /// for temporary files, and trusts whatever it finds. Where the user has not chosen, and the one that it would take
    /// is not this user's alone, it gets one that is, or none. Called before any driver is loaded.
    static func secure(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
        for (name, value) in settings(environment) { setenv(name, value, 1) }
    }

    /// The environment variables that PoCL needs beside those that there are.
    static func settings(_ environment: [String: String], temporary: String = FileManager.default.temporaryDirectory.path) -> [String: String] {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard value("POCL_CACHE_DIR") == nil else { return [:] }
        let usual = value("XDG_CACHE_HOME") ?? value("HOME").map { $0 + "/.cache" }
        if let usual, usual.hasPrefix("/"), isOwn(usual + "/pocl/kcache") { return [:] }
        let candidates = [
            CacheFolder.user(environment).map { CacheFolder(path: $0.above.path + "/pocl") },
            CacheFolder(path: "\(temporary)/lockstep-\(geteuid())/pocl"),
        ]
        for case let folder? in candidates where folder.makePrivate() { return ["POCL_CACHE_DIR": folder.path] }
        guard let own = newFolder(temporary) else { return ["POCL_KERNEL_CACHE": "0"] }
        return ["POCL_CACHE_DIR": own, "POCL_KERNEL_CACHE": "0"]
    }

    /// Whether a folder, or the part of its path that there is, can be changed by this user alone.
    private static func isOwn(_ path: String) -> Bool {
        var path = path
        var status = stat()
        while stat(path, &status) != 0 {
            guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return false }
            path = String(path[..<slash])
        }
        return CacheFolder.isOwn(status, S_IFDIR)
    }

    /// A folder of a name that nobody could know.
    private static func newFolder(_ temporary: String) -> String? {
        var template = Array("\(temporary)/lockstep-XXXXXX".utf8CString)
        return template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
    }
}
