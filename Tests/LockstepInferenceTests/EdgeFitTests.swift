import Lockstep
import Testing

@testable import LockstepInference

/// Fits of models whose probabilities round to 0 or 1, whose functions are not differentiable somewhere, or some of
/// whose rows do not count.
@Suite struct EdgeFitTests {
    struct Case: Sendable, CustomStringConvertible {
        let description: String
        let data: [String: LaneData]
        let model: Model

        init(_ description: String, _ data: [String: LaneData] = [:], _ body: @escaping @Sendable (inout ModelContext) -> Void) {
            self.description = description
            self.data = data
            model = Model(body)
        }
    }

    static let lanes = 8

    private func run(_ model: Model, _ data: [String: LaneData], _ device: TestDevice, _ precision: Precision) throws -> Fits {
        var options = RunOptions()
        options.precision = precision
        options.lossInterval = 1
        return try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.05))
            .run(keys: Key(0).split(Self.lanes), steps: 60, data: data, device: device.device, options: options)
    }

    private func precisions(_ device: TestDevice) -> [Precision] { device.hasDouble ? [.float, .double] : [.float] }

    /// A rate far out in its prior, so that 1 - exp(-r) rounds to 1 in many lanes.
    static func rate(_ m: inout ModelContext) -> Tensor { m.sample("r", LogNormal(3, 1)) }
    static let ones = Tensor(repeating: 1, shape: [50])
    static let groups = Tensor(integers: (0..<50).map { $0 / 10 })
    static let squares = Tensor([0, 1, 4, 1, 0, 1, 4, 1, 0], shape: [3, 3])

    static let finite: [Case] = [
        Case("a probability that all rows share") { m in
            let r = m.sample("r", LogNormal(2, 1))
            m.plate("rows", 50) { m in m.observe("y", Bernoulli(probabilities: 1 - exp(-r)), ones) }
        },
        Case("a probability of each row") { m in
            let r = rate(&m)
            m.plate("rows", 50) { m in m.observe("y", Bernoulli(probabilities: 1 - exp(-r * m.data("x", shape: [50]))), ones) }
        },
        Case("a probability of each group") { m in
            let r = m.plate("groups", 5) { m in m.sample("r", LogNormal(3, 1)) }
            m.plate("rows", 50) { m in m.observe("y", Bernoulli(probabilities: (1 - exp(-r))[groups]), ones) }
        },
        Case("a probability near 0") { m in
            let r = rate(&m)
            m.plate("rows", 50) { m in m.observe("y", Bernoulli(probabilities: exp(-3 * r)), 0 * ones) }
        },
        Case("classes") { m in
            let p = exp(-3 * rate(&m))
            m.plate("rows", 50) { m in m.observe("y", Categorical(probabilities: .stack([p, 1 - p, 0 * p])), ones) }
        },
        Case("weights of a mixture") { m in
            let p = exp(-3 * rate(&m))
            m.plate("rows", 50) { m in
                m.observe("y", MixtureSameFamily(Categorical(probabilities: .stack([p, 1 - p])), Normal([-2, 2], 1)), 2 * ones)
            }
        },
        Case("large logits") { m in
            let r = rate(&m)
            m.plate("rows", 50) { m in m.observe("y", Bernoulli(logits: 1e4 * r), ones) }
            m.plate("classes", 50) { m in m.observe("c", Categorical(logits: .stack([1e4 * r, -1e4 * r])), 0 * ones) }
        },
        Case("distances of points to themselves") { m in
            let l = m.sample("l", LogNormal(0, 1))
            m.factor("f", -square(exp(-sqrt(squares / (l * l))) - 0.3).sum())
        },
        Case("a Matern kernel") { m in
            let l = m.sample("l", LogNormal(0, 1))
            let r = sqrt(3 * squares / (l * l))
            m.factor("f", -square((1 + r) * exp(-r) - 0.3).sum())
        },
        Case("a root that is not taken") { m in
            let x = m.sample("x", Normal(0, 1))
            m.factor("f", -select(0 .< x, sqrt(x), -x))
        },
        Case("a bound below a logarithm") { m in
            let x = m.sample("x", Normal(0, 1))
            m.factor("f", pointwiseMax(log(pointwiseMax(x, 0)), -2) - pointwiseMin(exp(1000 * x), 3))
        },
    ]

    static func finiteData() -> [String: LaneData] {
        // One lane only whose probabilities are 1.
        ["x": .perLane((0..<lanes).map { lane in (0..<50).map { lane == 3 ? 1e4 : 0.01 * Double($0 + 1) } })]
    }

    @Test(arguments: finite, TestDevice.all)
    func everyLaneFinishes(_ edge: Case, _ device: TestDevice) throws {
        let data = edge.description == "a probability of each row" ? Self.finiteData() : [:]
        for precision in precisions(device) {
            let fits = try run(edge.model, data, device, precision)
            #expect(fits.status.allSatisfy { $0 == .finished }, "\(precision): \(fits.status)")
            #expect(fits.refusedGradients.allSatisfy { $0 == 0 }, "\(precision): \(fits.refusedGradients)")
        }
    }

    // MARK: Rows that do not count

    /// Rows 1 and 3 do not count.
    static let weights: [Double] = [1, 0, 1, 0, 1]
    static let kept: [Double] = [1, 1, 1]

    struct Rows: Sendable, CustomStringConvertible {
        let description: String
        /// Of five rows.
        let columns: [String: [Double]]
        let model: @Sendable (_ rows: Int) -> Model

        func data(_ isKept: Bool) -> [String: LaneData] {
            columns.merging(["w": weights]) { a, _ in a }.mapValues { column in
                .shared(isKept ? zip(column, weights).filter { $0.1 != 0 }.map(\.0) : column)
            }
        }
    }

    static let excluded: [Rows] = [
        Rows(description: "weights of 0", columns: ["y": [1, -1, 2, 0, 0.5]]) { rows in
            Model { m in
                let a = m.sample("a", Normal(0, 1))
                m.plate("rows", rows) { m in
                    m.scale(m.data("w", shape: [rows])) { m in m.observe("y", LogNormal(a, 1), m.data("y", shape: [rows])) }
                }
            }
        },
        Rows(description: "padding", columns: ["y": [1, 0, 2, 0, 0.5], "e": [1, 0, 2, 0, 1]]) { rows in
            Model { m in
                let a = m.sample("a", Normal(0, 1))
                m.plate("rows", rows) { m in
                    m.mask(m.data("w", shape: [rows]) .!= 0) { m in
                        m.observe("y", Normal(a, m.data("e", shape: [rows])), m.data("y", shape: [rows]))
                    }
                }
            }
        },
        Rows(description: "covariates that are not numbers", columns: ["y": [1, 0, 0, 0, 1], "e": [1, 0, 2, 0, 1]]) { rows in
            Model { m in
                let a = m.sample("a", Normal(0, 1)), b = m.sample("b", HalfNormal(1))
                let e = m.data("e", shape: [rows])
                m.plate("rows", rows) { m in
                    m.mask(m.data("w", shape: [rows]) .!= 0) { m in
                        m.observe("y", Bernoulli(logits: a + b * (log(e) / e) + a * (e / e)), m.data("y", shape: [rows]))
                    }
                }
            }
        },
        Rows(description: "a scale of each row", columns: ["y": [1, 0, 2, 0, 0.5], "e": [1, 0, 2, 0, 1]]) { rows in
            Model { m in
                let s = m.sample("s", HalfNormal(1))
                m.plate("rows", rows) { m in
                    m.scale(m.data("w", shape: [rows])) { m in
                        m.scale(2) { m in m.observe("y", StudentT(4, 0, s * m.data("e", shape: [rows])), m.data("y", shape: [rows])) }
                    }
                }
            }
        },
    ]

    /// A fit is the one of the model without the rows, step by step.
    @Test(arguments: excluded, TestDevice.all)
    func fitsAreThoseWithoutTheRows(_ rows: Rows, _ device: TestDevice) throws {
        for precision in precisions(device) {
            let all = try run(rows.model(Self.weights.count), rows.data(false), device, precision)
            let kept = try run(rows.model(Self.kept.count), rows.data(true), device, precision)
            #expect(all.status.allSatisfy { $0 == .finished }, "\(precision): \(all.status)")
            for lane in 0..<Self.lanes {
                for (step, (a, b)) in zip(try all.losses(lane: lane), try kept.losses(lane: lane)).enumerated() {
                    #expect(abs(a - b) <= (precision == .float ? 1e-4 : 1e-10) * max(abs(b), 1), "\(precision), lane \(lane), step \(step)")
                }
            }
        }
    }
}
