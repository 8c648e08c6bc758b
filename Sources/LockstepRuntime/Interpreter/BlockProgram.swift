import LockstepCompiler
import LockstepTensor

/// A lane program in the form that is executed: flat instructions over registers that share storage.
///
/// Registers are reached through one table of pointers for each bank, so that a load can be the aiming of a pointer.
struct BlockProgram: Sendable {
    var instructions: [BlockInstruction] = []
    var plans: [IndexPlan] = []
    var terms: [IndexTerm] = []
    var buffers: [BufferPlan] = []
    var reals = BankPlan()
    var ints = BankPlan()
    var variableCount = 0
    /// Rows of scratch that nested varying indices need.
    var indexDepth = 0
    /// The entry of the step number, in the bank of ints.
    var stepEntry: Int?
}

/// Where values are kept. Masks are ints, 0 or 1.
enum Bank: Hashable, Sendable {
    case reals, ints

    init(_ dtype: DType) { self = dtype == .real ? .reals : .ints }
}

struct BankPlan: Sendable {
    enum Entry: Sendable {
        /// One value for each lane of a block.
        case varying
        /// One value.
        case uniform
        /// No storage: loads aim it at a buffer.
        case pointer
    }

    var entries: [Entry] = []
    /// Values that are set once.
    var constants: [(entry: Int, value: Double)] = []
    /// Values that are set at each launch.
    var scalars: [(entry: Int, name: String)] = []

    /// Values of scratch that a block of `width` lanes needs.
    func storageCount(width: Int) -> Int {
        entries.reduce(0) { sum, entry in
            switch entry {
            case .varying: sum + width
            case .uniform: sum + 1
            case .pointer: sum
            }
        }
    }
}

struct BufferPlan: Sendable {
    let role: Buffer.Role
    let dtype: DType
    let count: Int
    /// One array for all lanes, or for a temporary, one value for all lanes of a block.
    let isUniform: Bool

    var bank: Bank { Bank(dtype) }
}

/// A register in its bank's table.
struct Slot: Hashable, Sendable {
    var entry: Int32
    var isUniform: Bool

    var index: Int { Int(entry) }
}

/// One instruction. All payloads are plain numbers: nothing is retained while running.
enum BlockInstruction: Sendable {
    case map(MapStep)
    /// Copies or gathers from a buffer.
    case load(AccessStep)
    /// Aims the register at the buffer's own memory.
    case point(AccessStep)
    /// Writes the register into a buffer.
    case store(AccessStep)
    case accumulate(AccessStep, Reduction)
    case index(Slot, plan: Int32)
    case draw(DrawStep)
    /// Sets a loop variable to 0.
    case enter(variable: Int32)
    /// Jumps unless `interval` iterations are done, or all.
    case gate(variable: Int32, extent: Int, interval: Int, skip: Int)
    /// Counts up, and jumps unless the loop is done.
    case again(variable: Int32, extent: Int, start: Int)
}

struct MapStep: Sendable {
    let op: ElementOp
    /// The bank of the last operand; the first one of a select is a mask.
    let bank: Bank
    let result: Slot
    let a: Slot
    let b: Slot
    let c: Slot
}

struct AccessStep: Sendable {
    let bank: Bank
    let register: Slot
    let buffer: Int32
    let plan: Int32
}

struct DrawStep: Sendable {
    let kind: RandomOp.Kind
    /// Whether four steps share a block of draws, of which each takes one.
    let isShared: Bool
    /// Four for the uniform and normal draws of a group of elements, else one, repeated.
    let results: SIMD4<Int32>
    let parameter: Slot
    let stream: UInt32
    let particle: UInt32
    let plan: Int32
}

/// constant + sum of terms. The terms are a range of the program's.
struct IndexPlan: Hashable, Sendable {
    let constant: Int
    let firstTerm: Int
    let termCount: Int
    let isUniform: Bool
}

struct IndexTerm: Hashable, Sendable {
    enum Atom: Hashable, Sendable {
        case variable(Int)
        /// An entry of the bank of ints.
        case register(Int)
        case quotient(plan: Int, divisor: Int)
        case remainder(plan: Int, divisor: Int)
    }

    let atom: Atom
    let coefficient: Int
    let isUniform: Bool
}
