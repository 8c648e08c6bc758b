import Foundation

/// Where text goes.
enum Terminal {
    enum Stream {
        case output, error

        fileprivate var descriptor: Int32 {
            switch self {
            case .output: STDOUT_FILENO
            case .error: STDERR_FILENO
            }
        }
    }

    /// - Throws: `CommandError` when it cannot be written. A reader that went away ends the process as it ends others:
    ///   by SIGPIPE, without a word.
    static func write(_ text: String, to stream: Stream) throws {
        try write(Array(text.utf8), to: stream)
    }

    static func write(_ bytes: [UInt8], to stream: Stream) throws {
        do {
            try writeAll(bytes, to: stream.descriptor)
        } catch {
            throw CommandError("cannot write to standard \(stream): \(error)")
        }
    }

    /// The width of what standard error is shown on; nil when it is not a terminal that can redraw a line.
    static var errorWidth: Int? {
        guard isatty(STDERR_FILENO) == 1, let kind = ProcessInfo.processInfo.environment["TERM"], kind != "dumb" else { return nil }
        var size = winsize()
        let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? Int(size.ws_col) : 80
    }
}

/// What the system says of a failed call.
struct SystemError: Error, CustomStringConvertible {
    let code: Int32
    init(_ code: Int32 = errno) { self.code = code }
    var description: String { String(cString: strerror(code)).lowercasedFirst }
}

/// Writes all bytes to a descriptor.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws {
    try bytes.withUnsafeBytes { all in
        var rest = all[...]
        while !rest.isEmpty {
            let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError() }
            rest = rest.dropFirst(count)
        }
    }
}

extension String {
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
