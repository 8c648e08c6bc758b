import LockstepRuntime
import LockstepTensor

/// What to try an elementwise operation on, and how far from exact a device may be.
package struct ElementCase: Sendable {
    package let op: ElementOp
    /// Columns of operands, of one length.
    package let operands: [[Double]]
    /// In units of the last place of the exact result.
    package let floatUlps: Double
    /// The same on GPUs.
    package let gpuFloatUlps: Double
    package let doubleUlps: Double
    /// Results below this in magnitude are measured in units of the last place of this: where a function crosses
    /// zero by cancellation.
    package let scale: Double
}

/// One case for each operation. The bounds are those that Kernels/elementary.cl, special.cl and densities.cl state, where they
/// do; 0 is for operations that are exact.
package enum ElementCases {
    package static func of(_ op: ElementOp) -> ElementCase? {
        guard let row = table[op] else { return nil }
        var random = SplitMix64(seed: 7)
        var first = row.edges, second: [Double] = [], third: [Double] = []
        while first.count < count { first.append(Double(Float(Double.random(in: row.range, using: &random)))) }
        for i in 0..<count {
            let range = row.second ?? row.range
            second.append(i < row.edges.count ? row.edges[(i * 5 + 3) % row.edges.count] : Double(Float(Double.random(in: range, using: &random))))
            third.append(Double(i) - 11.5)
        }
        if row.second != nil {
            second = second.map { range in row.second.map { Swift.min(Swift.max(range, $0.lowerBound), $0.upperBound) } ?? range }
        }
        // Operands that belong together.
        switch op {
        case .deviance, .logRatio: third = zip(first, second).map { Double(Float($0)) - Double(Float($1)) }
        case .poissonLogMass:
            second = first.enumerated().map { $1.isNaN ? 3 : $0 % 2 == 0 ? Double($0) : (1.05 * ElementOp.exp.value($1)).rounded() }
            third = second.map { ElementOp.logGamma.value($0 + 1) }
        default: break
        }
        return ElementCase(
            op: op, operands: Array([first, second, third].prefix(op.arity)), floatUlps: row.float,
            gpuFloatUlps: max(row.float, byHardware[op] ?? 0), doubleUlps: row.double, scale: row.scale)
    }

    /// Operands of every case, so that all of them fit one loop; enough that the loop is not written out.
    package static let count = 40

    /// What Kernels/hardware.cl states of functions that GPUs make of their own.
    package static let byHardware: [ElementOp: Double] = [.exp: 3, .sinh: 7, .cosh: 4, .sigmoid: 7, .softplus: 7, .power: 4, .erfc: 8]

    private struct Row {
        var range: ClosedRange<Double> = -30...30
        var second: ClosedRange<Double>?
        var edges: [Double] = Self.all
        var float = 0.0
        var double = 0.0
        var scale = 0.0

        static let all: [Double] = [0, -0.0, 1, -1, .infinity, -.infinity, .nan, 1e-30, -1e-30, 1e30, -1e30, 0.5]
    }

    /// Division is correctly rounded only where the driver was asked for it.
    private static let division = 3.0

    /// Thirds, as ints are made of operands.
    private static let wholes: [Double] = [0, 0.4, -0.4, 0.7, -0.7, 1, -1, 999, -999, 30, -30, 2.5]

    private static let positiveEdges: [Double] = [0, 0.5, 1, 2, .infinity, .nan, 1e-30, 1e30, 1000, 0.499]

    private static let table: [ElementOp: Row] = [
        .negate: Row(), .abs: Row(), .sign: Row(), .floor: Row(), .ceil: Row(),
        .sqrt: Row(range: 0...1000, float: 0.5 + division, double: 1),
        .exp: Row(range: -80...80, edges: [0, -0.0, .infinity, -.infinity, .nan, 1, -1, 88, -87, 1e30, -1e30, 1e-30], float: 1.5, double: 4),
        .expMinusOne: Row(range: -20...20, float: 2, double: 4),
        .log: Row(range: 0...1000, float: 1, double: 4),
        .logOnePlus: Row(range: -1...100, float: 1.5, double: 4),
        .sin: Row(range: -100...100, edges: [0, -0.0, 1, -1, .infinity, .nan, 1e-30], float: 2, double: 4),
        .cos: Row(range: -100...100, edges: [0, -0.0, 1, -1, .infinity, .nan, 1e-30], float: 2, double: 4),
        .tan: Row(range: -20...20, edges: [0, -0.0, 1, -1, .infinity, .nan, 1e-30], float: 4, double: 5),
        .asin: Row(range: -1...1, edges: [0, -0.0, 1, -1, 1.5, -1.5, .nan, 0.5, -0.5, 1e-30], float: 3, double: 4),
        .acos: Row(range: -1...1, edges: [0, -0.0, 1, -1, 1.5, -1.5, .nan, 0.5, -0.5, 1e-30], float: 2, double: 4),
        .atan: Row(float: 2, double: 5),
        .sinh: Row(range: -80...80, float: 2, double: 4), .cosh: Row(range: -80...80, float: 2, double: 4),
        .tanh: Row(range: -8...8, float: 3, double: 5),
        .sigmoid: Row(range: -80...80, float: 2.5 + division, double: 4),
        .softplus: Row(range: -80...80, float: 2, double: 4),
        .logGamma: Row(
            range: 0.001...50, edges: [1, 2, .infinity, .nan, 0.5, 1e-30, 1e30, 1000, 0, -0.5, -1.5, -7.25], float: 5, double: 8, scale: 1),
        .digamma: Row(
            range: 0.001...50, edges: [1, 2, .infinity, .nan, 0.5, 1e-30, 1e30, 1000, -0.5, -1.5, -7.25], float: 5 + division, double: 10, scale: 1),
        .erf: Row(range: -4...4, float: 3, double: 4),
        .erfc: Row(range: -4...9, float: 6 + division, double: 6),
        .erfInverse: Row(range: -1...1, edges: [0, -0.0, 1, -1, .nan, 1e-30, 0.99999, -0.99999, 0.5], float: 4, double: 4),
        .add: Row(), .subtract: Row(), .multiply: Row(), .divide: Row(float: 0.5 + division, double: 1),
        .power: Row(range: 0.01...10, second: -20...20, float: 2, double: 4),
        .minimum: Row(), .maximum: Row(), .quotient: Row(edges: wholes), .remainder: Row(edges: wholes),
        .hurwitzZeta: Row(range: 1.05...10, second: 0.01...50, edges: [1.5, 2, 3, 10], float: 6 + division, double: 10),
        .stirlingError: Row(range: 0.001...50, edges: positiveEdges, float: 8 + division, double: 8),
        .digammaError: Row(range: 0.001...50, edges: positiveEdges, float: 8 + division, double: 12),
        // Small counts are sums of terms as large as the scale.
        .poissonLogMass: Row(range: -3...6, edges: [0, 1, -1, 5, -20, .nan, 6, 3.5], float: 8, double: 10, scale: 400),
        .deviance: Row(range: 0.01...50, second: 0.01...50, edges: [0, 1, 2, 1e-30, 1e30, 0.5, 3, 1.001], float: 8 + division, double: 8),
        .logRatio: Row(range: 0.01...50, second: 0.01...50, edges: [0, 1, 2, 1e-30, 1e30, 0.5, 3, 1.001], float: 4 + division, double: 4),
        .isFinite: Row(), .less: Row(), .lessOrEqual: Row(), .equal: Row(), .and: Row(), .or: Row(), .not: Row(), .select: Row(),
        .toReal: Row(), .toInt: Row(),
    ]
}
