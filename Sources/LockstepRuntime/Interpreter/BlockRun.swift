import LockstepTensor

extension BlockFrame {
    /// Runs all instructions once: one step of a block.
    @inline(__always)
    private func runStep(_ instructions: UnsafeBufferPointer<BlockInstruction>) {
        var next = 0
        while next < instructions.count {
            let instruction = instructions[next]
            next &+= 1
            switch instruction {
            case .loop(let step):
                step.run(
                    registers[Int(step.result)], registers[Int(step.a)], registers[Int(step.b)], registers[Int(step.c)],
                    step.isUniform ? 1 : width)
            case .function(let step): function(step)
            case .point(let step): point(step)
            case .gather(let step): gather(step)
            case .scatter(let access, let reduction): scatter(access, reduction)
            case .index(let slot, let plan): index(slot, Int(plan))
            case .draw(let step): draw(step)
            case .enter(let variable): variables[Int(variable)] = 0
            case .gate(let variable, let extent, let interval, let skip):
                let done = variables[Int(variable)] &+ 1
                if done % interval != 0 && done != extent { next = skip }
            case .again(let variable, let extent, let start):
                variables[Int(variable)] &+= 1
                if variables[Int(variable)] < extent { next = start }
            }
        }
    }

    private func index(_ slot: Slot, _ plan: Int) {
        let result = ints(slot.index)
        if slot.isUniform {
            result[0] = Int32(truncatingIfNeeded: uniformIndex(plan))
        } else {
            let row = varyingIndex(plan)
            for lane in 0..<width { result[lane] = row[lane] }
        }
    }

    /// Runs steps `first ..< first + count`. Everything hot is reached from here, in the two precisions that exist.
    @_specialize(where Real == Float)
    @_specialize(where Real == Double)
    mutating func run(_ instructions: UnsafeBufferPointer<BlockInstruction>, first: Int, count: Int, stepEntry: Int?) {
        for number in first..<first + count {
            step = UInt32(truncatingIfNeeded: number)
            if let stepEntry { ints(stepEntry)[0] = Int32(truncatingIfNeeded: number) }
            runStep(instructions)
        }
    }
}
