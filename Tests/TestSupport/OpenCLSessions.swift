import LockstepRuntime

/// One session for each OpenCL device of this machine, opened on first use.
package enum OpenCLSessions {
    package static let all: [OpenCLSession] = OpenCLDriver.devices().compactMap { try? OpenCLSession($0) }

    /// Every device in each precision that it has, at widths 1 and 16; a GPU has one lane in a work-item, and its driver
    /// takes minutes for text that nobody runs there.
    package static let variants: [Variant] = all.flatMap { session in
        Precision.allCases.filter { $0 == .float || session.info.supportsDouble }.flatMap { precision in
            (session.info.kind == .gpu ? [1] : [1, 16]).map { Variant(session: session, precision: precision, width: $0) }
        }
    }

    /// One variant of each device, for tests of many seeds: all of them take their turns, however many there are.
    package static func variants(turn: UInt64, where isWanted: (Variant) -> Bool = { _ in true }) -> [Variant] {
        all.compactMap { session in
            let own = variants.filter { $0.session === session && isWanted($0) }
            return own.isEmpty ? nil : own[Int(turn % UInt64(own.count))]
        }
    }

    package struct Variant: Sendable, CustomStringConvertible {
        package let session: OpenCLSession
        package let precision: Precision
        package let width: Int

        package var description: String { "\(session.info.name), \(precision), width \(width)" }
    }

    /// Says why nothing is tested, where there is no device.
    package static func explainAbsence() {
        if all.isEmpty { print("No OpenCL device, so nothing to compare: \(OpenCLDriver.status)") }
    }
}
