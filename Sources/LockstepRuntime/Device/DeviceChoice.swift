import LockstepCompiler
import LockstepTensor

/// A device that a caller's wish has come to.
package struct DeviceChoice: Sendable {
    package let device: ResolvedDevice
    /// Why it is the interpreter where `auto` would have taken an OpenCL device; one line.
    package let fallbackReason: String?
    /// Whether the interpreter does as well, as for `auto`.
    private let mayFallBack: Bool

    package init(_ device: ResolvedDevice, mayFallBack: Bool = false, fallbackReason: String? = nil) {
        self.device = device
        self.mayFallBack = mayFallBack
        self.fallbackReason = fallbackReason.map(Self.line)
    }

    /// Makes a program ready, on the interpreter where that does as well and the driver fails.
    ///
    /// - Returns: the program, and the choice that it came to.
    package func compile(
        _ program: LaneProgram, precision: Precision, lanes: Int, schedule: Schedule, first: FirstBatch? = nil
    ) throws -> (executable: any LaneExecutable, choice: DeviceChoice) {
        do {
            return (try device.compile(program, precision: precision, lanes: lanes, schedule: schedule, first: first), self)
        } catch  where mayFallBack && Self.isOfDevice(error, schedule) {
            let interpreter = DeviceChoice(.interpreter, fallbackReason: "\(error)")
            return (try interpreter.device.compile(program, precision: precision, lanes: lanes), interpreter)
        }
    }

    /// Whether another device may do what failed here. A schedule that the caller chose is a wish for this one.
    private static func isOfDevice(_ error: any Error, _ schedule: Schedule) -> Bool {
        error is OpenCLError || error is ExecutionError || (error is ScheduleError && schedule == .automatic)
    }

    /// A compiler's log is pages.
    private static func line(_ text: String) -> String {
        let words = text.split(whereSeparator: { $0.isWhitespace || $0.isNewline }).joined(separator: " ")
        return words.count <= 400 ? words : words.prefix(400) + "..."
    }
}
