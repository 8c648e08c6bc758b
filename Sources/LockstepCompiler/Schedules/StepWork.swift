import LockstepTensor

/// What a step of one lane asks of a GPU, counted: the loops that the workers of a group share, and what every one of them
/// repeats. Whoever chooses a schedule weighs the counts.
package struct StepWork: Hashable, Sendable, Codable {
    /// Of a stretch of the program, each time that it is run.
    package struct Amount: Hashable, Sendable, Codable {
        /// Instructions, roughly.
        package var operations = 0
        /// Loads and stores of elements that lie in memory and are a lane's own.
        package var accesses = 0
        /// Of these, the ones of arrays that local memory could hold.
        package var arrayAccesses = 0
        /// Loads of elements that all lanes share.
        package var sharedLoads = 0

        package init() {}

        package mutating func add(_ other: Amount, times: Int) {
            operations += other.operations * times
            accesses += other.accesses * times
            arrayAccesses += other.arrayAccesses * times
            sharedLoads += other.sharedLoads * times
        }
    }

    /// A loop whose iterations are dealt out.
    package struct DealtLoop: Hashable, Sendable, Codable {
        package var iterations: Int
        /// Of one iteration.
        package var amount: Amount

        package init(iterations: Int, _ amount: Amount) { (self.iterations, self.amount) = (iterations, amount) }
    }

    package var repeated = Amount()
    package var dealt: [DealtLoop] = []
    /// Sums over the workers, and how often some of them are put together.
    package var sums = 0
    package var reductions = 0
    /// Barriers beside those of reductions.
    package var fences = 0
    /// The arrays that the workers of a lane have together and the chip could hold, the smallest first.
    package var arrays: [SharedArray] = []
    /// Elements that lie in memory: of arrays that each worker has, and of those that the workers of a lane have together.
    package var ownElements = 0
    package var laneElements = 0
    /// Values that a work-item has at once, at most.
    package var values = 0

    package init() {}

    /// - Throws: `LoweringError`, as `kernelText`.
    package init(_ program: LaneProgram, _ options: KernelOptions) throws {
        let program = try Passes.forKernel(program, options)
        var options = options
        let group = options.group ?? KernelOptions.Group(tile: 1, workers: 2)
        options.group = group
        let writer = KernelWriter(program, options, "")
        let memory = Memory(writer)
        let cooperation = Cooperation(program, minimumExtent: group.minimumExtent)
        var alone: [Statement] = []
        for (place, statement) in program.body.enumerated() {
            guard case .loop(let loop) = statement, cooperation.dealt.contains(place) else {
                alone.append(statement)
                continue
            }
            var whole = Amount()
            whole.add([statement], memory)
            dealt.append(DealtLoop(iterations: loop.variable.extent, whole.divided(by: loop.variable.extent)))
            sums += writer.sums(loop)
            reductions += (writer.sums(loop) + Cooperation.mostSums - 1) / Cooperation.mostSums
            if !Cooperation.Access([statement]).stored.isDisjoint(with: cooperation.shared) { fences += 1 }
        }
        repeated.add(alone, memory)
        arrays = writer.sharedArrays.map(\.array)
        values = LiveValues(program).most
        for (number, buffer) in program.buffers.enumerated() where !buffer.isUniform {
            switch (buffer.role, writer.isInMemory(BufferID(number))) {
            case (.record, _): break
            case (.state, true), (.temporary, true):
                if cooperation.shared.contains(BufferID(number)) { laneElements += buffer.count } else { ownElements += buffer.count }
            case (_, true): laneElements += buffer.count
            case (_, false): values += buffer.count
            }
        }
    }
}

/// Where elements lie.
private struct Memory {
    let writer: KernelWriter
    /// Those that local memory could hold.
    let arrays: Set<BufferID>

    init(_ writer: KernelWriter) { (self.writer, arrays) = (writer, Set(writer.sharedArrays.map(\.id))) }
}

extension StepWork.Amount {
    /// Elements that statements of one loop go to again stay in registers meanwhile.
    ///
    /// - Parameters:
    ///   - times: how often the statements run.
    ///   - outer: iterations of the loop that they stand in.
    fileprivate mutating func add(_ statements: [Statement], _ memory: Memory, times: Int = 1, outer: Int = 1) {
        var seen: Set<Statement.Element> = []
        for statement in statements {
            operations += times * statement.operations
            if let (buffer, kind) = statement.access, memory.writer.isInMemory(buffer), let index = statement.names.indices.first {
                let isUniform = memory.writer.program.buffers[buffer.number].isUniform
                for isStore in [false, true] where isStore ? kind.isStore : kind.isLoad {
                    guard seen.insert(Statement.Element(buffer: buffer, index: index, isStore: isStore)).inserted else { continue }
                    if isUniform { sharedLoads += times } else { accesses += times }
                    if memory.arrays.contains(buffer) { arrayAccesses += times }
                }
            }
            guard case .loop(let loop) = statement else { continue }
            // Windows are parts of one range, a part for each iteration of the loop around.
            let trips = loop.window.map { $0.usual ?? (loop.variable.extent + outer - 1) / outer } ?? loop.variable.extent
            add(loop.body, memory, times: times * trips, outer: trips)
            guard let flush = loop.flush else { continue }
            let flushes = (trips + flush.interval - 1) / flush.interval - (flush.isAtEnd ? 0 : 1)
            add(flush.statements, memory, times: times * max(flushes, 0), outer: flushes)
        }
    }

    fileprivate func divided(by count: Int) -> Self {
        var result = Self()
        result.operations = (operations + count / 2) / count
        result.accesses = (accesses + count / 2) / count
        result.arrayAccesses = (arrayAccesses + count / 2) / count
        result.sharedLoads = (sharedLoads + count / 2) / count
        return result
    }
}

extension Statement {
    /// What is loaded or stored.
    fileprivate struct Element: Hashable {
        let buffer: BufferID
        let index: IndexExpression
        let isStore: Bool
    }

    /// About how many instructions a statement comes to.
    fileprivate var operations: Int {
        switch self {
        // A block of four draws, of which one is needed each step.
        case .draw1: 40
        case .draw4: 150
        // Loops that draw until one is accepted.
        case .draw: 400
        // By hardware, where much depends on it.
        case .map(_, .exp, _): 10
        default: weight
        }
    }
}
