import LockstepCompiler

// From the schedule that is wanted down to one that the device can have.
extension OpenCLSchedule {
    /// Makes something for the schedule that is wanted, or where the device is too small for that, for the next smaller
    /// one that it has room for.
    ///
    /// - Throws: the error of the last one that was tried; `ScheduleError` where a caller's own choice is too large.
    static func fitting<Result>(
        _ wanted: Schedule, for program: LaneProgram, lanes: Int, on device: OpenCLDeviceInfo, _ precision: Precision,
        _ make: (OpenCLSchedule) throws -> Result
    ) throws -> Result {
        var schedule = try resolve(wanted, for: program, lanes: lanes, on: device, precision)
        while true {
            do {
                return try make(schedule)
            } catch  where isOfSize(error) {
                guard let next = schedule.smaller(than: wanted) else { throw schedule.refusal(error, by: device, of: wanted) }
                schedule = next
            }
        }
    }

    /// Half of the workers, then schedule A, then half of its groups: the size of a group in which work-items have nothing
    /// to do with each other is nobody's choice.
    func smaller(than wanted: Schedule) -> OpenCLSchedule? {
        var next = self
        switch schedule {
        case .group(let vectors, let workers) where wanted == .automatic:
            next.schedule = workers > 2 ? .group(vectors: vectors, workers: workers / 2) : .lanes
        case .split where wanted == .automatic: next.schedule = .lanes
        case .lanes where groupSize > 1, .split where groupSize > 1: next.groupSize = groupSize / 2
        case .automatic, .lanes, .group, .split: return nil
        }
        return next
    }

    /// Whether less work in a group, or with less memory, might do.
    private static func isOfSize(_ error: any Error) -> Bool {
        switch error {
        case is ScheduleError, ExecutionError.memory: true
        case OpenCLError.callFailed(_, let code, _, _): code.kind == .memory || code.kind == .group
        case let error as OpenCLError: error.kind == .memory
        default: false
        }
    }

    /// What a driver said, as the caller of a schedule understands it.
    private func refusal(_ error: any Error, by device: OpenCLDeviceInfo, of wanted: Schedule) -> any Error {
        guard case .group = wanted, error is OpenCLError else { return error }
        return ScheduleError(
            "\(schedule) needs groups of \(localSize) work-items, and \(device.name) refuses to run this model's kernel in them: give "
                + "fewer workers, or .automatic (\(error))")
    }
}
