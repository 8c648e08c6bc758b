internal import COpenCL
import Foundation

/// Which drivers fall over when they are first used, found out in a child process: a driver that crashes or hangs would
/// take this one along.
///
/// What was found is kept beside the compiled programs, and holds as long as the drivers' files are the same; a child
/// that crashed is looked at again after an hour. Without such a folder (`LOCKSTEP_CACHE=none`) each process asks anew.
struct DriverProbe: Equatable, Sendable {
    /// Reasons by the names of platforms.
    var refused: [String: String] = [:]
    /// Why no driver can be used: they fell over before their platforms had names.
    var failure: String?

    /// Time without news after which a child hangs.
    static let patience: Int32 = 8000
    /// Platforms that may fall over, each in a child of its own.
    static let mostChildren = 8

    static func result(_ folder: CacheFolder?, _ environment: [String: String] = ProcessInfo.processInfo.environment) -> DriverProbe {
        guard environment["LOCKSTEP_OPENCL_LIBRARY"] != "none", lockstep_ocl_can_probe() else { return DriverProbe() }
        let key = DriverProbeRecord.key(environment)
        let name = DriverProbeRecord.name(key)
        if let bytes = folder?.read(name), let record = DriverProbeRecord(bytes: bytes), record.isValid(for: key) { return record.probe }
        var (probe, files, isLasting) = (DriverProbe(), Set<DriverProbeRecord.File>(), true)
        for _ in 0..<mostChildren {
            let child = Child(passed: probe.refused.keys.sorted())
            files.formUnion(child.files)
            guard let (platform, reason, isHang) = child.failure else { break }
            // A machine that is very busy may look like a driver that hangs.
            if isHang { isLasting = false }
            guard let platform else {
                probe.failure = reason
                break
            }
            probe.refused[platform] = reason
        }
        if isLasting, let folder {
            folder.write(DriverProbeRecord(key: key, probe: probe, files: files.sorted { $0.path < $1.path }).bytes, as: name)
        }
        return probe
    }

    /// One child's story.
    private struct Child {
        var files: Set<DriverProbeRecord.File> = []
        /// The platform at fault, nil where none had been reached, and what happened.
        var failure: (platform: String?, reason: String, isHang: Bool)?

        init(passed: [String]) {
            let names = passed.map { strdup($0) }
            defer { for name in names { free(name) } }
            var number: Int32 = 0
            var end = LOCKSTEP_PROBE_IMPOSSIBLE
            let pointers = names.map { $0.map { UnsafePointer($0) } }
            let text = String(unsafeUninitializedCapacity: 1 << 17) { buffer in
                buffer.withMemoryRebound(to: CChar.self) { buffer in
                    guard let base = buffer.baseAddress else { return 0 }
                    end = lockstep_ocl_probe(pointers, pointers.count, DriverProbe.patience, base, buffer.count, &number)
                    return strlen(base)
                }
            }
            var (platform, stage): (String?, String) = (nil, "it is loaded")
            for line in text.split(separator: "\n") {
                let words = line.split(separator: "\t", omittingEmptySubsequences: false).map { String($0) }
                switch (words[0], words.count) {
                case ("platform", 2): platform = words[1]
                case ("stage", 2): stage = words[1]
                case ("wrong", 2): failure = (words[1], "\(words[1]) computes wrong numbers", false)
                case ("file", 4): files.insert(.init(path: words[1], size: words[2], time: words[3]))
                default: break
                }
            }
            let name = platform ?? "an OpenCL driver"
            switch end {
            case LOCKSTEP_PROBE_CRASHED:
                let how = number == 0 ? "" : " (signal \(number))"
                failure = (platform, "\(name) crashes when \(stage)\(how); another driver, or its repair, will help", false)
            case LOCKSTEP_PROBE_HANGS:
                failure = (platform, "\(name) hangs when \(stage): no answer for \(DriverProbe.patience / 1000) seconds", true)
            default: break
            }
        }
    }
}

/// A probe's result as a file.
struct DriverProbeRecord: Codable {
    /// A library that was in the child.
    struct File: Codable, Hashable {
        let path: String
        let size: String
        let time: String

        /// As C names them, in the same digits.
        init(path: String, size: String, time: String) {
            (self.path, self.size, self.time) = (path, size, time)
        }

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            #if canImport(Darwin)
            let time = status.st_mtimespec
            #else
            let time = status.st_mtim
            #endif
            let digits = String(time.tv_nsec)
            self.init(
                path: path, size: "\(status.st_size)",
                time: "\(time.tv_sec)." + String(repeating: "0", count: max(9 - digits.count, 0)) + digits)
        }
    }

    let key: String
    let refused: [String: String]
    let failure: String?
    let files: [File]
    let made: Double

    private static let failureSeconds = 3600.0

    init(key: String, probe: DriverProbe, files: [File]) {
        self.key = key
        (refused, failure) = (probe.refused, probe.failure)
        self.files = files
        made = Date().timeIntervalSince1970
    }

    init?(bytes: [UInt8]) {
        guard let record = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else { return nil }
        self = record
    }

    var bytes: [UInt8] { (try? JSONEncoder().encode(self)).map { Array($0) } ?? [] }

    var probe: DriverProbe { DriverProbe(refused: refused, failure: failure) }

    func isValid(for key: String) -> Bool {
        let age = Date().timeIntervalSince1970 - made
        guard self.key == key, refused.isEmpty && failure == nil || (0...Self.failureSeconds).contains(age) else { return false }
        return files.allSatisfy { File($0.path) == $0 }
    }

    static func name(_ key: String) -> String { Digest(key.utf8).hexadecimal + ".drivers" }

    /// Which drivers there are, and what they may go by.
    static func key(_ environment: [String: String]) -> String {
        let prefixes = ["OCL_", "POCL_", "CL_", "LD_", "LOCKSTEP_OPENCL", "HOME", "XDG_CACHE"]
        let settings = environment.filter { setting in prefixes.contains { setting.key.hasPrefix($0) } }
        let vendors = environment["OCL_ICD_VENDORS"] ?? "/etc/OpenCL/vendors"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: vendors).sorted().map { "\(vendors)/\($0)" }) ?? [vendors]
        let loader = environment["LOCKSTEP_OPENCL_LIBRARY"].flatMap { File($0) }.map { "\($0.size)\t\($0.time)" } ?? ""
        let files = names.map { path -> String in
            let library = ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
            return "\(path)\t\(library)\t" + (File(library).map { "\($0.size)\t\($0.time)" } ?? "")
        }
        return (settings.map { "\($0)=\($1)" }.sorted() + [loader] + files).joined(separator: "\n")
    }
}
