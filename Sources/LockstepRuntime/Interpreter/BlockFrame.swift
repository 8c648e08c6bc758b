import LockstepTensor

/// What instructions work on: the registers, buffers and keys of one block of lanes, as bare pointers.
struct BlockFrame<Real: ElementReal> {
    typealias Reals = UnsafeMutablePointer<Real>
    typealias Ints = UnsafeMutablePointer<Int32>

    /// Lanes of a block.
    let width: Int
    /// Those of them that are the caller's: others fill up the last block, and what they hold means nothing.
    let lanes: Int
    let registers: UnsafeMutablePointer<UnsafeMutableRawPointer>
    let bases: UnsafeMutablePointer<UnsafeMutableRawPointer>
    let buffers: UnsafePointer<BufferShape>
    let variables: UnsafeMutablePointer<Int>
    /// Rows of `width` for indices that vary.
    let indexRows: Ints
    let plans: UnsafePointer<IndexPlan>
    let terms: UnsafePointer<IndexTerm>
    /// The keys of the lanes, in two halves.
    let low: UnsafePointer<UInt32>
    let high: UnsafePointer<UInt32>
    var step: UInt32
    /// Of those that are run in one go: nothing in scratch is older.
    var firstStep: UInt32

    @inline(__always) func reals(_ entry: Int) -> Reals { registers[entry].assumingMemoryBound(to: Real.self) }
    @inline(__always) func ints(_ entry: Int) -> Ints { registers[entry].assumingMemoryBound(to: Int32.self) }
    /// How many values an operation without a vectorised loop makes.
    @inline(__always) func count(_ slot: Slot) -> Int { slot.isUniform ? 1 : lanes }
}

/// The extent of a buffer, as instructions need it.
struct BufferShape {
    /// Never negative: an index is clamped to 0 ... last.
    let last: Int
    /// Values of one element: the block's width, or 1 when uniform.
    let stride: Int
    /// Bytes of one element.
    let strideBytes: Int
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
        case .register(let entry): Int(ints(entry)[0])
        case .quotient(let plan, let divisor): uniformIndex(plan) / divisor
        case .remainder(let plan, let divisor): uniformIndex(plan) % divisor
        }
    }

    /// An index for each lane: in row `depth` of the scratch, or the register that is the index.
    func varyingIndex(_ number: Int, depth: Int = 0) -> UnsafePointer<Int32> {
        let plan = plans[number]
        let row = indexRows + depth * width
        let terms = UnsafeBufferPointer(start: terms + plan.firstTerm, count: plan.termCount)
        if terms.count == 1, plan.constant == 0, terms[0].coefficient == 1, !terms[0].isUniform,
            case .register(let entry) = terms[0].atom
        {
            return UnsafePointer(ints(entry))
        }
        var sum = plan.constant
        for term in terms where term.isUniform { sum &+= term.coefficient &* uniformValue(term.atom) }
        let start = Int32(truncatingIfNeeded: sum)
        for lane in 0..<width { row[lane] = start }
        for term in terms where !term.isUniform {
            let coefficient = Int32(truncatingIfNeeded: term.coefficient)
            switch term.atom {
            case .variable: break
            case .register(let entry):
                let values = ints(entry)
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
        return UnsafePointer(row)
    }
}
