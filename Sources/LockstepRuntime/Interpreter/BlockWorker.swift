import CLanes
import LockstepCompiler
import LockstepTensor

/// The scratch of one thread: registers, temporaries, loop variables. Nothing in it outlives a run.
final class BlockWorker<Real: ElementReal> {
    private let program: BlockProgram
    private let width: Int
    private let realValues: AlignedStorage<Real>
    private let intValues: AlignedStorage<Int32>
    /// Where each register is, by row of the table.
    private let registers: AlignedStorage<UnsafeMutableRawPointer>
    /// Where each buffer begins.
    private let bases: AlignedStorage<UnsafeMutableRawPointer>
    private let variables: AlignedStorage<Int>
    private let indexRows: AlignedStorage<Int32>
    private let realTemporaries: AlignedStorage<Real>
    private let intTemporaries: AlignedStorage<Int32>
    private let shapes: AlignedStorage<BufferShape>
    private let plans: AlignedStorage<IndexPlan>
    private let terms: AlignedStorage<IndexTerm>
    private let code: AlignedStorage<lockstep_lanes_instruction>
    private let products: AlignedStorage<lockstep_lanes_product>
    private let addProducts: LaneLoops.Products?

    init(_ program: BlockProgram, width: Int) {
        self.program = program
        self.width = width
        realValues = AlignedStorage(count: program.storageCount(.reals, width: width))
        intValues = AlignedStorage(count: program.storageCount(.ints, width: width))
        registers = AlignedStorage(filling: program.entries.count, with: UnsafeMutableRawPointer(realValues.base))
        bases = AlignedStorage(filling: program.buffers.count, with: UnsafeMutableRawPointer(realValues.base))
        variables = AlignedStorage(count: program.variableCount)
        indexRows = AlignedStorage(count: program.indexDepth * width)
        shapes = AlignedStorage(
            program.buffers.map { buffer in
                let stride = buffer.isUniform ? 1 : width
                return BufferShape(
                    last: max(buffer.count - 1, 0), stride: stride,
                    strideBytes: stride * (buffer.bank == .reals ? MemoryLayout<Real>.stride : MemoryLayout<Int32>.stride),
                    isUniform: buffer.isUniform)
            })
        plans = AlignedStorage(program.plans)
        terms = AlignedStorage(program.terms)
        let encoded = EncodedProgram(program, width: width, realSize: MemoryLayout<Real>.stride, UnsafePointer(shapes.base))
        code = AlignedStorage(encoded.instructions)
        products = AlignedStorage(encoded.products)
        addProducts = program.loops.addProducts
        realTemporaries = AlignedStorage(count: program.temporaryCount(.reals, width: width))
        intTemporaries = AlignedStorage(count: program.temporaryCount(.ints, width: width))
        placeTemporaries(.reals, in: realTemporaries.base)
        placeTemporaries(.ints, in: intTemporaries.base)
        placeRegisters(.reals, in: realValues.base)
        placeRegisters(.ints, in: intValues.base)
        for (entry, value) in program.constants { set(entry, value) }
    }

    private func placeTemporaries<T>(_ bank: Bank, in base: UnsafeMutablePointer<T>) {
        var next = base
        // Rows of lanes first: they stay on their alignment.
        for isUniform in [false, true] {
            for (number, buffer) in program.buffers.enumerated() {
                guard case .temporary = buffer.role, buffer.bank == bank, buffer.isUniform == isUniform else { continue }
                bases.base[number] = UnsafeMutableRawPointer(next)
                next += buffer.storageCount(width: width)
            }
        }
    }

    private func placeRegisters<T>(_ bank: Bank, in base: UnsafeMutablePointer<T>) {
        var next = base
        // Rows of lanes first: they stay on their alignment.
        for (entry, plan) in program.entries.enumerated() where plan.bank == bank && plan.kind == .varying {
            registers.base[entry] = UnsafeMutableRawPointer(next)
            next += width
        }
        for (entry, plan) in program.entries.enumerated() where plan.bank == bank && plan.kind == .uniform {
            registers.base[entry] = UnsafeMutableRawPointer(next)
            next += 1
        }
    }

    private func set(_ entry: Int, _ value: Double) {
        switch program.entries[entry].bank {
        case .reals: registers.base[entry].assumingMemoryBound(to: Real.self)[0] = Real(value)
        case .ints: registers.base[entry].assumingMemoryBound(to: Int32.self)[0] = Int32(saturating: value)
        }
    }

    func set(_ scalars: [String: Double]) {
        for (entry, name) in program.scalars { set(entry, scalars[name] ?? 0) }
    }

    /// Runs steps of one block.
    ///
    /// - Parameter buffers: those of `memory` that are the program's.
    func run(block: Int, of memory: BlockMemory<Real>, _ buffers: [BlockMemory<Real>.Storage], first: Int, count: Int) {
        for (number, storage) in buffers.enumerated() {
            switch storage {
            case .reals(let storage, let blockSize): bases.base[number] = UnsafeMutableRawPointer(storage.base + block * blockSize)
            case .ints(let storage, let blockSize): bases.base[number] = UnsafeMutableRawPointer(storage.base + block * blockSize)
            case .temporary: break
            }
        }
        for (entry, buffer, element) in program.places {
            let shape = shapes.base[buffer]
            registers.base[entry] = bases.base[buffer] + min(max(element, 0), shape.last) * shape.strideBytes
        }
        var frame = BlockFrame<Real>(
            width: width, lanes: memory.layout.filled(block), registers: registers.base, bases: bases.base, buffers: UnsafePointer(shapes.base),
            variables: variables.base, indexRows: indexRows.base, plans: UnsafePointer(plans.base),
            terms: UnsafePointer(terms.base), low: UnsafePointer(memory.lowKeys.base + block * width),
            high: UnsafePointer(memory.highKeys.base + block * width), step: 0, firstStep: UInt32(truncatingIfNeeded: first))
        let machine = lockstep_lanes_machine(
            instructions: code.base, count: program.instructions.count, registers: registers.optional, buffers: UnsafePointer(bases.optional),
            variables: variables.base, products: products.base, add_products: addProducts)
        program.instructions.withUnsafeBufferPointer { instructions in
            frame.run(machine, instructions, first: first, count: count, stepEntry: program.stepEntry)
        }
    }
}

extension BlockBuffer {
    func storageCount(width: Int) -> Int { max(count, 1) * (isUniform ? 1 : width) }
}

extension BlockProgram {
    /// Values of all temporaries of one bank.
    func temporaryCount(_ bank: Bank, width: Int) -> Int {
        buffers.reduce(0) { sum, buffer in
            guard case .temporary = buffer.role, buffer.bank == bank else { return sum }
            return sum + buffer.storageCount(width: width)
        }
    }
}

extension AlignedStorage<UnsafeMutableRawPointer> {
    /// The table as C sees it, where every pointer may be null.
    fileprivate var optional: UnsafeMutablePointer<UnsafeMutableRawPointer?> {
        UnsafeMutableRawPointer(base).assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
    }
}
