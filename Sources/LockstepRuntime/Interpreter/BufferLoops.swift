import LockstepTensor

/// Loads, stores and accumulations.
extension BlockFrame {
    @inline(__always) func point(_ access: AccessStep) {
        let buffer = Int(access.buffer)
        let shape = buffers[buffer]
        let offset = clamped(uniformIndex(Int(access.plan)), shape) &* shape.stride
        switch access.bank {
        case .reals: reals[access.register.index] = realBuffers[buffer] + offset
        case .ints: ints[access.register.index] = intBuffers[buffer] + offset
        }
    }

    func load(_ access: AccessStep) {
        let buffer = Int(access.buffer)
        switch access.bank {
        case .reals: load(real(access.register), from: realBuffers[buffer], access)
        case .ints: load(int(access.register), from: intBuffers[buffer], access)
        }
    }

    @inline(__always)
    private func load<T>(_ result: UnsafeMutablePointer<T>, from source: UnsafeMutablePointer<T>, _ access: AccessStep) {
        let shape = buffers[Int(access.buffer)]
        if plans[Int(access.plan)].isUniform {
            let element = source + clamped(uniformIndex(Int(access.plan)), shape) &* shape.stride
            if shape.isUniform {
                fill(result, element[0], count(access.register))
            } else {
                let n = count(access.register)
                var lane = 0
                while lane < n {
                    result[lane] = element[lane]
                    lane &+= 1
                }
            }
        } else {
            let index = varyingIndex(Int(access.plan))
            let last = Int32(truncatingIfNeeded: shape.last)
            let n = count(access.register)
            var lane = 0
            if shape.isUniform {
                while lane < n {
                    result[lane] = source[Int(min(max(index[lane], 0), last))]
                    lane &+= 1
                }
            } else {
                while lane < n {
                    result[lane] = source[Int(min(max(index[lane], 0), last)) &* shape.stride &+ lane]
                    lane &+= 1
                }
            }
        }
    }

    func store(_ access: AccessStep) {
        let buffer = Int(access.buffer)
        switch access.bank {
        case .reals: combine(realBuffers[buffer], real(access.register), access, PlainFunctions.replace)
        case .ints: combine(intBuffers[buffer], int(access.register), access) { _, new in new }
        }
    }

    func accumulate(_ access: AccessStep, _ reduction: Reduction) {
        switch access.bank {
        case .reals: accumulateReals(access, reduction)
        case .ints: accumulateInts(access, reduction)
        }
    }

    private func accumulateReals(_ access: AccessStep, _ reduction: Reduction) {
        let target = realBuffers[Int(access.buffer)], values = real(access.register)
        switch reduction {
        case .sum: combine(target, values, access, PlainFunctions.add)
        case .maximum: combine(target, values, access, ElementFunctions.maximum)
        case .minimum: combine(target, values, access, ElementFunctions.minimum)
        case .any: combine(target, values, access, PlainFunctions.either)
        }
    }

    private func accumulateInts(_ access: AccessStep, _ reduction: Reduction) {
        let target = intBuffers[Int(access.buffer)], values = int(access.register)
        switch reduction {
        case .sum: combine(target, values, access) { $0 &+ $1 }
        case .maximum: combine(target, values, access) { $0 > $1 ? $0 : $1 }
        case .minimum: combine(target, values, access) { $0 < $1 ? $0 : $1 }
        case .any: combine(target, values, access) { $0 | $1 }
        }
    }

    /// target[index] = change(target[index], value) in all lanes.
    @inline(__always)
    private func combine<T>(
        _ buffer: UnsafeMutablePointer<T>, _ values: UnsafeMutablePointer<T>, _ access: AccessStep, _ change: (T, T) -> T
    ) {
        let shape = buffers[Int(access.buffer)]
        let n = shape.isUniform ? 1 : width
        var lane = 0
        if plans[Int(access.plan)].isUniform {
            let target = buffer + clamped(uniformIndex(Int(access.plan)), shape) &* shape.stride
            if access.register.isUniform {
                let value = values[0]
                while lane < n {
                    target[lane] = change(target[lane], value)
                    lane &+= 1
                }
            } else {
                while lane < n {
                    target[lane] = change(target[lane], values[lane])
                    lane &+= 1
                }
            }
        } else {
            let index = varyingIndex(Int(access.plan))
            let last = Int32(truncatingIfNeeded: shape.last)
            let isUniform = access.register.isUniform
            while lane < n {
                let target = buffer + (Int(min(max(index[lane], 0), last)) &* shape.stride &+ lane)
                target.pointee = change(target.pointee, values[isUniform ? 0 : lane])
                lane &+= 1
            }
        }
    }

    @inline(__always) func fill<T>(_ result: UnsafeMutablePointer<T>, _ value: T, _ n: Int) {
        var lane = 0
        while lane < n {
            result[lane] = value
            lane &+= 1
        }
    }
}
