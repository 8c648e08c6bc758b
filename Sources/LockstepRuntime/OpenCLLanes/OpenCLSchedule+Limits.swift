import LockstepCompiler

// What a device must have for a schedule, asked before the driver could find out by a crash.
extension OpenCLSchedule {
    static func elementBytes(_ buffer: Buffer, _ precision: Precision) -> Int {
        buffer.dtype == .int || precision == .float ? 4 : 8
    }

    /// Elements of a buffer for all lanes. A uniform temporary is one array for each work-item.
    func slots(_ buffer: Buffer, items: Int) -> Int {
        guard buffer.isUniform else { return items * width }
        return buffer.role == .temporary ? items : 1
    }

    /// Above this weight the compilers of drivers take minutes to hours, and overflow any stack.
    private static let mostWeight = 250_000

    /// - Throws: `OpenCLError`, `ExecutionError` or `ScheduleError` where the device cannot run a single vector of lanes.
    func check(_ stages: [OpenCLStage], _ precision: Precision, on device: OpenCLDeviceInfo) throws {
        let weight = stages.reduce(0) { $0 + $1.text.weight }
        guard weight <= Self.mostWeight else {
            throw OpenCLError.misuse(
                "A step of this model is about \(weight) operations written out, and OpenCL's compilers get through "
                    + "\(Self.mostWeight): put arrays and plates in place of loops in Swift, or use the cpu device.")
        }
        try checkGroups(stages, on: device)
        try checkMemory(stages, lanes: 1, precision, on: device)
        try checkStack(stages, on: device)
    }

    /// - Throws: `ExecutionError` where the device cannot hold all arrays at once.
    func checkMemory(_ stages: [OpenCLStage], lanes: Int, _ precision: Precision, on device: OpenCLDeviceInfo) throws(ExecutionError) {
        for stage in stages { try stage.program.checkExtents() }
        let items = items(lanes: lanes)
        var demand = MemoryDemand(lanes: lanes)
        for array in arrays(stages, precision) { demand.add(array.role, bytes: array.bytes(items: items)) }
        try demand.check(device.globalMemoryBytes, of: device.name)
    }

    /// - Throws: `ScheduleError` where groups are larger than the device's, or want more local memory than those have.
    private func checkGroups(_ stages: [OpenCLStage], on device: OpenCLDeviceInfo) throws(ScheduleError) {
        guard localSize <= device.maxWorkGroupSize else {
            throw ScheduleError(
                "\(schedule) needs groups of \(localSize) work-items, and \(device.name) has at most \(device.maxWorkGroupSize) in "
                    + "one: give fewer workers, or .automatic")
        }
        try checkLocalMemory(stages.map(\.text.localBytes).max() ?? 0, on: device)
    }

    private func checkLocalMemory(_ bytes: Int, on device: OpenCLDeviceInfo) throws(ScheduleError) {
        guard bytes > device.localMemoryBytes else { return }
        throw ScheduleError(
            "\(schedule) needs \(bytes) bytes of local memory for this model's kernel, and \(device.name) has "
                + "\(device.localMemoryBytes): give fewer workers, or .automatic")
    }

    /// PoCL runs all work-items of a group on one thread, and keeps on its stack what each of them carries over a
    /// barrier; it does not look whether there is room. Other drivers refuse such a launch.
    ///
    /// - Throws: `ScheduleError` where the stack might not suffice.
    private func checkStack(_ stages: [OpenCLStage], on device: OpenCLDeviceInfo) throws(ScheduleError) {
        guard let stack = device.workerStackBytes else { return }
        let needed = stages.map(\.text.carriedBytes).max() ?? 0
        let most = stack / 2 / max(needed, 1)
        guard localSize > most else { return }
        throw ScheduleError(
            "\(schedule) needs groups of \(localSize) work-items, and a thread of \(device.name) has room for "
                + "\(most) of this model's: " + (most < 1 ? "use the cpu device" : "give fewer workers, or .automatic"))
    }

    /// - Throws: `ScheduleError` where a compiled kernel takes more of the device than groups of this size leave it.
    func check(_ kernels: [OpenCLKernel], on device: OpenCLDeviceInfo) throws(ScheduleError) {
        for kernel in kernels {
            guard localSize <= kernel.maxWorkGroupSize else {
                throw ScheduleError(
                    "\(schedule) needs groups of \(localSize) work-items, and \(device.name) allows this model's kernel at "
                        + "most \(kernel.maxWorkGroupSize): give fewer workers, or .automatic")
            }
            try checkLocalMemory(kernel.localMemoryBytes, on: device)
        }
    }
}
