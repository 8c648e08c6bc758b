import LockstepTensor

/// How many values there are at once, at most, where each is kept from its statement to its last use.
struct LiveValues {
    private(set) var most = 0
    private var place = 0
    private var began: [Register: Int] = [:]
    private var ends: [Register: Int] = [:]

    init(_ program: LaneProgram) {
        walk(program.body)
        var changes = [Int](repeating: 0, count: place + 1)
        for (register, end) in ends {
            guard let begin = began[register] else { continue }
            changes[begin] += 1
            changes[end] -= 1
        }
        var live = 0
        for change in changes {
            live += change
            most = max(most, live)
        }
    }

    private mutating func walk(_ statements: [Statement]) {
        for statement in statements {
            place += 1
            for register in statement.operands { ends[register] = place }
            if case .constant = statement { continue }
            for register in statement.results { began[register] = place }
            guard case .loop(let loop) = statement else { continue }
            let begin = place
            walk(loop.body)
            walk(loop.flush?.statements ?? [])
            // What stood before the loop is needed in each iteration.
            for (register, end) in ends where end > begin && began[register, default: place] <= begin { ends[register] = place }
        }
    }
}
