import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Every elementwise operation, on every device, held against plain Double evaluation within the bounds that the
/// kernels state.
@Suite struct OpenCLLanesElementTests {
    /// What a device computes, by the name of an operation and its type, against exact values.
    private struct Trial {
        let step: StepCase
        let wanted: [String: [[Double]]]
        let cases: [String: ElementCase]
    }

    @Test(arguments: ElementOp.allCases) func everyOperationHasACase(_ op: ElementOp) {
        #expect(ElementCases.of(op)?.operands.count == op.arity, "give \(op) a row in ElementCases")
    }

    @Test(arguments: Precision.allCases) func interpreter(_ precision: Precision) throws {
        let trial = try Self.trial(precision)
        try Self.check(trial, trial.step.interpreted(precision), precision, "interpreter") { _ in precision == .float ? 1.5 : 1 }
    }

    /// In large programs functions are called, and states are in memory.
    @Test(arguments: OpenCLSessions.variants, [false, true]) func openCL(_ variant: OpenCLSessions.Variant, _ isLarge: Bool) throws {
        let trial = try Self.trial(variant.precision, isLarge: isLarge)
        let found = try trial.step.openCL(variant.session, variant.precision, width: variant.width)
        try Self.check(trial, found, variant.precision, "\(variant)") {
            variant.precision == .double ? $0.doubleUlps : variant.session.info.kind == .gpu ? $0.gpuFloatUlps : $0.floatUlps
        }
    }

    /// All operations in one program, each on shared data and on data of the lane's own.
    private static func trial(_ precision: Precision, isLarge: Bool = false) throws -> Trial {
        let origin = Origin()
        let lanes = 17
        var states: [LaneFunction.State] = []
        var step = StepCase(values: [])
        step.lanes = lanes
        var wanted: [String: [[Double]]] = [:], cases: [String: ElementCase] = [:]
        for op in ElementOp.allCases {
            guard let element = ElementCases.of(op) else { continue }
            for kind in kinds(op) {
                let columns = element.operands.enumerated().map { position, column -> [Double] in
                    switch op.row.inputs[position] ?? kind {
                    case .real: column.map { precision == .float ? Double(Float($0)) : $0 }
                    case .int: column.map { $0.isFinite && $0.magnitude < 1000 ? ($0 * 3).rounded(.towardZero) : 5 }
                    case .bool: column.map { $0 > 0 ? 1 : 0 }
                    }
                }
                for isOwn in [false, true] {
                    let name = "\(op) \(kind)\(isOwn ? " own" : "")"
                    var operands: [Tensor] = []
                    for (position, column) in columns.enumerated() {
                        let type = op.row.inputs[position] ?? kind
                        let data = "\(name) \(position)"
                        let input = Tensor.input(
                            Input(.data, data, origin: origin), shape: [column.count], dtype: type == .bool ? .int : type)
                        operands.append(type == .bool ? Tensor(integer: 0) .< input : input)
                        if isOwn {
                            step.perLane[data] = (0..<lanes).map { rotated(column, $0) }
                        } else {
                            step.shared[data] = column
                        }
                    }
                    states.append(.init(name, Tensor(.map(op), operands, shape: [ElementCases.count], dtype: op.row.output ?? kind)))
                    let exact = (0..<ElementCases.count).map { i in saturated(op, ReferenceElements.apply(op, columns.map { $0[i] })) }
                    wanted[name] = (0..<lanes).map { isOwn ? rotated(exact, $0) : exact }
                    cases[name] = element
                }
            }
        }
        if isLarge {
            let start = Tensor.input(Input(.state, "chain", origin: origin), shape: [])
            states.append(.init("chain", (0..<900).reduce(start) { value, _ in sin(value) }))
        }
        step.function = LaneFunction(states: states, perLane: Set(step.perLane.keys))
        return Trial(step: step, wanted: wanted, cases: cases)
    }

    private static func kinds(_ op: ElementOp) -> [DType] {
        switch op {
        case .equal, .select, .toReal, .toInt: [.real, .int, .bool]
        default: op.row.inputs.contains(nil) ? [.real, .int] : [.real]
        }
    }

    /// Ints of devices have 32 bits, and no infinity.
    private static func saturated(_ op: ElementOp, _ value: Double) -> Double {
        guard op == .toInt else { return value }
        return value.isNaN ? 0 : min(max(value, Double(Int32.min)), Double(Int32.max))
    }

    private static func rotated(_ column: [Double], _ lane: Int) -> [Double] {
        column.indices.map { column[($0 + lane) % column.count] }
    }

    private static func check(
        _ trial: Trial, _ found: StepCase.Outcome, _ precision: Precision, _ device: String, bound: (ElementCase) -> Double
    ) throws {
        let half = precision == .float ? 0.5 : 0
        var report: [String] = []
        for (name, lanes) in trial.wanted.sorted(by: { $0.key < $1.key }) {
            guard let element = trial.cases[name], let own = found[name] else { continue }
            var worst = (ulps: 0.0, text: "")
            for (lane, values) in lanes.enumerated() {
                for (i, exact) in values.enumerated() {
                    let given = own[lane][i]
                    var error = precision == .float ? Outcomes.ulps(Float(given), exact: exact) : Outcomes.ulps(given, exact: exact)
                    if error.isFinite, exact.magnitude < element.scale {
                        let unit = precision == .float ? Double(Float(element.scale).ulp) : element.scale.ulp
                        error = (given - exact).magnitude / unit
                    }
                    let position = name.hasSuffix("own") ? (i + lane) % values.count : i
                    if error > worst.ulps { worst = (error, "of \(element.operands.map { $0[position] }) is \(given), not \(exact)") }
                }
            }
            let isExact = trial.step.function.states.first { $0.name == name }?.value.dtype != .real
            let allowed = isExact || (element.floatUlps == 0 && element.doubleUlps == 0) ? half : bound(element)
            if worst.ulps > half { report.append("\(name) \((worst.ulps * 100).rounded() / 100)") }
            if worst.ulps > allowed { Issue.record("\(device): \(name) is \(worst.ulps) ulps off: \(worst.text)") }
        }
        print("worst ulps, \(device), \(precision): \(report.joined(separator: ", "))")
    }
}
