import CLanes
import LockstepTensor

extension BlockFrame {
    /// Runs steps `first ..< first + count`. Everything hot is reached from here, in the two precisions that exist.
    @_specialize(where Real == Float)
    @_specialize(where Real == Double)
    mutating func run(
        _ machine: lockstep_lanes_machine, _ instructions: UnsafeBufferPointer<BlockInstruction>, first: Int, count: Int, stepEntry: Int?
    ) {
        var machine = machine
        for number in first..<first + count {
            step = UInt32(truncatingIfNeeded: number)
            if let stepEntry { ints(stepEntry)[0] = Int32(truncatingIfNeeded: number) }
            var next = lockstep_lanes_run(&machine, 0)
            while next < instructions.count {
                perform(instructions[next])
                next = lockstep_lanes_run(&machine, next + 1)
            }
        }
    }

    /// What is not done in C.
    private func perform(_ instruction: BlockInstruction) {
        switch instruction {
        case .function(let step): function(step)
        case .point(let step): registers[Int(step.entry)] = address(step)
        case .gather(let step): gather(step)
        case .scatter(let access, let adds): scatter(access, adds: adds)
        case .index(let slot, let plan): index(slot, Int(plan))
        case .draw(let step): draw(step)
        case .loop, .addProducts, .enter, .enterWindow, .gate, .gateInWindow, .greatest, .again, .againInWindow, .leave: break
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
}
