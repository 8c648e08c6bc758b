import LockstepCompiler
import LockstepTensor
import TestSupport
import Testing

@testable import LockstepRuntime

/// The device functions of `Kernels/` against values of mpmath, in units in the last place. Each row of the golden
/// file is a lane.
@Suite(needsOpenCLDevice) struct OpenCLSpecialFunctionTests {
    /// The bounds that the comments of the kernels promise.
    static let bounds: [(function: String, op: ElementOp, float: Double, double: Double)] = [
        ("abs", .abs, 0, 0), ("sign", .sign, 0, 0), ("floor", .floor, 0, 0), ("ceil", .ceil, 0, 0),
        ("min", .minimum, 0, 0), ("max", .maximum, 0, 0), ("sqrt", .sqrt, 3, 1),
        ("exp", .exp, 1.5, 4), ("expm1", .expMinusOne, 2, 4), ("log", .log, 1, 4), ("log1p", .logOnePlus, 1.5, 4),
        ("sin", .sin, 2, 4), ("cos", .cos, 2, 4), ("tan", .tan, 4, 4),
        ("asin", .asin, 3, 4), ("acos", .acos, 2, 4), ("atan", .atan, 2, 4),
        ("sinh", .sinh, 2, 4), ("cosh", .cosh, 2, 4), ("tanh", .tanh, 3, 4),
        ("sigmoid", .sigmoid, 2.5, 4), ("softplus", .softplus, 2, 4), ("pow", .power, 2, 4),
        ("lgamma", .logGamma, 5, 8), ("digamma", .digamma, 5, 10), ("zeta", .hurwitzZeta, 6, 10),
        ("stirling_error", .stirlingError, 8, 8), ("digamma_error", .digammaError, 8, 12),
        ("deviance", .deviance, 8, 8), ("log_ratio", .logRatio, 4, 4),
        ("erf", .erf, 3, 4), ("erfc", .erfc, 6, 6), ("erfinv", .erfInverse, 4, 4),
    ]

    @Test(arguments: TestSupport.OpenCLSessions.variants) func ulps(_ variant: TestSupport.OpenCLSessions.Variant) throws {
        let rows = Dictionary(grouping: try Goldens.specialFunctions(), by: \.function)
        let precision = variant.precision
        for (function, op, float, double) in Self.bounds {
            let cases = try #require(rows[function])
            let byHardware = variant.session.info.kind == .gpu ? ElementCases.byHardware[op] ?? 0 : 0
            let bound = precision == .float ? max(float, byHardware) : double
            let results = try evaluate(op, cases, variant)
            var worst = (error: 0.0, row: cases[0], result: 0.0)
            for (row, result) in zip(cases, results) {
                let error = precision == .float ? Ulps.error(of: Float(result), expected: row.value) : Ulps.error(of: result, expected: row.value)
                let scaled = isNearRoot(function, row) ? cancelled(result, row, precision) : error
                // GPUs may have 0 for what is below the normal numbers.
                if byHardware > 0, result == 0, row.value.magnitude < 0x1p-126 { continue }
                if scaled > worst.error { worst = (scaled, row, result) }
            }
            #expect(
                worst.error <= bound,
                "\(function) of \(worst.row.arguments) is \(worst.result), not \(worst.row.value): \(worst.error) ulps, \(variant)")
        }
    }

    private func isNearRoot(_ function: String, _ row: Goldens.Row) -> Bool {
        (function == "lgamma" || function == "digamma") && row.arguments[0] < 0 && row.value.isFinite
    }

    /// Below 0 both functions cancel near their roots: the error counts in units of max(1, |value|).
    private func cancelled(_ result: Double, _ row: Goldens.Row, _ precision: Precision) -> Double {
        let unit = Swift.max(1, row.value.magnitude)
        let ulp = precision == .float ? Double(Float(unit).ulp) : unit.ulp
        return result.isFinite ? (result - row.value).magnitude / ulp : .infinity
    }

    private func evaluate(_ op: ElementOp, _ cases: [Goldens.Row], _ variant: TestSupport.OpenCLSessions.Variant) throws -> [Double] {
        let origin = Origin()
        let x = Tensor.input(Input(.data, "x", origin: origin), shape: [])
        let s = Tensor.input(Input(.data, "s", origin: origin), shape: [])
        // The file has the argument that a function is named after first.
        let operands = op.arity == 1 ? [x] : op == .hurwitzZeta ? [s, x] : op.arity == 3 ? [x, s, x - s] : [x, s]
        let program = try Lowering.lower(
            LaneFunction(states: [.init("y", .map(op, operands))], perLane: op.arity == 1 ? ["x"] : ["x", "s"]))
        let executable = try OpenCLExecutable(
            program, on: variant.session, precision: variant.precision,
            schedule: .choose(variant.session.info, variant.precision, width: variant.width))
        var data: [String: LaneInputs.Data] = ["x": .perLane(cases.map { $0.arguments[0] })]
        if op.arity > 1 { data["s"] = .perLane(cases.map { $0.arguments.count > 1 ? $0.arguments[1] : 0 }) }
        let run = try executable.start(LaneInputs(keys: Key(0).split(cases.count), data: data))
        try run.advance(from: 0, count: 1, scalars: [:])
        let y = try run.read("y")
        return cases.indices.map { y[$0, 0] }
    }
}
