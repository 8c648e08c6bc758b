import LockstepTensor

/// One step of one lane as straight-line instructions and counted loops: what every device runs.
///
/// A program is a pure function (state, key, step, data) -> (state, records). Buffers are flat arrays of elements;
/// registers are single values, assigned once per execution of their statement, and live until the end of the
/// innermost loop body that holds it. The lane axis appears nowhere.
package struct LaneProgram: Hashable, Sendable {
    package var buffers: [Buffer] = []
    package var registers: [RegisterType] = []
    /// Numbers given at each launch, the same for all lanes.
    package var scalars: [Scalar] = []
    /// The statements of one step.
    package var body: [Statement] = []
    /// Integer data that is used as an index: every element must lie in 0 ..< bound.
    package var indexBounds: [String: Int] = [:]
    /// For a program that sees one slice of the data: the number of the slice, which the launch gives.
    package var slice: LoopVariable?
    /// Scalars that are elements of one array of this program, for whoever reads, writes or gives them by name.
    package var packs: [Pack] = []
    /// What became of short loops.
    package var unrolling = Unrolling()
    /// A program whose states after one step are data of this one: what is the same for all lanes and steps.
    package var prologue: LaneProgram? {
        get { beforehand.program }
        set { beforehand = Inner(newValue) }
    }
    /// A program whose states after one step, which has the number of the attempt, are all states with which this one begins.
    package var start: LaneProgram? {
        get { beginning.program }
        set { beginning = Inner(newValue) }
    }
    private var beforehand = Inner.none
    private var beginning = Inner.none

    private indirect enum Inner: Hashable, Sendable {
        case none
        case some(LaneProgram)

        init(_ program: LaneProgram?) { self = program.map { .some($0) } ?? .none }

        var program: LaneProgram? { if case .some(let program) = self { program } else { nil } }
    }

    package init() {}

    /// Memory of one lane on a device, its temporaries and key included.
    package func bytesPerLane(realBytes: Int) -> Int {
        buffers.reduce(8) { total, buffer in
            buffer.isUniform ? total : total + buffer.count * (buffer.dtype == .int ? 4 : realBytes)
        }
    }
}

/// Which loops were unrolled, and the statements that they came to: outside of other loops, and inside.
package struct Unrolling: Hashable, Sendable {
    /// Iterations of the longest that could be.
    package var limit = 0
    package var innerLimit = 0
    package var outer = 0
    package var inner = 0

    package init() {}
}

extension LaneProgram {
    /// The states that the program reads or writes, by the names that others know.
    package var stateNames: Set<String> {
        names(.states) { if case .state(let name) = $0 { name } else { nil } }
    }

    /// The data that the program reads, its prologue's left out, by the names that others know.
    package var dataNames: Set<String> {
        names(.data) { if case .data(let name) = $0 { name } else { nil } }
    }

    private func names(_ kind: Pack.Kind, _ name: (Buffer.Role) -> String?) -> Set<String> {
        let packs = packs.filter { $0.kind == kind }
        return Set(buffers.compactMap { name($0.role) }).subtracting(packs.map(\.name)).union(packs.flatMap(\.members))
    }
}

/// States or data of one element each that a program has as one array.
package struct Pack: Hashable, Sendable {
    package enum Kind: Hashable, Sendable { case states, data }

    package let kind: Kind
    /// Of the array.
    package let name: String
    /// Of its elements, in order.
    package let members: [String]
}

/// A value of one lane, or of all lanes when uniform.
package struct Register: Hashable, Sendable {
    package let number: Int
    package init(_ number: Int) { self.number = number }
}

package struct RegisterType: Hashable, Sendable {
    package let dtype: DType
    /// The same for all lanes: computed from shared data, numbers and loop counters only.
    package let isUniform: Bool

    package init(dtype: DType, isUniform: Bool) {
        self.dtype = dtype
        self.isUniform = isUniform
    }
}

package struct Scalar: Hashable, Sendable {
    package let name: String
    package let dtype: DType

    package init(name: String, dtype: DType) {
        self.name = name
        self.dtype = dtype
    }
}

package struct BufferID: Hashable, Sendable {
    package let number: Int
    package init(_ number: Int) { self.number = number }
}

package struct Buffer: Hashable, Sendable {
    package enum Role: Hashable, Sendable {
        /// The user's data by name; uniform when shared, else one array per lane. Never written.
        case data(String)
        /// Values known when the program was made. Uniform, never written.
        case table([Double])
        /// What a lane carries from step to step, by name: read, and written at the end of a step.
        case state(String)
        /// Per-lane output, written by slot and never read, by name.
        case record(String)
        /// Lives within one step; contents are undefined until written.
        case temporary
        /// What the programs of one step hand on, by number: partial results of slices, per lane. Accumulating into
        /// it stores what the slices that share a vector have together.
        case exchange(Int)
        /// The user's data, those of one slice at a time.
        case slices(DataSlices)
        /// The user's data, in the order of groups. Uniform, never written.
        case grouped(GroupedData)
    }

    package let role: Role
    package let dtype: DType
    /// Elements per lane (per program when uniform).
    package let count: Int
    package let isUniform: Bool

    package init(role: Role, dtype: DType, count: Int, isUniform: Bool) {
        self.role = role
        self.dtype = dtype
        self.count = count
        self.isUniform = isUniform
    }
}

/// Shared data cut into slices of equal length along the first axis; slices `s * together ..< (s + 1) * together`
/// lie side by side, so that one vector load gets an element of each.
package struct DataSlices: Hashable, Sendable {
    package let name: String
    /// Work-items that share the data.
    package let slices: Int
    /// Slices in one vector.
    package let together: Int

    /// The array as the device gets it, `[slices, count, together]` with `count` elements in a slice; empty where
    /// there are too few values.
    package func placed(_ values: [Double], count: Int) -> [Double] {
        let total = slices * together * count
        guard values.count >= total else { return [] }
        return [Double](unsafeUninitializedCapacity: total) { result, initialized in
            for outer in 0..<slices {
                for inner in 0..<together {
                    let (source, target) = ((outer * together + inner) * count, outer * count * together + inner)
                    for element in 0..<count { result[target + element * together] = values[source + element] }
                }
            }
            initialized = total
        }
    }
}

package indirect enum Statement: Hashable, Sendable {
    case constant(Register, Double)
    case scalar(Register, name: String)
    /// The number of the running step, an int; it is also the counter of all draws.
    case step(Register)
    /// An index expression as an int.
    case index(Register, IndexExpression)
    case map(Register, ElementOp, [Register])
    /// The sum of `log` or `logOnePlus` over 2 to 8 values.
    case logSum(Register, ElementOp, [Register])
    case load(Register, BufferID, IndexExpression)
    case store(BufferID, IndexExpression, Register)
    /// buffer[index] = reduction(buffer[index], value). Where the index differs by lane, of sums only.
    case accumulate(Reduction, BufferID, IndexExpression, Register)
    /// The uniform or normal draw of a site that has one element: four steps share a block of draws.
    case draw1(RandomOp.Kind, Register, stream: DrawStream, particle: IndexExpression)
    /// Four uniform or normal draws, elements 4 * group ... 4 * group + 3 of a site.
    case draw4(RandomOp.Kind, [Register], stream: DrawStream, particle: IndexExpression, group: IndexExpression)
    /// One gamma or poisson draw.
    case draw(RandomOp.Kind, Register, stream: DrawStream, particle: IndexExpression, element: IndexExpression, parameter: Register)
    case loop(Loop)
    /// Ends the innermost loop where a mask holds in no lane: what is left of it would change nothing.
    case leave(unlessAny: Register)
    /// The greatest of an int over the lanes that are computed together: no result of a lane may depend on it.
    case greatest(Register, Register)
}

/// Which site draws.
package enum DrawStream: Hashable, Sendable {
    case site(UInt32)
    /// One of `count` sites that are alike, the one at a place: the bits of a uniform int.
    case entry(Register, IndexExpression, count: Int)
}

package struct LoopVariable: Hashable, Sendable {
    package let number: Int
    /// The variable runs over 0 ..< extent.
    package let extent: Int

    package init(number: Int, extent: Int) {
        self.number = number
        self.extent = extent
    }
}
