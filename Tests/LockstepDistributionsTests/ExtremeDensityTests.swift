import Foundation
import LockstepCompiler
import LockstepDistributions
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// One point of `Tests/Goldens/extreme_densities.json`.
struct ExtremeCase: Decodable {
    let distribution: Family
    let parameters: [String: [Double]]
    let value: [Double]
    let logProb: Double
    /// How far relative changes of the inputs move the log density: the sum of |input times derivative|.
    let condition: Double
    /// By the name of the parameter; `value` for the value.
    let gradients: [String: [Double]]
    let conditions: [String: [Double]]

    struct Proportions: Decodable {
        let logProb: Double
        let gradient: Double
    }
    struct Function: Decodable {
        let name: String
        let arguments: [Double]
        let value: Double
        let gradients: [Double]
    }
    private struct File: Decodable {
        let proportions: Proportions
        let functions: [Function]
        let cases: [ExtremeCase]
    }

    private static let file: File? = {
        let url = Repository.tests.appendingPathComponent("Goldens/extreme_densities.json")
        return (try? Data(contentsOf: url)).flatMap { try? JSONDecoder().decode(File.self, from: $0) }
    }()
    static let all = Dictionary(grouping: file?.cases ?? [], by: \.distribution)
    static var functions: [Function] { file?.functions ?? [] }
    static var proportions: Proportions { file?.proportions ?? Proportions(logProb: .nan, gradient: .nan) }
}

/// Log densities and gradients at parameters from 1e-3 to 1e8, against mpmath.
///
/// A number may be off by 1e-5 of itself in float, 1e-11 in double, and by what `roundings` roundings move of each input and
/// of the term below. No formula can do with none of those: a float that stands for 1e8 stands for all numbers within 4 of it.
enum ExtremeDensities {
    static let roundings = 4.0

    /// By family: the largest term of a number that is small against it where terms happen to cancel.
    static func term(_ family: Family, _ name: String, _ position: Int, _ row: ExtremeCase) -> Double {
        func parameter(_ name: String) -> [Double] { row.parameters[name] ?? [] }
        switch (family.name, name) {
        // Of -log(scale).
        case ("StudentT", "scale"): return 1 / parameter("scale")[0]
        // Of log(concentration) / 2 in the normalizer.
        case ("Beta", "concentration1"), ("Beta", "concentration0"): return 1 / parameter(name)[0]
        // The force along (1, 1, ...), which is the same in all components and leaves the simplex.
        case ("Dirichlet", "value"): return parameter("concentration").reduce(0, +)
        // 1 - p and the sum of all probabilities, which are near 1.
        case ("BernoulliProbabilities", "logProb"), ("BernoulliLogits", "logits"), ("CategoricalLogits", "logits"): return 1
        case ("BernoulliLogits", "logProb"), ("CategoricalLogits", "logProb"):
            return parameter("logits").map(\.magnitude).max() ?? 0
        default: return 0
        }
    }

    /// - Parameter run: a step's outcome on a device.
    static func check(
        _ family: Family, _ precision: Precision, _ device: String, run: (StepCase) throws -> StepCase.Outcome
    ) throws {
        let cases = try #require(ExtremeCase.all[family], "no golden for \(family)")
        // Vectors of one length fit one program.
        for (_, rows) in Dictionary(grouping: cases, by: { ([$0.value] + $0.parameters.values).map(\.count).max() ?? 0 }) {
            let step = program(family, rows)
            let outcome = try run(step)
            for (lane, row) in rows.enumerated() {
                var wanted = [("logProb", 0, row.logProb, row.condition)]
                for (name, gradient) in row.gradients {
                    for (i, value) in gradient.enumerated() { wanted.append((name, i, value, row.conditions[name]?[i] ?? .nan)) }
                }
                for (name, i, value, condition) in wanted {
                    let found = outcome[name == "logProb" ? name : "by \(name)"]?[lane][i] ?? .nan
                    let (relative, unit, least) = precision == .float ? (1e-5, 0x1p-24, 0x1p-126) : (1e-11, 0x1p-53, 0)
                    let bound = relative * value.magnitude + roundings * unit * (condition + term(family, name, i, row)) + least
                    #expect(
                        (found - value).magnitude <= bound,
                        "\(device), \(precision): \(family)\(row.parameters) at \(row.value): \(name)[\(i)] is \(found), not \(value) +- \(bound)")
                }
            }
        }
    }

    /// Each point is a lane.
    private static func program(_ family: Family, _ rows: [ExtremeCase]) -> StepCase {
        let origin = Origin()
        let first = rows[0]
        func input(_ name: String, isVector: Bool, _ count: Int) -> Tensor {
            .input(Input(.data, name, origin: origin), shape: isVector ? [count] : [])
        }
        var inputs = first.parameters.reduce(into: [String: Tensor]()) { all, parameter in
            all[parameter.key] = input(parameter.key, isVector: parameter.value.count > 1, parameter.value.count)
        }
        let distribution = family.make(inputs)
        let value = input("value", isVector: first.value.count > 1, first.value.count)
        if !distribution.isDiscrete { inputs["value"] = value }
        let logProb = distribution.logProb(value)
        let targets = inputs.sorted { $0.key < $1.key }
        let gradients = Gradient.of(logProb, withRespectTo: targets.map(\.value))
        let states = [LaneFunction.State("logProb", logProb)] + zip(targets, gradients).map { .init("by \($0.key)", $1) }
        var step = StepCase(LaneFunction(states: states, perLane: Set(first.parameters.keys).union(["value"])))
        step.lanes = rows.count
        step.perLane = first.parameters.keys.reduce(into: ["value": rows.map(\.value)]) { all, name in
            all[name] = rows.map { $0.parameters[name] ?? [] }
        }
        return step
    }
}

/// `logBeta` and `logGammaRatio`, to roundings of the numbers themselves: whatever their arguments, nothing cancels.
enum GammaFunctions {
    static let origin = Origin()

    static func check(_ precision: Precision, run: (StepCase) throws -> StepCase.Outcome) throws {
        let (a, b) = (Tensor.input(Input(.data, "a", origin: origin), shape: []), Tensor.input(Input(.data, "b", origin: origin), shape: []))
        let unit = precision == .float ? 0x1p-24 : 0x1p-53
        for (name, value) in [("logBeta", logBeta(a, b)), ("logGammaRatio", logGammaRatio(a, b))] {
            let rows = ExtremeCase.functions.filter { $0.name == name }
            #expect(rows.count > 50)
            var step = StepCase(values: [value] + Gradient.of(value, withRespectTo: [a, b]), perLane: ["a", "b"])
            step.lanes = rows.count
            step.perLane = ["a": rows.map { [$0.arguments[0]] }, "b": rows.map { [$0.arguments[1]] }]
            let outcome = try run(step)
            for (lane, row) in rows.enumerated() {
                for (i, wanted) in ([row.value] + row.gradients).enumerated() {
                    let found = outcome["e\(i)"]?[lane][0] ?? .nan
                    // A derivative is a sum of reciprocals of the arguments, and of their logarithms.
                    let term = i == 0 ? 1 : 1 / row.arguments[i - 1] + (name == "logBeta" ? 0 : abs(Foundation.log(row.arguments[1])))
                    #expect(
                        (found - wanted).magnitude <= 12 * unit * (wanted.magnitude + term),
                        "\(name)\(row.arguments), \(i == 0 ? "value" : "derivative \(i)"): \(found), not \(wanted), in \(precision)")
                }
            }
        }
    }
}

@Suite struct ExtremeDensityTests {
    @Test(arguments: Precision.allCases)
    func gammaFunctions(_ precision: Precision) throws { try GammaFunctions.check(precision) { try $0.interpreted(precision) } }

    @Test func goldensCoverEveryFamily() {
        #expect(Set(ExtremeCase.all.keys) == Set(Family.all))
    }

    @Test func largeParameters() throws { try LargeParameters.check { try $0.interpreted(.float) } }

    @Test(arguments: Family.all, Precision.allCases)
    func interpreter(_ family: Family, _ precision: Precision) throws {
        try ExtremeDensities.check(family, precision, "interpreter") { try $0.interpreted(precision) }
    }
}

/// The inputs of issues: each in float, on each device, within 1e-4 of the exact number.
enum LargeParameters {
    static let origin = Origin()
    static func input(_ name: String, _ shape: Shape = []) -> Tensor { .input(Input(.data, name, origin: origin), shape: shape) }

    static func check(run: (StepCase) throws -> StepCase.Outcome) throws {
        try checkValues(run)
        try checkSymmetricBeta(run)
        try checkProportions(run)
    }

    private static func agrees(_ found: Double?, _ wanted: Double, _ what: String) {
        #expect(abs((found ?? .nan) - wanted) <= 1e-4 * abs(wanted), "\(what) is \(found ?? .nan), not \(wanted)")
    }

    /// Log densities; parameters as inputs and as literals.
    private static func checkValues(_ run: (StepCase) throws -> StepCase.Outcome) throws {
        let cases: [(Family, [String: Double], Double, Double)] = [
            ("Beta", ["concentration1": 1e6, "concentration0": 1e6], 0.5, 7.0285374),
            ("StudentT", ["degreesOfFreedom": 1e6, "loc": 0, "scale": 1], 1.5, -2.0439386),
            ("Gamma", ["concentration": 1e6, "rate": 1e6], 1.001, 5.4881502),
            ("Poisson", ["rate": 1e8], 1e8, -10.1292789),
        ]
        for (family, parameters, x, wanted) in cases {
            let names = parameters.keys.sorted()
            let inputs = Dictionary(uniqueKeysWithValues: names.map { ($0, input("\(family) \($0)")) })
            var step = StepCase(values: [
                family.make(inputs).logProb(input("x")), family.make(parameters.mapValues { Tensor($0) }).logProb(input("x")),
            ])
            step.shared = Dictionary(uniqueKeysWithValues: names.map { ("\(family) \($0)", [parameters[$0] ?? .nan]) } + [("x", [x])])
            let outcome = try run(step)
            for state in ["e0", "e1"] { agrees(outcome[state]?[0][0], wanted, "\(family)\(parameters) at \(x)") }
        }
    }

    /// d/d log a of Beta(a, a) at 1/2 tends to 1/2.
    private static func checkSymmetricBeta(_ run: (StepCase) throws -> StepCase.Outcome) throws {
        let logA = input("log a")
        let density = Beta(exp(logA), exp(logA)).logProb(0.5)
        var step = StepCase(values: Gradient.of(density, withRespectTo: [logA]), perLane: ["log a"])
        let sizes = [1e5, 1e6, 1e7, 1e8]
        step.lanes = sizes.count
        step.perLane = ["log a": sizes.map { [Foundation.log($0)] }]
        for (size, found) in zip(sizes, try run(step)["e0"] ?? []) { agrees(found[0], 0.5, "d/d log a of Beta(a, a), a = \(size),") }
    }

    /// A regression of proportions, with a large precision: each row has its own rounding.
    private static func checkProportions(_ run: (StepCase) throws -> StepCase.Outcome) throws {
        let logF = input("log f")
        let density = Beta(0.3 * exp(logF), 0.7 * exp(logF)).logProb(input("x", [1000])).sum()
        var step = StepCase(values: [density] + Gradient.of(density, withRespectTo: [logF]))
        let x = (0..<1000).map { (i: Int) -> Double in
            let millionths: Int = 314_573 - 2708 + (i * 7919) % 5417
            return Double(millionths) * 0x1p-20
        }
        step.shared = ["log f": [11.512925464970229], "x": x]
        let outcome = try run(step)
        agrees(outcome["e0"]?[0][0], ExtremeCase.proportions.logProb, "the log density of proportions")
        agrees(outcome["e1"]?[0][0], ExtremeCase.proportions.gradient, "its gradient")
    }
}

@Suite struct OpenCLExtremeDensityTests {
    @Test(arguments: OpenCLSessions.variants)
    func gammaFunctions(_ variant: OpenCLSessions.Variant) throws {
        try GammaFunctions.check(variant.precision) { try $0.openCL(variant.session, variant.precision, width: variant.width) }
    }

    @Test(arguments: OpenCLSessions.variants.filter { $0.precision == .float })
    func largeParameters(_ variant: OpenCLSessions.Variant) throws {
        try LargeParameters.check { try $0.openCL(variant.session, .float, width: variant.width) }
    }

    @Test(arguments: Family.all, OpenCLSessions.variants)
    func device(_ family: Family, _ variant: OpenCLSessions.Variant) throws {
        try ExtremeDensities.check(family, variant.precision, "\(variant)") {
            try $0.openCL(variant.session, variant.precision, width: variant.width)
        }
    }
}
