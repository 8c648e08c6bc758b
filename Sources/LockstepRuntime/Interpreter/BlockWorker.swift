import LockstepCompiler
import LockstepTensor

/// The scratch of one thread: registers, temporaries, loop variables. Nothing in it outlives a step.
final class BlockWorker<Real: ElementReal> {
    private typealias Frame = BlockFrame<Real>

    private let program: BlockProgram
    private let width: Int
    private let realValues: AlignedStorage<Real>
    private let intValues: AlignedStorage<Int32>
    private let realTable: AlignedStorage<Frame.Reals>
    private let intTable: AlignedStorage<Frame.Ints>
    private let realBuffers: AlignedStorage<Frame.Reals>
    private let intBuffers: AlignedStorage<Frame.Ints>
    private let variables: AlignedStorage<Int>
    private let indexRows: AlignedStorage<Int32>
    /// Temporaries, by buffer number.
    private var realTemporaries: [Int: AlignedStorage<Real>] = [:]
    private var intTemporaries: [Int: AlignedStorage<Int32>] = [:]
    private let shapes: AlignedStorage<BufferShape>
    private let plans: AlignedStorage<IndexPlan>
    private let terms: AlignedStorage<IndexTerm>

    init(_ program: BlockProgram, width: Int) {
        self.program = program
        self.width = width
        realValues = AlignedStorage(count: program.reals.storageCount(width: width))
        intValues = AlignedStorage(count: program.ints.storageCount(width: width))
        realTable = Self.table(program.reals, realValues, width)
        intTable = Self.table(program.ints, intValues, width)
        realBuffers = AlignedStorage(filling: program.buffers.count, with: realValues.base)
        intBuffers = AlignedStorage(filling: program.buffers.count, with: intValues.base)
        variables = AlignedStorage(count: program.variableCount)
        indexRows = AlignedStorage(count: program.indexDepth * width)
        shapes = AlignedStorage(
            program.buffers.map { buffer in
                BufferShape(last: max(buffer.count - 1, 0), stride: buffer.isUniform ? 1 : width, isUniform: buffer.isUniform)
            })
        plans = AlignedStorage(program.plans)
        terms = AlignedStorage(program.terms)
        for (number, buffer) in program.buffers.enumerated() {
            guard case .temporary = buffer.role else { continue }
            let values = max(buffer.count, 1) * (buffer.isUniform ? 1 : width)
            switch buffer.bank {
            case .reals: realTemporaries[number] = AlignedStorage(count: values)
            case .ints: intTemporaries[number] = AlignedStorage(count: values)
            }
        }
        for (number, storage) in realTemporaries { realBuffers.base[number] = storage.base }
        for (number, storage) in intTemporaries { intBuffers.base[number] = storage.base }
        for (entry, value) in program.reals.constants { realTable.base[entry][0] = Real(value) }
        for (entry, value) in program.ints.constants { intTable.base[entry][0] = Int32(saturating: value) }
    }

    /// Lays varying entries out first, so that single values do not move them off their alignment.
    private static func table<T>(_ plan: BankPlan, _ values: AlignedStorage<T>, _ width: Int) -> AlignedStorage<UnsafeMutablePointer<T>> {
        let table = AlignedStorage(filling: plan.entries.count, with: values.base)
        var next = values.base
        for (entry, kind) in plan.entries.enumerated() {
            guard case .varying = kind else { continue }
            table.base[entry] = next
            next += width
        }
        for (entry, kind) in plan.entries.enumerated() {
            guard case .uniform = kind else { continue }
            table.base[entry] = next
            next += 1
        }
        return table
    }

    func set(_ scalars: [String: Double]) {
        for (entry, name) in program.reals.scalars { realTable.base[entry][0] = Real(scalars[name] ?? 0) }
        for (entry, name) in program.ints.scalars { intTable.base[entry][0] = Int32(saturating: scalars[name] ?? 0) }
    }

    /// Runs steps of one block, whose buffers `memory` holds.
    func run(block: Int, of memory: BlockMemory<Real>, first: Int, count: Int) {
        for (number, storage) in memory.buffers.enumerated() {
            switch storage {
            case .reals(let storage, let blockSize): realBuffers.base[number] = storage.base + block * blockSize
            case .ints(let storage, let blockSize): intBuffers.base[number] = storage.base + block * blockSize
            case .temporary: break
            }
        }
        var frame = Frame(
            width: width, reals: realTable.base, ints: intTable.base, realBuffers: realBuffers.base,
            intBuffers: intBuffers.base, buffers: UnsafePointer(shapes.base), variables: variables.base,
            indexRows: indexRows.base, plans: UnsafePointer(plans.base), terms: UnsafePointer(terms.base),
            keys: UnsafePointer(memory.keys.base + block * width), step: 0)
        program.instructions.withUnsafeBufferPointer { instructions in
            frame.run(instructions, first: first, count: count, stepEntry: program.stepEntry)
        }
    }
}
