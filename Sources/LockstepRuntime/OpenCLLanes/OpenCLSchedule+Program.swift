import LockstepCompiler

// A schedule and the program that it is for.
extension OpenCLSchedule {
    /// The schedule that a caller asked for, with the device's numbers; `automatic` is decided here.
    ///
    /// - Throws: `ScheduleError` where device or program cannot have it.
    package static func resolve(
        _ wanted: Schedule, for program: LaneProgram, lanes: Int, on device: OpenCLDeviceInfo, _ precision: Precision
    ) throws -> OpenCLSchedule {
        let plain = choose(device, precision)
        if wanted == .automatic {
            return choose(device, precision, schedule: ScheduleRule.choose(plain.question(program, lanes: lanes, device, precision)))
        }
        let schedule = choose(device, precision, schedule: wanted)
        try schedule.form.check(device, width: plain.width)
        _ = try schedule.programs(program)
        return schedule
    }

    /// The programs that make a step.
    ///
    /// - Throws: `ScheduleError` where the schedule does not suit the program.
    func programs(_ program: LaneProgram) throws(ScheduleError) -> [LaneProgram] { try form.programs(program) }

    private func question(_ program: LaneProgram, lanes: Int, _ device: OpenCLDeviceInfo, _ precision: Precision) -> ScheduleQuestion {
        var rows = 0
        var iterations: [Int] = []
        for statement in program.body {
            guard case .loop(let loop) = statement, let split = loop.split, !split.accumulators.isEmpty else { continue }
            rows += loop.variable.extent * split.rowsPerIteration
            if loop.variable.extent * split.rowsPerIteration >= minimumRows { iterations.append(loop.variable.extent) }
        }
        let isLong = rows >= ScheduleRule.splitRows
        func canSplit(_ slices: Int, _ together: Int) -> Bool {
            isLong && SlicedStep(program, slices: slices, together: together, minimumRows: minimumRows) != nil
        }
        return ScheduleQuestion(
            hardware: device.kind == .cpu
                ? .cpu(cores: device.computeUnits)
                : .gpu(computeUnits: device.computeUnits, maxGroupSize: device.maxWorkGroupSize, device.gpu),
            width: width, lanes: lanes, rows: rows, canSplit: canSplit(2, 1),
            canStandTogether: lanes < width && canSplit(1, width),
            bytesPerLane: program.bytesPerLane(realBytes: precision == .float ? 4 : 8), iterations: iterations)
    }
}
