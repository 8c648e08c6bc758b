import LockstepTensor

/// Elements of buffers: finding them, and reading and writing those that differ by lane.
extension BlockFrame {
    /// The element that a plan says.
    func address(_ step: PointStep) -> UnsafeMutableRawPointer {
        let shape = buffers[Int(step.buffer)]
        return bases[Int(step.buffer)] + min(max(uniformIndex(Int(step.number)), 0), shape.last) &* shape.strideBytes
    }

    func gather(_ step: GatherStep) {
        let buffer = Int(step.buffer)
        let shape = buffers[buffer]
        step.run(
            registers[Int(step.result)], bases[buffer], varyingIndex(Int(step.plan)), Int32(truncatingIfNeeded: shape.last),
            shape.stride, width)
    }

    func scatter(_ access: AccessStep, adds: Bool) {
        let base = bases[Int(access.buffer)]
        switch access.bank {
        case .reals:
            let (target, values) = (base.assumingMemoryBound(to: Real.self), reals(access.register.index))
            if adds { combine(target, values, access, +) } else { combine(target, values, access) { $1 } }
        case .ints:
            let (target, values) = (base.assumingMemoryBound(to: Int32.self), ints(access.register.index))
            if adds { combine(target, values, access, &+) } else { combine(target, values, access) { $1 } }
        }
    }

    /// target[index] = change(target[index], value) in all lanes.
    @inline(__always)
    private func combine<T>(
        _ buffer: UnsafeMutablePointer<T>, _ values: UnsafeMutablePointer<T>, _ access: AccessStep, _ change: (T, T) -> T
    ) {
        let shape = buffers[Int(access.buffer)]
        let index = varyingIndex(Int(access.plan))
        let last = Int32(truncatingIfNeeded: shape.last)
        let isUniform = access.register.isUniform
        for lane in 0..<(shape.isUniform ? 1 : width) {
            let target = buffer + (Int(min(max(index[lane], 0), last)) &* shape.stride &+ lane)
            target.pointee = change(target.pointee, values[isUniform ? 0 : lane])
        }
    }
}
