import Dispatch
import LockstepCompiler
import LockstepTensor

/// A batch of lanes in the interpreter.
final class InterpreterExecution<Real: ElementReal>: LaneExecution {
    private let program: BlockProgram
    private let memory: BlockMemory<Real>
    private let workers: Workers
    /// Between two looks at whether to go on.
    private var pace = LaunchPace(seconds: 0.5)

    /// Handed to the threads of one `advance`, each of which touches its own worker and the blocks it takes.
    private struct Workers: @unchecked Sendable {
        let all: [BlockWorker<Real>]
    }

    init(_ program: BlockProgram, _ inputs: LaneInputs, _ layout: LaneLayout, workers: Int) {
        self.program = program
        memory = BlockMemory(program, inputs, layout)
        self.workers = Workers(all: (0..<workers).map { _ in BlockWorker(program, width: layout.width) })
    }

    func advance(from first: Int, count: Int, scalars: [String: Double]) throws {
        guard count >= 0 else { throw ExecutionError.negativeStepCount(count) }
        for (_, name) in program.scalars where scalars[name] == nil {
            throw ExecutionError.missingScalar(name: name)
        }
        var done = 0
        while done < count {
            try Task.checkCancellation()
            let steps = min(pace.steps, count - done)
            let start = DispatchTime.now().uptimeNanoseconds
            run(from: first + done, count: steps, scalars)
            done += steps
            pace.took(Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9, for: steps)
        }
        try Task.checkCancellation()
    }

    private func run(from first: Int, count: Int, _ scalars: [String: Double]) {
        let (workers, memory, blocks) = (workers, memory, memory.layout.blocks)
        let queue = BlockQueue(count: blocks)
        DispatchQueue.concurrentPerform(iterations: workers.all.count) { number in
            let worker = workers.all[number]
            worker.set(scalars)
            while let block = queue.next() {
                // The calling thread is one of these, and the one that its task is known to.
                if Task.isCancelled { queue.close() }
                worker.run(block: block, of: memory, first: first, count: count)
            }
        }
    }

    /// Blocks are as wide as the program likes them, so data lie differently for each.
    var placedData: PlacedData? { nil }

    func read(_ name: String) throws -> LaneArray {
        let number = try number(of: name)
        let count = program.buffers[number].count
        let layout = memory.layout
        let elements: LaneArray.Elements =
            switch memory.buffers[number] {
            case .reals(let storage, _):
                if Real.self == Float.self {
                    .float(layout.values(count: count, from: UnsafeMutableRawPointer(storage.base).assumingMemoryBound(to: Float.self)))
                } else {
                    .double(layout.values(count: count, from: UnsafeMutableRawPointer(storage.base).assumingMemoryBound(to: Double.self)))
                }
            case .ints(let storage, _): .int(layout.values(count: count, from: storage.base))
            case .temporary: .int([])
            }
        return LaneArray(lanes: layout.lanes, count: count, elements: elements)
    }

    func write(_ name: String, _ values: LaneArray) throws {
        let number = try number(of: name)
        let buffer = program.buffers[number]
        guard case .state = buffer.role else { throw ExecutionError.notState(name) }
        let layout = memory.layout
        guard values.lanes == layout.lanes, values.count == buffer.count, values.elements.count == layout.lanes * buffer.count else {
            throw ExecutionError.shapeMismatch(
                name: name, lanes: layout.lanes, count: buffer.count, givenLanes: values.lanes, givenCount: values.count)
        }
        switch (memory.buffers[number], values.elements) {
        case (.reals(let storage, _), .float(let given)) where Real.self == Float.self:
            layout.place(given, count: buffer.count, in: UnsafeMutableRawPointer(storage.base).assumingMemoryBound(to: Float.self))
        case (.reals(let storage, _), .double(let given)) where Real.self == Double.self:
            layout.place(given, count: buffer.count, in: UnsafeMutableRawPointer(storage.base).assumingMemoryBound(to: Double.self))
        case (.ints(let storage, _), .int(let given)):
            let kept = buffer.dtype == .bool ? given.map { $0 != 0 ? 1 : 0 } : given
            layout.place(kept, count: buffer.count, in: storage.base)
        default:
            let wanted = buffer.bank == .ints ? "int" : Real.self == Float.self ? "float" : "double"
            throw ExecutionError.elementMismatch(name: name, wanted: wanted, given: values.elements.typeName)
        }
    }

    /// The buffer of a state or record.
    private func number(of name: String) throws(ExecutionError) -> Int {
        let names = program.buffers.map { buffer -> String? in
            switch buffer.role {
            case .state(let name), .record(let name): name
            case .data, .table, .temporary, .exchange, .slices: nil
            }
        }
        guard let number = names.firstIndex(of: name) else {
            throw .unknownName(name, known: names.compactMap(\.self))
        }
        return number
    }
}

extension LaneArray.Elements {
    var count: Int {
        switch self {
        case .float(let values): values.count
        case .double(let values): values.count
        case .int(let values): values.count
        }
    }

    var typeName: String {
        switch self {
        case .float: "float"
        case .double: "double"
        case .int: "int"
        }
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
