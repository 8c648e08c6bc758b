import LockstepTensor

/// The loops that compute one buffer (or one part of it), before it is decided which of them are
/// shared with other buffers. Working state of the lowering, never seen outside it.
final class Nest {
    enum Kind {
        /// Stores the operand.
        case elementwise
        case reduce(Reduction)
        /// Adds the operand to the row that the second operand names.
        case segmentSum
        /// Stores the operand from `starts` on.
        case part(starts: [Int])
        case draw1(RandomOp)
        case draw4(RandomOp)
        case draw(RandomOp)
        /// The one draw of each of several sites.
        case draws(RandomOp)
        /// Stores the operand as the next value of a state.
        case state(String)
        case record(LaneFunction.Record)
        /// Matrix operations; the axes are those of batches.
        case cholesky
        case triangular(Triangular)
        /// A recurrence; its only axis is time.
        case scan(ScanPlan)
        /// Stores the operand as what is carried into the first step.
        case start
        /// Stores the operand as what is carried on.
        case carry(ScanPlan, Int)
        /// Stores the operand as the row at hand of a result.
        case output(ScanPlan, BufferPlan)
    }

    /// What is read as it was before the step.
    enum Cell: Hashable {
        case state(String)
        /// By the region's parameter.
        case carry(ObjectIdentifier)
    }

    let kind: Kind
    /// The expression whose elements the body computes.
    let operand: Tensor
    let target: BufferPlan
    /// The loops, as extents.
    let extents: [Int]
    /// Per loop: the axis of the target that it walks, or nil when it reduces.
    let targetAxes: [Int?]
    /// The values of the loop counters that are decided.
    var bound: [IndexExpression?]
    /// Where a reduction adds to: partial sums inside long loops.
    var accumulator: BufferID?

    /// What the body reads, in terms of `symbol(axis)`.
    var reads: [ObjectIdentifier: [[IndexExpression]]] = [:]
    var cellReads: [Cell: [[IndexExpression]]] = [:]

    init(_ kind: Kind, operand: Tensor, target: BufferPlan, extents: [Int], targetAxes: [Int?]) {
        self.kind = kind
        self.operand = operand
        self.target = target
        self.extents = extents
        self.targetAxes = targetAxes
        self.bound = extents.map { $0 == 1 ? .constant(0) : nil }
        target.producers.append(self)
    }

    /// The same nest with one more loop decided, for one of the iterations that are written out together.
    init(_ nest: Nest, binding axis: Int, to value: IndexExpression) {
        kind = nest.kind
        operand = nest.operand
        target = nest.target
        extents = nest.extents
        targetAxes = nest.targetAxes
        bound = nest.bound
        bound[axis] = value
        accumulator = nest.accumulator
        reads = nest.reads
        cellReads = nest.cellReads
    }

    /// A stand-in for the counter of a loop, while reads are collected.
    static func symbol(_ axis: Int, extent: Int) -> IndexExpression {
        .variable(LoopVariable(number: -1 - axis, extent: extent))
    }

    var freeAxes: [Int] { bound.indices.filter { bound[$0] == nil } }

    var hasReducingLoop: Bool { targetAxes.indices.contains { targetAxes[$0] == nil && extents[$0] != 1 } }
    /// Whether one of the reducing loops is decided already.
    var isReducing: Bool { targetAxes.indices.contains { targetAxes[$0] == nil && extents[$0] != 1 && bound[$0] != nil } }

    var reduction: Reduction? {
        switch kind {
        case .reduce(let reduction): reduction
        case .segmentSum: .sum
        default: nil
        }
    }

    var isRoot: Bool {
        switch kind {
        case .state, .record, .carry, .output: true
        default: false
        }
    }

    /// The cell that is stored.
    var cell: Cell? {
        switch kind {
        case .state(let name): .state(name)
        case .carry(let plan, let place): .carry(plan.region.parameters[place].id)
        default: nil
        }
    }

    /// Whether an axis is that of the particles that draw.
    func walksParticles(_ axis: Int) -> Bool {
        switch kind {
        case .draw1(let op), .draw4(let op), .draw(let op): op.particles != nil && axis == 0
        default: false
        }
    }

    /// Whether the body has loops of its own.
    var hasOwnLoops: Bool {
        switch kind {
        case .scan, .cholesky, .triangular: true
        default: false
        }
    }

    var scan: ScanPlan? { if case .scan(let plan) = kind { plan } else { nil } }

    /// What the nest stores into.
    var targets: [BufferPlan] { scan.map { Array($0.results.values) } ?? [target] }
}

/// The storage of one node: which axes it needs depends on which loops its users share with it.
final class BufferPlan {
    let tensor: Tensor
    /// Elements, padded where draws come in fours.
    let capacity: Int
    /// Elements of a row of the first axis, padded where the draws of each particle come in fours.
    var rowCapacity: Int?
    var producers: [Nest] = []
    var consumers: [Nest] = []
    /// Axes along which only the iterations that are written out together need storage, because every user runs
    /// inside the loop that walks them; with the number of those iterations.
    var contracted: [Int: Int] = [:]
    /// The depth of the loop body in which the buffer lives.
    var homeDepth = 0
    var id: BufferID?

    init(_ tensor: Tensor, capacity: Int? = nil) {
        self.tensor = tensor
        self.capacity = capacity ?? tensor.count
    }

    var storedShape: [Int] { tensor.shape.enumerated().map { contracted[$0] ?? $1 } }

    /// Elements of the array.
    var storedCount: Int {
        if let rowCapacity { return storedShape[0] * rowCapacity }
        return contracted.isEmpty ? capacity : storedShape.elementCount
    }

    /// Where a row of the first axis begins.
    func rowStart(_ row: IndexExpression) -> IndexExpression { kept(row, axis: 0) * (rowCapacity ?? storedShape.dropFirst().reduce(1, *)) }

    func position(_ index: [IndexExpression]) -> IndexExpression {
        if rowCapacity != nil {
            let inner = index.indices.dropFirst().map { kept(index[$0], axis: $0) }
            return rowStart(index[0]) + .flat(inner, Array(storedShape.dropFirst()))
        }
        return .flat(index.enumerated().map { kept($1, axis: $0) }, storedShape)
    }

    /// An index along an axis, as it is in the array.
    private func kept(_ index: IndexExpression, axis: Int) -> IndexExpression {
        guard let tile = contracted[axis] else { return index }
        let place = index.quotientAndRemainder(dividingBy: tile).remainder
        return place.range.flatMap { $0.count == 1 ? .constant($0.lowerBound) : nil } ?? place
    }
}
