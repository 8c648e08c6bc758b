import Foundation

extension CacheFolder {
    /// Where this user's compiled programs are kept: in `LOCKSTEP_CACHE`, else in `XDG_CACHE_HOME`, else where the
    /// system keeps such files. Nil where there is no such place, and with `LOCKSTEP_CACHE=none`.
    package static func user(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> CacheFolder? {
        func value(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        // A folder of our own below the given one: how open that one is, is up to its owner.
        let own = "/programs"
        if let chosen = value("LOCKSTEP_CACHE") {
            return chosen == "none" ? nil : CacheFolder(path: chosen + own)
        }
        // The standard asks for relative paths to be ignored.
        if let caches = value("XDG_CACHE_HOME"), caches.hasPrefix("/") {
            return CacheFolder(path: caches + "/lockstep" + own)
        }
        guard let home = value("HOME"), home.hasPrefix("/") else { return nil }
        #if canImport(Darwin)
        return CacheFolder(path: home + "/Library/Caches/lockstep" + own)
        #else
        return CacheFolder(path: home + "/.cache/lockstep" + own)
        #endif
    }

    /// Where the programs of a device are kept: nowhere where its driver keeps them itself. PoCL does, and giving a
    /// program out makes it compile a second, more general version, which takes longer than the program itself.
    package static func user(
        for platformName: String, _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> CacheFolder? {
        let keepsItsOwn = platformName == "Portable Computing Language" && environment["POCL_KERNEL_CACHE"] != "0"
        return keepsItsOwn ? nil : user(environment)
    }
}
