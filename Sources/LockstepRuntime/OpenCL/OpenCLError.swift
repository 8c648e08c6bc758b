/// What can go wrong between Lockstep and an OpenCL device.
package enum OpenCLError: Error, Hashable, Sendable {
    /// There is no device to use; the status says why.
    case unavailable(OpenCLStatus)

    /// The driver refused a call. `detail` says what the call was about (a kernel's name, a size), and may be empty.
    case callFailed(call: String, code: OpenCLErrorCode, device: String, detail: String)

    /// The driver's compiler refused a program.
    case buildFailed(device: String, code: OpenCLErrorCode, options: String, log: String)

    /// More bytes in one buffer than the device allows.
    case allocationTooLarge(bytes: Int, limit: Int, device: String)

    /// A request that makes no sense on any device, caught before the driver could see it.
    case misuse(String)
}

extension OpenCLError {
    /// What helps.
    package var kind: OpenCLErrorCode.Kind {
        switch self {
        // Memory is given out when buffers are made or first used: what fails while a kernel runs was stopped.
        case .callFailed("clFinish", .outOfResources, _, _): .lost
        case .callFailed(_, let code, _, _): code.kind
        case .buildFailed(_, let code, _, let log): code.kind == .other && Self.isOfResources(log) ? .memory : code.kind
        case .allocationTooLarge: .memory
        case .unavailable, .misuse: .other
        }
    }

    /// Drivers have one code for all that a compiler can say.
    private static func isOfResources(_ log: String) -> Bool {
        let log = log.lowercased()
        return ["too much shared data", "local memory", "out of resources", "too many registers", "register allocation failed"]
            .contains { log.contains($0) }
    }
}

extension OpenCLError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable(let status):
            return status.description
        case .callFailed(let call, let code, let device, let detail):
            let subject = detail.isEmpty ? "" : ", \(detail)"
            let text = "\(call) failed on \"\(device)\"\(subject): \(code)."
            return code.advice.map { "\(text) \($0)" } ?? text
        case .buildFailed(let device, let code, let options, let log):
            let flags = options.isEmpty ? "without options" : "with options \"\(options)\""
            let text = log.isEmpty ? "The compiler left no log." : "The compiler's log:\n\(log)"
            return "The OpenCL compiler of \"\(device)\" refused a program built \(flags): \(code). \(text)"
        case .allocationTooLarge(let bytes, let limit, let device):
            return "A buffer of \(Self.mebibytes(bytes)) is too large for \"\(device)\", which allows"
                + " \(Self.mebibytes(limit)) in one buffer. Run fewer lanes at a time."
        case .misuse(let text):
            return text
        }
    }

    /// Rounded up, so that a size over a limit never reads as equal to it unless they share a MiB.
    static func mebibytes(_ bytes: Int) -> String {
        let (whole, rest) = bytes.quotientAndRemainder(dividingBy: 1 << 20)
        return "\(rest == 0 ? whole : whole + 1) MiB"
    }
}
