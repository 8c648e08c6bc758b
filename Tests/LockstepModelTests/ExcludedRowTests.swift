import LockstepCompiler
import LockstepDistributions
import LockstepModel
import LockstepTensor
import TestSupport
import Testing

/// A row that a mask or a weight of 0 excludes counts for nothing, in value and gradient, whatever its value, its
/// covariates and the parameters of its distribution hold: the model is the one without the row.
@Suite struct ExcludedRowTests {
    /// A distribution for each row, from parameters that are covariates times what all rows share.
    struct Family: Sendable, CustomStringConvertible {
        let description: String
        /// Of one row, by parameter: numbers, or a vector.
        let parameters: [[Double]]
        /// Of the rows that count.
        let values: [[Double]]
        let isDiscrete: Bool
        let make: @Sendable ([Tensor]) -> any Distribution

        init(
            _ name: String, _ parameters: [[Double]], _ values: [[Double]], isDiscrete: Bool = false,
            _ make: @escaping @Sendable ([Tensor]) -> any Distribution
        ) {
            description = name
            self.parameters = parameters
            self.values = values
            self.isDiscrete = isDiscrete
            self.make = make
        }

        static let all: [Family] = [
            Family("Normal", [[0.5], [2]], [[1], [-3]]) { Normal($0[0], $0[1]) },
            Family("HalfNormal", [[2]], [[1], [3]]) { HalfNormal($0[0]) },
            Family("LogNormal", [[0.5], [2]], [[1.5], [3]]) { LogNormal($0[0], $0[1]) },
            Family("Cauchy", [[0.5], [2]], [[1], [-3]]) { Cauchy($0[0], $0[1]) },
            Family("HalfCauchy", [[2]], [[1], [3]]) { HalfCauchy($0[0]) },
            Family("StudentT", [[4], [0.5], [2]], [[1], [-3]]) { StudentT($0[0], $0[1], $0[2]) },
            Family("Exponential", [[2]], [[1], [3]]) { Exponential($0[0]) },
            Family("Uniform", [[-1], [4]], [[1], [3]]) { Uniform($0[0], $0[1]) },
            Family("Gamma", [[2.5], [1.5]], [[1], [3]]) { Gamma($0[0], $0[1]) },
            Family("Beta", [[2.5], [1.5]], [[0.25], [0.5]]) { Beta($0[0], $0[1]) },
            Family("Dirichlet", [[2.5, 1.5, 3]], [[0.25, 0.5, 0.25], [0.125, 0.375, 0.5]]) { Dirichlet($0[0]) },
            Family("Bernoulli", [[0.25]], [[0], [1]], isDiscrete: true) { Bernoulli(probabilities: $0[0]) },
            Family("Bernoulli from logits", [[0.75]], [[0], [1]], isDiscrete: true) { Bernoulli(logits: $0[0]) },
            Family("Categorical", [[0.25, 0.5, 0.25]], [[0], [2]], isDiscrete: true) { Categorical(probabilities: $0[0]) },
            Family("Categorical from logits", [[0.25, 1.5, -1]], [[0], [2]], isDiscrete: true) { Categorical(logits: $0[0]) },
            Family("Poisson", [[2.5]], [[0], [3]], isDiscrete: true) { Poisson($0[0]) },
            Family("Poisson from the logarithm", [[0.5]], [[0], [3]], isDiscrete: true) { Poisson(logRate: $0[0]) },
            Family("Delta", [[1.5], [0.25]], [[1.5], [1.5]]) { Delta($0[0], logDensity: $0[1]) },
            Family("a mixture", [[0.25, 0.75], [0.5, -1], [2, 1]], [[1], [-3]]) {
                MixtureSameFamily(Categorical(probabilities: $0[0]), Normal($0[1], $0[2]))
            },
            Family("a mixture with bounds of its components", [[0.5, -0.25], [0, 1], [4, 6]], [[2], [3.5]]) {
                MixtureSameFamily(Categorical(logits: $0[0]), Uniform($0[1], $0[2]))
            },
            Family("a vector", [[0.5, 1, -1], [2, 1, 3]], [[1, 2, 3], [-3, 0.5, 0]]) { Normal($0[0], $0[1]).toEvent(1) },
            Family("a transformed one", [[0.5], [2], [1.5]], [[1.75], [3]]) {
                TransformedDistribution(Gamma($0[0], $0[1]), AffineBijector(0, $0[2]))
            },
            Family("a logit-normal one", [[0.5], [2]], [[0.25], [0.5]]) {
                TransformedDistribution(Normal($0[0], $0[1]), SigmoidBijector())
            },
        ]
    }

    /// How rows are excluded. Weights are 0 for the rows that are.
    enum Way: CaseIterable {
        case mask, literalMask, scale, literalScale, computedScale, nested, handler

        func model(_ literal: [Double], _ body: @escaping @Sendable (inout ModelContext) -> Void) -> Model {
            let rows = literal.count
            let literalMask = Tensor(literal) .!= 0
            let inside: @Sendable (inout ModelContext, Tensor, Tensor) -> Void = { m, weights, strength in
                m.plate("rows", rows) { m in
                    switch self {
                    case .mask: m.mask(weights .!= 0, body)
                    case .literalMask: m.mask(literalMask, body)
                    case .scale: m.scale(weights, body)
                    case .literalScale: m.scale(Tensor(literal), body)
                    case .computedScale: m.scale(weights * exp(strength), body)
                    case .nested: m.scale(2) { m in m.mask(weights .!= 0) { m in m.scale(Tensor(literal) * 0.5, body) } }
                    case .handler: body(&m)
                    }
                }
            }
            let model = Model { m in inside(&m, m.data("weights", shape: [rows]), m.param("strength", 0)) }
            return self == .handler ? model.scale(Tensor(literal)).mask(literalMask) : model
        }
    }

    /// What excluded rows hold, one in each lane.
    static let bad: [Double] = [0, .nan, .infinity, -.infinity, -1, 1e30]
    /// Weights of the rows; the kept ones are the family's values in their order.
    static let weights: [Double] = [2, 0, 1, 0]

    /// The log density and its gradients by each way, for rows of the given weights.
    static func expressions(_ family: Family, _ weights: [Double]) throws -> [Tensor] {
        let rows = weights.count
        let event = family.values[0].count == 1 ? [] : [family.values[0].count]
        let names = family.parameters.indices.map { "theta\($0)" } + ["value", "strength"]
        // One origin for all, so that the data are the same.
        let run = TraceRun()
        let inputs = names.map { Tensor.input(Input(.data, $0, origin: run.origin), shape: []) }
        return try Way.allCases.flatMap { way in
            let model = way.model(weights) { m in
                let parameters = family.parameters.enumerated().map { place, values in
                    m.param("theta\(place)", 1) * m.data("x\(place)", shape: [rows] + (values.count == 1 ? [] : [values.count]))
                }
                let value = m.data("y", shape: [rows] + event)
                m.observe("obs", family.make(parameters), family.isDiscrete ? value : value * m.param("value", 1))
            }
            let trace = try model.substitute(Dictionary(uniqueKeysWithValues: zip(names, inputs))).trace(run)
            return [trace.logJoint] + Gradient.of(trace.logJoint, withRespectTo: inputs)
        }
    }

    /// Data by name; rows of weight 0 hold `bad`.
    static func data(_ family: Family, _ weights: [Double], _ bad: Double) -> [String: [Double]] {
        var data = ["value": [1.0], "strength": [0.5], "weights": weights]
        for (place, values) in family.parameters.enumerated() {
            data["theta\(place)"] = [1]
            data["x\(place)"] = weights.flatMap { $0 == 0 ? values.map { _ in bad } : values }
        }
        var kept = family.values.makeIterator()
        data["y"] = weights.flatMap { weight in weight == 0 ? family.values[0].map { _ in bad } : kept.next() ?? [] }
        return data
    }

    static func step(_ family: Family) throws -> StepCase {
        let lanes = bad.map { data(family, weights, $0) }
        let own = lanes[0].keys.filter { name in !lanes.allSatisfy { $0[name] == lanes[0][name] } }
        var step = StepCase(values: try expressions(family, weights), perLane: Set(own))
        step.lanes = bad.count
        for name in lanes[0].keys {
            if own.contains(name) { step.perLane[name] = lanes.map { $0[name] ?? [] } } else { step.shared[name] = lanes[0][name] }
        }
        return step
    }

    /// The same of the model without the excluded rows, by the plainest evaluation.
    static func wanted(_ family: Family) throws -> [[Double]] {
        let kept = weights.filter { $0 != 0 }
        return try ReferenceEvaluator.evaluate(expressions(family, kept), inputs: data(family, kept, .nan))
    }

    private func check(_ found: StepCase.Outcome, _ wanted: [[Double]], _ tolerance: Double, _ device: String) {
        let each = wanted.enumerated().map { ("e\($0.offset)", [[Double]](repeating: $0.element, count: Self.bad.count)) }
        let difference = Outcomes.disagreement(found, Dictionary(uniqueKeysWithValues: each), relative: tolerance)
        #expect(difference == nil, "\(device)")
    }

    @Test(arguments: Family.all)
    func excludedRowsCountForNothing(_ family: Family) throws {
        let wanted = try Self.wanted(family)
        #expect(wanted.allSatisfy { $0.allSatisfy(\.isFinite) })
        // Something is there that a row could spoil.
        #expect(family.description == "Delta" || wanted[1][0] != 0)
        let step = try Self.step(family)
        check(try step.reference(), wanted, 1e-13, "reference")
        check(try step.interpreted(.double), wanted, 1e-12, "interpreter, double")
        check(try step.interpreted(.float), wanted, 2e-5, "interpreter, float")
        // PoCL's compiler ends the process over one of these in double precision and width 1, which nobody asks of a CPU.
        for variant in OpenCLSessions.variants where variant.width > 1 {
            let isFloat = variant.precision == .float
            check(try step.openCL(variant.session, variant.precision, width: variant.width), wanted, isFloat ? 2e-5 : 1e-12, "\(variant)")
        }
    }

    /// A latent that a mask excludes has no density, and moves nothing.
    @Test func latentsInsideAMask() throws {
        let model = Model { m in
            let spread = m.param("spread", 1)
            m.plate("rows", 3) { m in
                m.mask(Tensor([1, 0, 1]) .!= 0) { m in m.sample("z", LogNormal(0, spread * m.data("e", shape: [3]))) }
            }
        }
        let run = TraceRun()
        let inputs = [("spread", Shape()), ("z", [3])].map { Tensor.input(Input(.state, $0.0, origin: run.origin), shape: $0.1) }
        let trace = try model.substitute(["spread": inputs[0], "z": inputs[1]]).trace(run)
        let expressions = [trace.logJoint] + Gradient.of(trace.logJoint, withRespectTo: inputs)
        for (z, e) in [(0.0, 1.0), (-1, 0), (.nan, .nan), (2, 0)] {
            let found = try ReferenceEvaluator.evaluate(expressions, inputs: ["spread": [0.5], "z": [2, z, 3], "e": [1, e, 1]])
            let wanted = try ReferenceEvaluator.evaluate(expressions, inputs: ["spread": [0.5], "z": [2, 7, 3], "e": [1, 1, 1]])
            #expect(found == wanted)
            #expect(found[2][1] == 0)
        }
    }

    /// Factors too, and what they are made of.
    @Test(arguments: Way.allCases)
    func factorsOfExcludedRows(_ way: Way) throws {
        let model = way.model([1, 0, 2]) { m in
            m.factor("f", log(m.param("t", 1) * m.data("x", shape: [3])))
        }
        let run = TraceRun()
        let t = Tensor.input(Input(.state, "t", origin: run.origin), shape: [])
        let trace = try model.substitute(["t": t]).trace(run)
        let expressions = [trace.logJoint] + Gradient.of(trace.logJoint, withRespectTo: [t])
        let weights = way == .mask || way == .literalMask ? 2.0 : 3
        for bad in Self.bad {
            let point = ["t": [2], "x": [1, bad, 1], "weights": [1, 0, 2], "strength": [0]]
            let found = try ReferenceEvaluator.evaluate(expressions, inputs: point)
            let total = way == .nested ? 3 : weights
            #expect(abs(found[1][0] - total / 2) < 1e-12, "\(bad): \(found)")
        }
    }
}
