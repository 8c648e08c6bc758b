internal import COpenCL

/// The two-call protocol that all `clGet...Info` functions share: ask for the size, then for the value.
enum OpenCLQuery {
    /// The tail of a `clGet...Info` call: capacity in bytes, where to put the value, where to put its size.
    typealias Getter = (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> Int32

    struct Failure: Error {
        let code: OpenCLErrorCode
    }

    static func bytes(_ get: Getter) throws(Failure) -> [UInt8] {
        var size = 0
        try check(get(0, nil, &size))
        guard size > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: size)
        var written = size
        let code = bytes.withUnsafeMutableBytes { get(size, $0.baseAddress, &written) }
        try check(code)
        return Array(bytes.prefix(written))
    }

    /// Strings end with NUL, and drivers pad names with spaces.
    static func string(_ get: Getter) throws(Failure) -> String {
        let text = String(decoding: try bytes(get).prefix { $0 != 0 }, as: UTF8.self)
        let isPadding: (Character) -> Bool = { $0.isWhitespace }
        guard let last = text.lastIndex(where: { !isPadding($0) }) else { return "" }
        return String(text[...last].drop(while: isPadding))
    }

    /// A value of fixed size. An answer of another size is a failure too.
    static func value<Value: BitwiseCopyable>(_ type: Value.Type, _ get: Getter) throws(Failure) -> Value {
        let bytes = try bytes(get)
        guard bytes.count == MemoryLayout<Value>.size else {
            throw Failure(code: OpenCLErrorCode(rawValue: CL_INVALID_VALUE))
        }
        return bytes.withUnsafeBytes { $0.loadUnaligned(as: Value.self) }
    }

    static func check(_ code: Int32) throws(Failure) {
        guard code == CL_SUCCESS else { throw Failure(code: OpenCLErrorCode(rawValue: code)) }
    }
}
