import LockstepCompiler

/// An array that the kernels of a step have on a device. In bytes, as real numbers, which do not overflow.
struct DeviceArray {
    let role: Buffer.Role
    /// For each vector of lanes.
    let perItem: Double
    /// For all lanes together.
    let shared: Double

    func bytes(items: Int) -> Double { perItem * Double(items) + shared }
}

extension OpenCLSchedule {
    /// Every array once, but for the keys, which are no array of a program.
    func arrays(_ stages: [OpenCLStage], _ precision: Precision) -> [DeviceArray] {
        var arrays: [DeviceArray] = []
        var named: Set<Buffer.Role> = []
        func add(_ parameters: [KernelText.Parameter], of program: LaneProgram, slices: Int, scratch: (DeviceArray) -> Void) {
            for parameter in parameters {
                switch parameter {
                case .scalar: break
                case .buffer(let id):
                    let buffer = program.buffers[id.number]
                    if named.insert(buffer.role).inserted { arrays.append(array(buffer, precision)) }
                case .scratch(let id, let isOwn):
                    scratch(array(program.buffers[id.number], precision, copies: isOwn ? slices * workers : 1))
                }
            }
        }
        var free: [DeviceArray] = []
        for stage in stages {
            free = []
            add(stage.text.parameters, of: stage.program, slices: stage.slices) { array in
                arrays.append(array)
                free.append(array)
            }
        }
        guard let start = stages.last?.program.start, let parameters = stages.last?.text.start?.parameters else { return arrays }
        add(parameters, of: start, slices: 1) { array in
            // A start has the scratch of the step, which comes later, where that has enough.
            if let place = free.firstIndex(where: { $0.perItem >= array.perItem }) { free.remove(at: place) } else { arrays.append(array) }
        }
        return arrays
    }

    private func array(_ buffer: Buffer, _ precision: Precision, copies: Int = 1) -> DeviceArray {
        let bytes = Double(max(buffer.count, 1)) * Double(Self.elementBytes(buffer, precision))
        if case .slices(let slices) = buffer.role {
            return DeviceArray(role: buffer.role, perItem: 0, shared: bytes * Double(slices.together) * Double(slices.slices))
        }
        let perItem = slots(buffer, items: 1) * copies
        let isShared = buffer.isUniform && buffer.role != .temporary
        return DeviceArray(role: buffer.role, perItem: isShared ? 0 : bytes * Double(perItem), shared: isShared ? bytes : 0)
    }

    /// Memory of one lane, with what the workers on it have for themselves.
    func bytesPerLane(_ stages: [OpenCLStage], _ precision: Precision) -> Int {
        let perItem = arrays(stages, precision).reduce(keyBytes) { $0 + $1.perItem }
        return Int(min((perItem * Double(copies) / Double(width)).rounded(.up), Double(Int32.max)))
    }

    /// Of the keys of a vector of lanes.
    var keyBytes: Double { 8 * Double(width) }
}
