/// A compiled program as a cache file: a mark with the format's version, two lengths, the whole key, the driver's
/// binary, and a digest of all that. A driver may crash on a damaged binary, so nothing but an exact file is read.
struct ProgramFile: Equatable, Sendable {
    let key: [UInt8]
    let binary: [UInt8]

    private static let mark = Array("lockstep program 1\n".utf8)
    private static let digestCount = 16

    /// The file's name in a folder.
    static func name(key: [UInt8]) -> String { Digest(key).hexadecimal + CacheFolder.fileSuffix }

    init(key: [UInt8], binary: [UInt8]) {
        self.key = key
        self.binary = binary
    }

    /// Nil where the bytes are not exactly what `bytes` gives.
    init?(bytes: [UInt8]) {
        let header = Self.mark.count + 16
        guard bytes.count >= header + Self.digestCount, bytes.starts(with: Self.mark) else { return nil }
        func length(at offset: Int) -> Int? {
            Int(exactly: bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) })
        }
        let rest = bytes.count - header - Self.digestCount
        guard let keyCount = length(at: Self.mark.count), let binaryCount = length(at: Self.mark.count + 8),
            keyCount <= rest, binaryCount == rest - keyCount
        else { return nil }
        let body = bytes.dropLast(Self.digestCount)
        guard bytes.suffix(Self.digestCount).elementsEqual(Digest(body).bytes) else { return nil }
        key = Array(bytes[header..<header + keyCount])
        binary = Array(bytes[(header + keyCount)..<(header + rest)])
    }

    var bytes: [UInt8] {
        var bytes = Self.mark
        for count in [key.count, binary.count] {
            withUnsafeBytes(of: UInt64(count).littleEndian) { bytes.append(contentsOf: $0) }
        }
        bytes += key
        bytes += binary
        bytes += Digest(bytes).bytes
        return bytes
    }
}
