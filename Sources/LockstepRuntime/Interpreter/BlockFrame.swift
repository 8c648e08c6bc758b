import LockstepTensor

/// What instructions work on: the registers, buffers and keys of one block of lanes, as bare pointers.
struct BlockFrame<Real: ElementReal> {
    typealias Reals = UnsafeMutablePointer<Real>
    typealias Ints = UnsafeMutablePointer<Int32>

    /// Lanes of a block.
    let width: Int
    let reals: UnsafeMutablePointer<Reals>
    let ints: UnsafeMutablePointer<Ints>
    let realBuffers: UnsafeMutablePointer<Reals>
    let intBuffers: UnsafeMutablePointer<Ints>
    let buffers: UnsafePointer<BufferShape>
    let variables: UnsafeMutablePointer<Int>
    /// Rows of `width` for indices that vary.
    let indexRows: Ints
    let plans: UnsafePointer<IndexPlan>
    let terms: UnsafePointer<IndexTerm>
    var keys: UnsafePointer<SIMD2<UInt32>>
    var step: UInt32

    @inline(__always) func real(_ slot: Slot) -> Reals { reals[slot.index] }
    @inline(__always) func int(_ slot: Slot) -> Ints { ints[slot.index] }
    /// How many values an instruction with this result makes.
    @inline(__always) func count(_ slot: Slot) -> Int { slot.isUniform ? 1 : width }
}

/// The extent of a buffer, as instructions need it.
struct BufferShape {
    /// Never negative: an index is clamped to 0 ... last.
    let last: Int
    /// Values of one element: the block's width, or 1 when uniform.
    let stride: Int
    let isUniform: Bool
}

// MARK: Indices

extension BlockFrame {
    /// An index that is the same for all lanes of the block.
    func uniformIndex(_ number: Int) -> Int {
        let plan = plans[number]
        var sum = plan.constant
        var position = plan.firstTerm
        let end = plan.firstTerm + plan.termCount
        while position < end {
            sum &+= terms[position].coefficient &* uniformValue(terms[position].atom)
            position += 1
        }
        return sum
    }

    private func uniformValue(_ atom: IndexTerm.Atom) -> Int {
        switch atom {
        case .variable(let number): variables[number]
        case .register(let entry): Int(ints[entry][0])
        case .quotient(let plan, let divisor): uniformIndex(plan) / divisor
        case .remainder(let plan, let divisor): uniformIndex(plan) % divisor
        }
    }

    /// An index for each lane, in row `depth` of the scratch.
    func varyingIndex(_ number: Int, depth: Int = 0) -> Ints {
        let plan = plans[number]
        let row = indexRows + depth * width
        let terms = UnsafeBufferPointer(start: terms + plan.firstTerm, count: plan.termCount)
        var sum = plan.constant
        for term in terms where term.isUniform { sum &+= term.coefficient &* uniformValue(term.atom) }
        let start = Int32(truncatingIfNeeded: sum)
        for lane in 0..<width { row[lane] = start }
        for term in terms where !term.isUniform {
            let coefficient = Int32(truncatingIfNeeded: term.coefficient)
            switch term.atom {
            case .variable: break
            case .register(let entry):
                let values = ints[entry]
                for lane in 0..<width { row[lane] &+= coefficient &* values[lane] }
            case .quotient(let inner, let divisor):
                let values = varyingIndex(inner, depth: depth + 1)
                let divisor = Int32(clamping: divisor)
                for lane in 0..<width { row[lane] &+= coefficient &* (values[lane] / divisor) }
            case .remainder(let inner, let divisor):
                let values = varyingIndex(inner, depth: depth + 1)
                let divisor = Int32(clamping: divisor)
                for lane in 0..<width { row[lane] &+= coefficient &* (values[lane] % divisor) }
            }
        }
        return row
    }

    @inline(__always) func clamped(_ index: Int, _ shape: BufferShape) -> Int { min(max(index, 0), shape.last) }
}
