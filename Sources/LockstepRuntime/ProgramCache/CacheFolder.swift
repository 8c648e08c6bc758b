import Foundation

/// A folder of files that may vanish at any time. A program read from it runs in this process, so only what this user
/// alone can have written is read. Nothing here throws: a folder that cannot be used is as good as an empty one.
package struct CacheFolder: Hashable, Sendable {
    let path: String
    /// When the files take more than this, the least recently used ones go.
    let byteLimit: Int

    static let fileSuffix = ".program"
    private static let partialSuffix = ".partial"

    package init(path: String, byteLimit: Int = 256 << 20) {
        self.path = path
        self.byteLimit = byteLimit
    }

    // MARK: Reading

    /// The bytes of a file, which counts as used now.
    func read(_ name: String) -> [UInt8]? {
        guard isOwn else { return nil }
        // Without waiting: whatever bears the name, a pipe too, is opened at once and then looked at.
        let file = open(path + "/" + name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, Self.isOwn(status, S_IFREG), Int(status.st_size) <= byteLimit else { return nil }
        let size = Int(status.st_size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = Foundation.read(file, buffer.baseAddress.map { $0 + count }, size - count)
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { return }
                count += got
            }
        }
        futimens(file, nil)
        return bytes.count == size ? bytes : nil
    }

    // MARK: Writing

    /// Puts a file in place as a whole: other processes see the old one, or none, or all of the new one.
    func write(_ bytes: [UInt8], as name: String) {
        guard bytes.count <= byteLimit, makeFolder() else { return }
        let partial = "\(path)/\(name).\(getpid()).\(String(UInt64.random(in: 0 ... .max), radix: 16))\(Self.partialSuffix)"
        let file = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { return }
        let isWritten = Self.write(bytes, to: file)
        guard close(file) == 0, isWritten, rename(partial, path + "/" + name) == 0 else {
            unlink(partial)
            return
        }
        prune(keeping: name)
    }

    func remove(_ name: String) {
        if isOwn { unlink(path + "/" + name) }
    }

    private static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let put = Foundation.write(file, buffer.baseAddress.map { $0 + done }, buffer.count - done)
                if put < 0, errno == EINTR { continue }
                guard put > 0 else { return false }
                done += put
            }
            return true
        }
    }

    // MARK: The folder

    static func isOwn(_ status: stat, _ kind: mode_t) -> Bool {
        status.st_mode & S_IFMT == kind && status.st_uid == geteuid() && status.st_mode & 0o022 == 0
    }

    /// Whether the folder is there, and nobody else can put files into it. A link to it must be this user's own.
    private var isOwn: Bool {
        var link = stat()
        var folder = stat()
        guard lstat(path, &link) == 0, link.st_uid == geteuid(), stat(path, &folder) == 0 else { return false }
        return Self.isOwn(folder, S_IFDIR)
    }

    /// Makes the folder, for something else to keep files in.
    ///
    /// - Returns: whether it is there, and nobody else can put files into it or into the one above it.
    func makePrivate() -> Bool {
        makeFolder() && above.isOwn
    }

    /// The folder that this one is in.
    var above: CacheFolder { CacheFolder(path: URL(fileURLWithPath: path).deletingLastPathComponent().path) }

    private func makeFolder() -> Bool {
        if isOwn { return true }
        var parent = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            parent += part
            // Fails for those that are there.
            mkdir(parent, 0o700)
            parent += "/"
        }
        return isOwn
    }

    // MARK: Size

    private struct Found {
        let path: String
        let bytes: Int
        let changed: Double
    }

    private func prune(keeping kept: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let now = Date().timeIntervalSince1970
        var files: [Found] = []
        var total = 0
        for name in names where name.hasSuffix(Self.fileSuffix) || name.hasSuffix(Self.partialSuffix) {
            var status = stat()
            let file = path + "/" + name
            guard lstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            let changed = Self.modified(status)
            if name.hasSuffix(Self.partialSuffix) {
                // A writer that ended before its time left it behind.
                if now - changed > 3600 { unlink(file) }
                continue
            }
            total += Int(status.st_size)
            if name != kept { files.append(Found(path: file, bytes: Int(status.st_size), changed: changed)) }
        }
        for file in files.sorted(by: { $0.changed < $1.changed }) {
            guard total > byteLimit else { return }
            unlink(file.path)
            total -= file.bytes
        }
    }

    private static func modified(_ status: stat) -> Double {
        #if canImport(Darwin)
        let time = status.st_mtimespec
        #else
        let time = status.st_mtim
        #endif
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
