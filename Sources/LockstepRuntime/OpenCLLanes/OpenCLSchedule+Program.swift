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
            return choose(device, precision, schedule: ScheduleRule.choose(try plain.question(program, lanes: lanes, device, precision)))
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

    /// What a step asks of a GPU.
    ///
    /// - Parameter isShared: in schedules B and C, of which the program may be another than of A.
    /// - Throws: `LoweringError`, as `LaneProgram.kernelText`.
    package func work(_ program: LaneProgram, _ precision: Precision, isShared: Bool) throws -> StepWork {
        var own = self
        own.schedule = isShared ? .group(vectors: 1, workers: 2) : .lanes
        return try own.programs(program).first.map { try StepWork($0, own.options(precision)) } ?? StepWork()
    }

    /// - Throws: `LoweringError`, as `LaneProgram.kernelText`.
    private func question(_ program: LaneProgram, lanes: Int, _ device: OpenCLDeviceInfo, _ precision: Precision) throws -> ScheduleQuestion {
        guard device.kind == .cpu else {
            return .gpu(
                GPUQuestion(
                    computeUnits: device.computeUnits, maxGroupSize: device.maxWorkGroupSize, traits: device.gpu, lanes: lanes,
                    work: try work(program, precision, isShared: true),
                    alone: try work(program, precision, isShared: false), realBytes: precision == .float ? 4 : 8, localBytes: localBytes))
        }
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
        return .cpu(
            CPUQuestion(
                cores: device.computeUnits, width: width, lanes: lanes, rows: rows, canSplit: canSplit(2, 1),
                canStandTogether: lanes < width && canSplit(1, width), iterations: iterations))
    }
}
