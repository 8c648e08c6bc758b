import Dispatch
import LockstepCompiler
import LockstepTensor

/// A batch of lanes in the interpreter.
final class InterpreterExecution<Real: ElementReal>: LaneExecution {
    private let program: BlockProgram
    private let startProgram: BlockProgram?
    private let memory: BlockMemory<Real>
    private let workers: Workers
    private let given: Set<String>
    private let reads = OutstandingReads()
    /// Between two looks at whether to go on.
    private var pace = LaunchPace(seconds: LaunchPace.usualSeconds)
    private(set) var launches = LaunchLog()

    /// Handed to the threads of one `advance`, each of which touches its own worker and the blocks it takes.
    private struct Workers: @unchecked Sendable {
        let all: [BlockWorker<Real>]

        init(_ program: BlockProgram, width: Int, count: Int) { all = (0..<count).map { _ in BlockWorker(program, width: width) } }
    }

    /// - Parameter given: the names of the data that are not the program's own.
    init(
        _ program: BlockProgram, start: BlockProgram?, _ inputs: LaneInputs, _ layout: LaneLayout, workers: Int, given: Set<String>,
        shared: BlockSharedData<Real>?
    ) {
        self.program = program
        startProgram = start
        self.given = given
        memory = BlockMemory(program, start: start, inputs, layout, shared: shared)
        self.workers = Workers(program, width: layout.width, count: workers)
    }

    func begin(attempt: Int) throws {
        guard let startProgram else { return }
        reads.settle()
        run(Workers(startProgram, width: memory.layout.width, count: workers.all.count), memory.startBuffers, from: attempt, count: 1, [:])
        try Task.checkCancellation()
    }

    func advance(from first: Int, count: Int, for seconds: Double, scalars: [String: Double]) throws -> Int {
        reads.settle()
        guard count >= 0 else { throw ExecutionError.negativeStepCount(count) }
        for (_, name) in program.scalars where scalars[name] == nil {
            throw ExecutionError.missingScalar(name: name)
        }
        let end = DispatchTime.now().uptimeNanoseconds + UInt64(min(seconds, 1e9) * 1e9)
        var done = 0
        while done < count, done == 0 || DispatchTime.now().uptimeNanoseconds < end {
            try Task.checkCancellation()
            let steps = min(pace.steps, count - done)
            let start = DispatchTime.now().uptimeNanoseconds
            run(workers, memory.buffers, from: first + done, count: steps, scalars)
            done += steps
            let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
            launches.add(seconds)
            pace.took(seconds, items: 1, steps: steps)
        }
        try Task.checkCancellation()
        return done
    }

    private func run(
        _ workers: Workers, _ buffers: [BlockMemory<Real>.Storage], from first: Int, count: Int, _ scalars: [String: Double]
    ) {
        let (memory, blocks) = (memory, memory.layout.blocks)
        let queue = BlockQueue(count: blocks)
        DispatchQueue.concurrentPerform(iterations: workers.all.count) { number in
            let worker = workers.all[number]
            worker.set(scalars)
            while let block = queue.next() {
                // The calling thread is one of these, and the one that its task is known to.
                if Task.isCancelled { queue.close() }
                worker.run(block: block, of: memory, buffers, first: first, count: count)
            }
        }
    }

    /// Blocks are as wide as the program likes them, so only what all lanes share lies alike for others.
    var placedData: PlacedData? { memory.shared(program, given: given) }

    func read(_ name: String) throws -> LaneArray {
        let number = try number(of: name)
        let count = program.buffers[number].count
        let (layout, storage, format) = (memory.layout, memory.buffers[number], format(number))
        let numbers = Deferred {
            switch storage {
            case .reals(let storage, _): layout.numbers(count: count, of: format, at: UnsafeRawPointer(storage.base))
            case .ints(let storage, _): layout.numbers(count: count, of: format, at: UnsafeRawPointer(storage.base))
            case .temporary: Numbers.int([])
            }
        }
        reads.add(numbers)
        return LaneArray(lanes: layout.lanes, count: count, numbers)
    }

    private func format(_ number: Int) -> ElementFormat {
        switch program.buffers[number].dtype {
        case .real: Real.self == Float.self ? .float : .double
        case .int: .int
        case .bool: .mask
        }
    }

    func hasZero(_ name: String, element: Int) throws -> Bool {
        let number = try number(of: name)
        guard case .ints(let storage, _) = memory.buffers[number] else { return false }
        return memory.layout.hasZero(element, count: program.buffers[number].count, in: storage.base)
    }

    func replace(_ pairs: [(from: Int, to: Int)], by other: any LaneExecution) throws {
        guard let other = other as? InterpreterExecution<Real> else { throw ExecutionError.otherProgram }
        reads.settle()
        for number in program.buffers.indices {
            switch program.buffers[number].role {
            case .state, .record: break
            case .data, .table, .temporary, .exchange, .slices, .grouped: continue
            }
            func copy(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
                memory.layout.copy(
                    pairs, count: program.buffers[number].count, of: format(number), from: source, other.memory.layout, to: target)
            }
            switch (other.memory.buffers[number], memory.buffers[number]) {
            case (.reals(let source, _), .reals(let target, _)): copy(source.base, target.base)
            case (.ints(let source, _), .ints(let target, _)): copy(source.base, target.base)
            default: break
            }
        }
    }

    func write(_ name: String, _ values: LaneArray) throws {
        let number = try number(of: name)
        let buffer = program.buffers[number]
        let layout = memory.layout
        guard values.lanes == layout.lanes, values.count == buffer.count, values.elements.count == layout.lanes * buffer.count else {
            throw ExecutionError.shapeMismatch(
                name: name, lanes: layout.lanes, count: buffer.count, givenLanes: values.lanes, givenCount: values.count)
        }
        let isAccepted =
            switch (values.elements, buffer.bank) {
            case (.float, .reals): Real.self == Float.self
            case (.double, .reals): Real.self == Double.self
            case (.int, .ints): true
            default: false
            }
        guard isAccepted else {
            let wanted = buffer.bank == .ints ? "int" : Real.self == Float.self ? "float" : "double"
            throw ExecutionError.elementMismatch(name: name, wanted: wanted, given: values.elements.typeName)
        }
        reads.settle()
        switch memory.buffers[number] {
        case .reals(let storage, _): layout.place(values.elements, count: buffer.count, as: format(number), in: storage.base)
        case .ints(let storage, _): layout.place(values.elements, count: buffer.count, as: format(number), in: storage.base)
        case .temporary: break
        }
    }

    /// The buffer of a state or record.
    private func number(of name: String) throws(ExecutionError) -> Int {
        let names = program.buffers.map { buffer -> String? in
            switch buffer.role {
            case .state(let name), .record(let name): name
            case .data, .table, .temporary, .exchange, .slices, .grouped: nil
            }
        }
        guard let number = names.firstIndex(of: name) else {
            throw .unknownName(name, known: names.compactMap(\.self))
        }
        return number
    }
}

/// The blocks that no thread has taken yet. A block runs for long, so a lock costs nothing.
private final class BlockQueue: @unchecked Sendable {
    private let lock = DispatchSemaphore(value: 1)
    private let count: Int
    private var taken = 0

    init(count: Int) { self.count = count }

    func next() -> Int? {
        lock.wait()
        defer { lock.signal() }
        guard taken < count else { return nil }
        taken += 1
        return taken - 1
    }

    /// No block is handed out any more.
    func close() {
        lock.wait()
        defer { lock.signal() }
        taken = count
    }
}
