import Foundation

/// Where a report goes. A file appears whole or not at all: it is written under another name and then renamed.
struct ReportFile {
    private enum Target {
        case standardOutput
        /// A pipe or a device: there is nothing to replace.
        case stream(String)
        /// The mode is that of the file that is replaced.
        case file(String, mode: mode_t?)
    }

    private let target: Target

    var isStandardOutput: Bool { if case .standardOutput = target { true } else { false } }

    /// - Parameter path: `-` for standard output.
    /// - Throws: `CommandError` when nothing could be written there.
    init(_ path: String) throws {
        if path == "-" {
            target = .standardOutput
            return
        }
        if path.isEmpty { throw CommandError("the name of the JSON file is empty") }
        // Through links, so that the file is replaced and the link stays.
        let path = Self.resolved(path)
        var status = stat()
        let exists = stat(path, &status) == 0
        switch exists ? status.st_mode & S_IFMT : S_IFREG {
        case S_IFDIR: throw CommandError("cannot write \(path): it is a folder")
        case S_IFREG:
            let temporary = Self.temporary(for: path)
            do {
                if exists, access(path, W_OK) != 0 { throw SystemError() }
                try Self.create(temporary, mode: nil, [])
            } catch {
                throw CommandError("cannot write \(path): \(error)")
            }
            unlink(temporary)
            target = .file(path, mode: exists ? status.st_mode & 0o777 : nil)
        default:
            if access(path, W_OK) != 0 { throw CommandError("cannot write \(path): \(SystemError())") }
            target = .stream(path)
        }
    }

    func write(_ bytes: [UInt8], _ interruption: Interruption) throws {
        switch target {
        case .standardOutput: try Terminal.write(bytes, to: .output)
        case .stream(let path):
            do {
                let descriptor = open(path, O_WRONLY)
                if descriptor < 0 { throw SystemError() }
                defer { close(descriptor) }
                try writeAll(bytes, to: descriptor)
            } catch {
                throw CommandError("cannot write \(path): \(error)")
            }
        case .file(let path, let mode):
            let temporary = Self.temporary(for: path)
            try interruption.removing(temporary) {
                do {
                    try Self.create(temporary, mode: mode, bytes)
                    if rename(temporary, path) != 0 { throw SystemError() }
                } catch {
                    unlink(temporary)
                    throw CommandError("cannot write \(path): \(error)")
                }
            }
        }
    }

    private static func create(_ path: String, mode: mode_t?, _ bytes: [UInt8]) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
        if descriptor < 0 { throw SystemError() }
        defer { close(descriptor) }
        if let mode, fchmod(descriptor, mode) != 0 { throw SystemError() }
        try writeAll(bytes, to: descriptor)
        // A full disk may only show now.
        if fsync(descriptor) != 0 { throw SystemError() }
    }

    /// In the same folder, as a file cannot be renamed from one disk to another.
    private static func temporary(for path: String) -> String {
        let url = URL(fileURLWithPath: path)
        return url.deletingLastPathComponent().appendingPathComponent(".\(url.lastPathComponent).\(getpid()).tmp").path
    }

    private static func resolved(_ path: String) -> String {
        guard let found = realpath(path, nil) else { return path }
        defer { free(found) }
        return String(cString: found)
    }
}
