import LockstepCompiler
import LockstepTensor

/// A lane program in the form that is executed: flat instructions over registers that share storage.
///
/// Registers are reached through one table of pointers, so that a load can be the aiming of a pointer, and a result
/// can be computed where it is kept.
struct BlockProgram: Sendable {
    let loops: LaneLoops
    var instructions: [BlockInstruction] = []
    var plans: [IndexPlan] = []
    var terms: [IndexTerm] = []
    var buffers: [BlockBuffer] = []
    var entries: [RegisterEntry] = []
    /// Values that are set once.
    var constants: [(entry: Int, value: Double)] = []
    /// Values that are set at each launch.
    var scalars: [(entry: Int, name: String)] = []
    /// Entries that stay aimed at one element.
    var places: [(entry: Int, buffer: Int, element: Int)] = []
    var variableCount = 0
    /// Rows of scratch for indices that vary.
    var indexDepth = 0
    /// The entry of the step number.
    var stepEntry: Int?

    init(_ loops: LaneLoops) { self.loops = loops }

    /// Values of scratch that registers of one bank need in a block of `width` lanes.
    func storageCount(_ bank: Bank, width: Int) -> Int {
        entries.reduce(0) { sum, entry in
            guard entry.bank == bank else { return sum }
            return switch entry.kind {
            case .varying: sum + width
            case .uniform: sum + 1
            case .pointer: sum
            }
        }
    }
}

/// Where values are kept. Masks are ints, 0 or 1.
enum Bank: Hashable, Sendable {
    case reals, ints

    init(_ dtype: DType) { self = dtype == .real ? .reals : .ints }
}

/// A row of the table of registers.
struct RegisterEntry: Sendable {
    enum Kind: Sendable {
        /// One value for each lane of a block.
        case varying
        /// One value.
        case uniform
        /// No storage: it is aimed at an element of a buffer.
        case pointer
    }

    let kind: Kind
    let bank: Bank
}

struct BlockBuffer: Hashable, Sendable {
    let role: Buffer.Role
    let dtype: DType
    let count: Int
    /// One array for all lanes, or for a temporary, one value for all lanes of a block.
    let isUniform: Bool

    var bank: Bank { Bank(dtype) }
}

/// A register's row in the table.
struct Slot: Hashable, Sendable {
    var entry: Int32
    var isUniform: Bool

    var index: Int { Int(entry) }
}

/// One instruction, as the translation makes it.
enum BlockInstruction: Sendable {
    /// A loop over the lanes.
    case loop(LoopStep)
    /// An operation that has no such loop.
    case function(MapStep)
    /// Aims a register at an element.
    case point(PointStep)
    /// Reads an element that is another one for each lane.
    case gather(GatherStep)
    /// Writes, or adds to, an element that is another one for each lane.
    case scatter(AccessStep, adds: Bool)
    /// Products that some iterations add to elements.
    case addProducts([ProductStep], iterations: Int)
    case index(Slot, plan: Int32)
    case draw(DrawStep)
    /// Sets a loop variable to 0.
    case enter(variable: Int32)
    /// Sets a loop variable to an int, and jumps where that is no less than another.
    case enterWindow(variable: Int32, first: Slot, end: Slot, skip: Int)
    /// Jumps unless `interval` iterations are done, or all.
    case gate(variable: Int32, extent: Int, interval: Int, skip: Int)
    case gateInWindow(variable: Int32, end: Slot, interval: Int, skip: Int)
    /// Counts up, and jumps unless the loop is done.
    case again(variable: Int32, extent: Int, start: Int)
    case againInWindow(variable: Int32, end: Slot, start: Int)
    /// Jumps where a mask holds in no lane.
    case leave(mask: Slot, skip: Int)
    /// One value for all lanes of the block.
    case greatest(Slot, of: Slot)
}

struct LoopStep: @unchecked Sendable {
    // Unchecked: a C function holds no state.
    let run: LaneLoops.Loop
    let result: Int32
    let a: Int32
    let b: Int32
    let c: Int32
    /// One value in all.
    let isUniform: Bool
}

/// target += a * b. Where one operand is one value for all lanes, it is a.
struct ProductStep: Sendable {
    struct Operand: Sendable {
        let slot: Slot
        /// Elements further with each iteration.
        let step: Int
    }

    let target: Operand
    let a: Operand
    let b: Operand
}

struct MapStep: Sendable {
    let function: HostFunction
    let result: Slot
    let a: Slot
    let b: Slot
    let c: Slot
}

struct PointStep: Sendable {
    enum Source: UInt8, Sendable {
        /// constant + coefficient * a loop variable + secondCoefficient * another one: inside the buffer.
        case variables
        /// constant + coefficient * a uniform int register.
        case register
        /// A plan.
        case plan
    }

    var source: Source
    let entry: Int32
    let buffer: Int32
    /// The number of the variable, register or plan.
    var number: Int32
    var second: Int32 = 0
    var coefficient = 0
    var secondCoefficient = 0
    let constant: Int
}

struct AccessStep: Sendable {
    let bank: Bank
    let register: Slot
    let buffer: Int32
    let plan: Int32
}

struct GatherStep: @unchecked Sendable {
    // Unchecked: a C function holds no state.
    let run: LaneLoops.Gather
    let result: Int32
    let buffer: Int32
    let plan: Int32
}

struct DrawStep: @unchecked Sendable {
    // Unchecked: a C function holds no state.
    let run: LaneLoops.Draw?
    let kind: RandomOp.Kind
    /// For a site of one element, whose block is for four steps: the register that is aimed at one of the four results.
    let taken: Int32?
    /// Four for uniform and normal draws, else one, repeated.
    let results: SIMD4<Int32>
    let parameter: Slot
    let stream: Word
    let particle: Word
    let plan: Int32

    /// A word of the counter.
    enum Word {
        case known(UInt32)
        /// The plan that computes its bits.
        case plan(Int32)

        var isKnown: Bool { if case .known = self { true } else { false } }
    }
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
        /// A row of the table of registers.
        case register(Int)
        case quotient(plan: Int, divisor: Int)
        case remainder(plan: Int, divisor: Int)
    }

    let atom: Atom
    let coefficient: Int
    let isUniform: Bool
}
