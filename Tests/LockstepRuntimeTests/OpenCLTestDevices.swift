import Testing

@testable import LockstepRuntime

/// For suites that need a device: on a machine without one they are reported as skipped, with the driver's reason.
let needsOpenCLDevice: ConditionTrait = .disabled(
    if: OpenCLDriver.devices().isEmpty, Comment(rawValue: OpenCLDriver.status.description))

extension OpenCLDeviceInfo: CustomTestStringConvertible {
    public var testDescription: String { "\(name), \(platformName)" }
}

/// The text of the OpenCL error that a closure throws, or nil where it throws none.
func errorText(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return "\(error)"
    }
}
