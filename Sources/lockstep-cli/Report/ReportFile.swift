import Foundation

/// Where a report goes. A file appears whole or not at all: it is written under another name and then renamed.
struct ReportFile {
    private enum Target {
        /// Open already; number 1 is standard output.
        case descriptor(Int32)
        /// A pipe or a device: there is nothing to replace.
        case stream(String)
        /// The mode is that of the file that is replaced.
        case file(String, mode: mode_t?)
    }

    private let path: String
    private let target: Target
    private let interruption: Interruption

    var isStandardOutput: Bool { if case .descriptor(STDOUT_FILENO) = target { true } else { false } }

    /// - Parameters:
    ///   - path: `-` for standard output.
    ///   - interruption: removes what is half-written.
    /// - Throws: `CommandError` when nothing could be written there.
    init(_ path: String, _ interruption: Interruption) throws {
        if path.isEmpty { throw CommandError("the name of the JSON file is empty") }
        self.path = path
        self.interruption = interruption
        do {
            target = path == "-" ? .descriptor(STDOUT_FILENO) : try Self.target(LinkedPath(path))
            if case .file(let path, let mode) = target {
                if mode != nil, access(path, W_OK) != 0 { throw SystemError() }
                // Whether a file can be made beside it.
                let trial = TemporaryFile(besides: path)
                try interruption.removing(trial.path, make: trial.create) { descriptor in
                    close(descriptor)
                    unlink(trial.path)
                }
            }
        } catch {
            throw CommandError("cannot write \(path): \(error)")
        }
    }

    private static func target(_ place: LinkedPath) throws -> Target {
        if let descriptor = place.descriptor {
            guard fcntl(descriptor, F_GETFD) != -1 else { throw SystemError() }
            return .descriptor(descriptor)
        }
        var status = stat()
        guard stat(place.path, &status) == 0 else {
            if errno != ENOENT { throw SystemError() }
            return .file(place.path, mode: nil)
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: throw CommandError("it is a folder")
        case S_IFREG:
            // A file that standard output goes to must not be replaced under it.
            var output = stat()
            if fstat(STDOUT_FILENO, &output) == 0, output.st_dev == status.st_dev, output.st_ino == status.st_ino {
                return .descriptor(STDOUT_FILENO)
            }
            return .file(place.path, mode: status.st_mode & 0o777)
        default:
            if access(place.path, W_OK) != 0 { throw SystemError() }
            return .stream(place.path)
        }
    }

    func write(_ bytes: [UInt8]) throws {
        do {
            switch target {
            case .descriptor(STDOUT_FILENO): try Terminal.write(bytes, to: .output)
            case .descriptor(let descriptor): try writeAll(bytes, to: descriptor)
            case .stream(let path):
                let descriptor = open(path, O_WRONLY | O_CLOEXEC)
                if descriptor < 0 { throw SystemError() }
                defer { close(descriptor) }
                try writeAll(bytes, to: descriptor)
            case .file(let path, let mode):
                let temporary = TemporaryFile(besides: path)
                try interruption.removing(temporary.path, make: temporary.create) { descriptor in
                    do {
                        try Self.fill(descriptor, mode: mode, bytes)
                        if rename(temporary.path, path) != 0 { throw SystemError() }
                    } catch {
                        unlink(temporary.path)
                        throw error
                    }
                }
            }
        } catch let error as SystemError {
            throw CommandError("cannot write \(path): \(error)")
        }
    }

    /// Writes and closes.
    private static func fill(_ descriptor: Int32, mode: mode_t?, _ bytes: [UInt8]) throws {
        defer { close(descriptor) }
        if let mode, fchmod(descriptor, mode) != 0 { throw SystemError() }
        try writeAll(bytes, to: descriptor)
        // A full disk may only show now.
        if fsync(descriptor) != 0 { throw SystemError() }
    }
}

/// A file of a name that nobody can have guessed, in the folder of another: a file cannot be renamed from one disk to
/// another.
struct TemporaryFile {
    let path: String

    init(besides path: String) {
        // Short, as the other's name may be as long as names can be.
        let name = ".lockstep-\(String(UInt64.random(in: 0 ... .max), radix: 36)).tmp"
        self.init(path: URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent(name).path)
    }

    init(path: String) { self.path = path }

    /// - Returns: a descriptor to write to.
    /// - Throws: `SystemError`, when anything is there already, a link say.
    func create() throws -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        if descriptor < 0 { throw SystemError() }
        return descriptor
    }
}

/// What a path leads to, through links, so that a file is replaced and the links to it stay. The file need not exist.
struct LinkedPath {
    /// The last one, which is no link.
    let path: String
    /// Where the path is a name for a descriptor of this process, `/dev/stdout` say.
    let descriptor: Int32?

    init(_ path: String) throws {
        var path = path
        // As many as Linux follows.
        for _ in 0..<40 {
            if let descriptor = Self.descriptor(path) {
                self.path = path
                self.descriptor = descriptor
                return
            }
            guard let destination = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else {
                self.path = path
                descriptor = nil
                return
            }
            path =
                destination.hasPrefix("/")
                ? destination : URL(fileURLWithPath: path).deletingLastPathComponent().path + "/" + destination
        }
        throw SystemError(ELOOP)
    }

    private static func descriptor(_ path: String) -> Int32? {
        switch path {
        case "/dev/stdout": return STDOUT_FILENO
        case "/dev/stderr": return STDERR_FILENO
        default:
            let folder = ["/dev/fd/", "/proc/self/fd/", "/proc/\(getpid())/fd/"].first { path.hasPrefix($0) }
            return folder.flatMap { Int32(path.dropFirst($0.count)) }
        }
    }
}
