import LockstepTensor

/// A recurrence, while it is laid out: the nests of its region, which run in each iteration of the loop over time, and where what it
/// carries is kept. Working state of the lowering, never seen outside it.
final class ScanPlan {
    let region: Region
    let scan: Scan
    /// Storage of what is carried; in the end it holds the results.
    let carries: [BufferPlan]
    /// Storage of the other results that are read, by number.
    var results: [Int: BufferPlan] = [:]
    /// Nests that fill what is carried before the loop.
    var starting: [Nest] = []
    /// Nests of the region, in an order in which each comes after what it reads.
    var computing: [Nest] = []
    /// Nests that carry on and fill outputs, which run when all others have.
    var storing: [Nest] = []
    /// Storage that lives within an iteration.
    var ownPlans: [BufferPlan] = []
    /// Whether the loop is of nothing but this recurrence, and may end before its time.
    var mayLeave = false
    /// The row at hand: a stand-in while reads are collected.
    var time: IndexExpression

    /// - Parameter number: among all recurrences.
    init(_ region: Region, _ scan: Scan, number: Int) {
        self.region = region
        self.scan = scan
        carries = region.parameters.prefix(scan.carries).map { BufferPlan($0) }
        time = .variable(LoopVariable(number: Int.min + number, extent: scan.length))
    }

    /// Operations of a step, each element counted for itself.
    private(set) lazy var scalarWork = Graph.topologicalOrder(region.results).reduce(0) { sum, tensor in
        switch tensor.node.op {
        case .map: sum + tensor.count
        case .reduce, .segmentSum: sum + tensor.node.inputs[0].count
        // Loops of its own.
        case .scan, .cholesky, .triangular: sum + (1 << 20)
        default: sum
        }
    }

    /// What the expressions of a region stand for outside of it.
    enum Binding {
        case carry(ScanPlan, Int)
        /// A tensor, or the row of it that is at hand.
        case operand(ScanPlan, Tensor, isRow: Bool)
    }

    /// Of the region's parameters.
    func bindings(_ operands: [Tensor]) -> [(ObjectIdentifier, Binding)] {
        zip(region.parameters, operands).enumerated().map { position, pair in
            switch scan.operand(position) {
            case .carry(let place): (pair.0.id, .carry(self, place))
            case .stacked: (pair.0.id, .operand(self, pair.1, isRow: true))
            case .captured: (pair.0.id, .operand(self, pair.1, isRow: false))
            }
        }
    }

    /// An index in one of the region's nests, as the nest of the whole recurrence reads it: its axis is time.
    func outside(_ index: [IndexExpression]) -> [IndexExpression] {
        index.map { $0 == time ? Nest.symbol(0, extent: scan.length) : .register(Register(-1)) }
    }
}

/// What the parameters of regions stand for.
struct Bindings {
    private var all: [ObjectIdentifier: ScanPlan.Binding] = [:]

    mutating func add(_ plan: ScanPlan, _ operands: [Tensor]) { for (id, binding) in plan.bindings(operands) { all[id] = binding } }

    subscript(tensor: Tensor) -> ScanPlan.Binding? {
        guard case .input(let input) = tensor.node.op, input.kind == .bound else { return nil }
        return all[tensor.id]
    }
}
