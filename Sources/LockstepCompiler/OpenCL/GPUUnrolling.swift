import LockstepTensor

/// How many iterations of a loop a compiler for GPUs is to write out one after the other.
///
/// Left alone it writes out tens of them, so that arrays become registers, and runs out of those: most of what it kept there then
/// goes through memory. A few are enough for loads that can wait together.
enum GPUUnrolling {
    /// What the iterations may weigh together, and how many they may be.
    private static let budget = 192
    private static let most = 8
    /// The same of loops over the rows of a group, which may have few.
    private static let mostOfWindow = 4

    /// - Parameters:
    ///   - loop: its inner loop, where partial sums are emptied in between.
    ///   - workers: those that the iterations are dealt out to.
    static func times(_ loop: Loop, workers: Int = 1) -> Int {
        var weight = 0
        var computes = false
        for statement in loop.body {
            switch statement {
            case .loop: return 1
            case .constant, .load, .store: break
            default: computes = true
            }
            weight += statement.unrolledWeight
        }
        // What copies or sets to zero has nothing to wait for.
        guard computes else { return 1 }
        let top = min(loop.window == nil ? most : mostOfWindow, budget / max(weight, 1))
        let iterations = (loop.flush?.interval ?? loop.variable.extent) / workers
        guard top > 1, iterations > 1 else { return 1 }
        // Without a rest, if that leaves half of them.
        if loop.flush == nil, loop.window == nil, loop.variable.extent % workers == 0,
            let whole = (1...min(top, iterations)).last(where: { iterations % $0 == 0 }), 2 * whole >= top
        {
            return whole
        }
        var power = 1
        while 2 * power <= min(top, iterations) { power *= 2 }
        return power
    }
}

extension KernelWriter {
    /// How often the next loop is written out, for compilers that have to be told.
    mutating func unroll(_ times: Int) {
        if options.interleaves { line("#pragma unroll \(times)") }
    }

    /// Of a loop over a window, whose iterations no compiler can count, those for CPUs would write out several versions.
    mutating func unroll(_ loop: Loop, workers: Int) {
        if !options.interleaves, loop.window != nil { line("#pragma unroll 1") }
        unroll(GPUUnrolling.times(loop, workers: workers))
    }
}

extension Statement {
    /// Of each copy in an unrolled loop.
    fileprivate var unrolledWeight: Int {
        switch self {
        case .constant: 0
        case .draw1, .draw4, .draw: 100
        default: weight
        }
    }
}
