import Lockstep
import Testing

@testable import LockstepInference

/// NaN among the data is welcome where a mask or a weight of 0 excludes it, and else an error that says where it is.
@Suite struct MissingValueTests {
    static let x: [Double] = [0.5, -1, 2, 0.25]
    static let y: [Double] = [1, -0.5, 2.5, 0]

    /// A regression, with a mask as given.
    static func model(_ counts: @escaping @Sendable (_ x: Tensor, _ y: Tensor, _ s: Tensor) -> Tensor) -> Model {
        Model { m in
            let (x, y, s) = (m.data("x", shape: [4]), m.data("y", shape: [4]), m.data("s", shape: [4]))
            let slope = m.sample("slope", Normal(0, 1))
            m.plate("rows", 4) { m in m.mask(counts(x, y, s)) { m in m.observe("obs", Normal(slope * x, s), y) } }
        }
    }

    static func run(
        _ model: Model, x: [Double] = x, y: [Double] = y, s: [Double] = [1, 1, 1, 1], _ device: TestDevice = .interpreter,
        _ precision: Precision = .float
    ) throws -> Fits {
        var options = RunOptions()
        options.precision = precision
        return try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.05)).run(
            keys: Key(0).split(3), steps: 50, data: ["x": .shared(x), "y": .shared(y), "s": .shared(s)], device: device.device,
            options: options)
    }

    /// A missing observed value under a mask changes nothing: the fit is that with any number in its place.
    @Test(arguments: TestDevice.all)
    func missingObservations(_ device: TestDevice) throws {
        let model = Self.model { _, y, _ in y.isFinite }
        for precision in Precision.allCases where precision == .float || device.hasDouble {
            let fits = try Self.run(model, y: [1, .nan, 2.5, .nan], device, precision)
            let plain = Self.model { x, _, _ in 0 .< x .& (x .!= 0.25) }
            let other = try Self.run(plain, y: [1, 7, 2.5, 7], device, precision)
            #expect(fits.status.allSatisfy { $0 == .finished })
            #expect(fits.unconstrained("slope_auto_loc") == other.unconstrained("slope_auto_loc"))
        }
    }

    /// Each of the ways to say which rows count lets each of the data be missing there.
    @Test func whatIsExcludedMayBeMissing() throws {
        let masks: [(String, @Sendable (Tensor, Tensor, Tensor) -> Tensor)] = [
            ("isFinite", { x, y, s in x.isFinite .& y.isFinite .& s.isFinite }),
            ("equal to itself", { x, y, s in (x .== x) .& (y .== y) .& (s .== s) }),
            ("not unequal", { x, y, s in .!((x .!= x) .| (y .!= y) .| (s .!= s)) }),
            ("by comparison", { x, y, s in (x .> -100) .& (y .> -100) .& (s .> -100) }),
            ("a literal", { _, _, _ in Tensor([1, 0, 1, 1]) .!= 0 }),
        ]
        for (name, mask) in masks {
            let model = Self.model(mask)
            let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam())
            let good = ["x": Self.x, "y": Self.y, "s": [1, 1, 1, 1]]
            for missing in good.keys {
                let data = good.merging([missing: [0.5, .nan, 2, 0.25]]) { $1 }
                let text = errorText { _ = try svi.explain(steps: 1, lanes: 2, data: data.mapValues { .shared($0) }, device: .cpu) }
                #expect(text == nil, "\(missing), \(name)")
            }
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let data: [String: LaneData]
        /// The data, position and lane of the error, and the site; nil where there is none.
        let place: (name: String, position: Int, lane: Int?, site: String)?
        let model: Model

        init(
            _ testDescription: String, _ data: [String: LaneData], _ place: (name: String, position: Int, lane: Int?, site: String)?,
            _ body: @escaping @Sendable (inout ModelContext) -> Void
        ) {
            self.testDescription = testDescription
            self.data = data
            self.place = place
            model = Model(body)
        }
    }

    static let nan = Double.nan

    static let cases: [Case] = [
        Case("covariate", ["x": .shared([1, 2, nan])], ("x", 2, nil, "obs")) { m in
            let w = m.sample("w", Normal(0, 1))
            m.plate("rows", 3) { m in m.observe("obs", Normal(w * m.data("x", shape: [3]), 1), 0) }
        },
        Case("covariate in a product of matrices", ["x": .perLane([1, 2, 3, 4, 1, 2, nan, nan])], ("x", 2, 1, "obs")) { m in
            let w = m.sample("w", Normal(0, 1).expanded(to: [2]).toEvent(1))
            m.plate("rows", 2) { m in m.observe("obs", Normal(matmul(m.data("x", shape: [2, 2]), w), 1), 0) }
        },
        Case("the second of two columns counts", ["x": .shared([1, nan, 2, nan, nan, 3])], ("x", 4, nil, "obs")) { m in
            let w = m.sample("w", Normal(0, 1))
            let x = m.data("x", shape: [3, 2])
            m.plate("rows", 3) { m in m.observe("obs", Normal(w * x.element(0, axis: 1), 1), 0) }
        },
        Case("a part that nobody reads", ["x": .shared([1, 2, nan])], nil) { m in
            let w = m.sample("w", Normal(0, 1))
            m.plate("rows", 2) { m in m.observe("obs", Normal(w * m.data("x", shape: [3]).slice(axis: 0, 0..<2), 1), 0) }
        },
        Case("a table whose row is not chosen", ["t": .shared([1, nan, 3]), "g": .shared([0, 2])], nil) { m in
            let w = m.sample("w", Normal(0, 1))
            m.plate("rows", 2) { m in m.observe("obs", Normal(w * m.data("t", shape: [3])[m.indices("g", shape: [2])], 1), 0) }
        },
        Case("a table whose row is chosen", ["t": .shared([1, nan, 3]), "g": .perLane([[0, 2], [0, 1]])], ("t", 1, 1, "obs")) { m in
            let w = m.sample("w", Normal(0, 1))
            m.plate("rows", 2) { m in m.observe("obs", Normal(w * m.data("t", shape: [3])[m.indices("g", shape: [2])], 1), 0) }
        },
        Case("filled in by select", ["x": .shared([1, nan])], nil) { m in
            let w = m.sample("w", Normal(0, 1))
            let x = m.data("x", shape: [2])
            m.plate("rows", 2) { m in m.observe("obs", Normal(w * select(x.isFinite, x, 0), 1), 0) }
        },
        Case("imputed by a latent", ["x": .shared([1, nan])], nil) { m in
            let w = m.sample("w", Normal(0, 1))
            let x = m.data("x", shape: [2])
            m.plate("rows", 2) { m in
                let guess = m.sample("guess", Normal(0, 1))
                m.observe("obs", Normal(w * select(x .== x, x, guess), 1), 0)
            }
        },
        Case("a group of those above a limit", ["x": .shared([1, nan])], ("x", 1, nil, "obs")) { m in
            let w = m.sample("w", Normal(0, 1))
            m.plate("rows", 2) { m in m.observe("obs", Normal(select(0 .< m.data("x", shape: [2]), w, -w), 1), 0) }
        },
        Case("multiplied by 0", ["x": .shared([nan, 1])], ("x", 0, nil, "obs")) { m in
            let w = m.sample("w", Normal(0, 1))
            m.plate("rows", 2) { m in m.observe("obs", Normal(w * (Tensor([0, 1]) * m.data("x", shape: [2])), 1), 0) }
        },
        Case("summed up by groups", ["x": .shared([1, nan, 2]), "g": .shared([0, 1, 0])], ("x", 1, nil, "obs")) { m in
            let w = m.sample("w", Normal(0, 1))
            let sums = m.data("x", shape: [3]).segmentSum(m.indices("g", shape: [3]), count: 2)
            m.plate("groups", 2) { m in m.observe("obs", Normal(w * sums, 1), 0) }
        },
        Case("a group that a mask excludes", ["x": .shared([1, nan, 2]), "g": .shared([0, 1, 0])], nil) { m in
            let w = m.sample("w", Normal(0, 1))
            let sums = m.data("x", shape: [3]).segmentSum(m.indices("g", shape: [3]), count: 2)
            m.plate("groups", 2) { m in m.mask(Tensor([1, 0]) .!= 0) { m in m.observe("obs", Normal(w * sums, 1), 0) } }
        },
        Case("in a deterministic site only", ["x": .shared([1, nan])], nil) { m in
            let w = m.sample("w", Normal(0, 1))
            m.deterministic("d", w * m.data("x", shape: [2]))
        },
        Case("in a factor", ["x": .perLane([1, nan])], ("x", 0, 1, "f")) { m in
            let w = m.sample("w", Normal(0, 1))
            m.factor("f", -w * w * m.data("x"))
        },
        Case("a weight", ["x": .perLane([1, nan])], ("x", 0, 1, "f")) { m in
            let w = m.sample("w", Normal(0, 1))
            m.scale(m.data("x")) { m in m.factor("f", -w * w) }
        },
        Case("masks meet", ["x": .shared([nan, nan, 1, nan])], ("x", 3, nil, "obs")) { m in
            let w = m.sample("w", Normal(0, 1))
            m.plate("rows", 4) { m in
                m.mask(Tensor([0, 1, 1, 1]) .!= 0) { m in
                    m.mask(Tensor([1, 0, 1, 1]) .!= 0) { m in m.observe("obs", Normal(w * m.data("x", shape: [4]), 1), 0) }
                }
            }
        },
        Case("a mask beside a weight that follows from a latent", ["x": .shared([1, nan])], nil) { m in
            let w = m.sample("w", Normal(0, 1))
            m.plate("rows", 2) { m in
                m.mask(Tensor([1, 0]) .!= 0) { m in
                    m.scale(exp(w)) { m in m.observe("obs", Normal(w * m.data("x", shape: [2]), 1), 0) }
                }
            }
        },
        Case("a known factor of such a weight is 0", ["x": .shared([nan, 1, nan]), "n": .shared([0, 2, 0])], nil) { m in
            let w = m.sample("w", Normal(0, 1))
            m.plate("rows", 3) { m in
                m.scale(exp(w)) { m in
                    m.scale(m.data("n", shape: [3])) { m in m.observe("obs", Normal(w * m.data("x", shape: [3]), 1), 0) }
                }
            }
        },
        Case("such a factor is not 0", ["x": .shared([nan, 1, nan]), "n": .shared([0, 2, 1])], ("x", 2, nil, "obs")) { m in
            let w = m.sample("w", Normal(0, 1))
            let weights = m.data("n", shape: [3]) * sigmoid(w)
            m.plate("rows", 3) { m in m.scale(weights) { m in m.observe("obs", Normal(w * m.data("x", shape: [3]), 1), 0) } }
        },
        Case("a mask that follows from a latent", ["x": .shared([1, nan])], ("x", 1, nil, "obs")) { m in
            let w = m.sample("w", Normal(0, 1))
            m.plate("rows", 2) { m in m.mask(w .< [0, -1]) { m in m.observe("obs", Normal(w * m.data("x", shape: [2]), 1), 0) } }
        },
        Case("in one lane of shared and of own data", ["x": .shared([1, nan]), "ok": .perLane([[1, 0], [1, 1]])], ("x", 1, 1, "obs")) { m in
            let w = m.sample("w", Normal(0, 1))
            let counts = m.data("ok", shape: [2]) .!= 0
            m.plate("rows", 2) { m in m.mask(counts) { m in m.observe("obs", Normal(w * m.data("x", shape: [2]), 1), 0) } }
        },
    ]

    @Test(arguments: cases)
    func placeOfTheFirst(_ test: Case) throws {
        for precision in Precision.allCases {
            var options = RunOptions()
            options.precision = precision
            let text = errorText {
                _ = try SVI(test.model, guide: AutoNormal(test.model), optimizer: Adam())
                    .explain(steps: 1, lanes: 2, data: test.data, device: .cpu, options: options)
            }
            guard let place = test.place else {
                #expect(text == nil)
                continue
            }
            let isShared = test.data[place.name]?.isShared == true
            let lane = place.lane.map { isShared ? "" : " of lane \($0)" } ?? ""
            let start = "data '\(place.name)' is NaN at position \(place.position)\(lane), and the density of site '\(place.site)' depends on it;"
            #expect(text?.hasPrefix(start) == true, "\(text ?? "nothing")")
        }
    }

    /// Among thousands of missing values the one that is not excluded is found.
    @Test func oneAmongMany() throws {
        let count = 5_000
        let model = Model { m in
            let w = m.sample("w", Normal(0, 1))
            let (x, ok) = (m.data("x", shape: [count]), m.data("ok", shape: [count]))
            m.plate("rows", count) { m in m.mask(ok .!= 0) { m in m.observe("obs", Normal(w * x, 1), 0) } }
        }
        let x = (0..<count).map { $0 % 2 == 0 ? Double.nan : 1 }
        for place in [0, 2, 2_468, 4_998] {
            let ok = (0..<count).map { $0 == place || $0 % 2 == 1 ? 1.0 : 0 }
            let text = errorText {
                _ = try SVI(model, guide: AutoNormal(model), optimizer: Adam())
                    .run(keys: [Key(0)], steps: 1, data: ["x": .shared(x), "ok": .shared(ok)], device: .cpu)
            }
            #expect(text?.hasPrefix("data 'x' is NaN at position \(place), and") == true, "\(text ?? "nothing")")
        }
    }

    /// An infinite number that is not observed is the model's own affair.
    @Test func infinityIsNotMissing() throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            let high = m.data("high", shape: [2])
            m.plate("rows", 2) { m in m.factor("f", select(a .< high, -a * a, exp(-high))) }
        }
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Adam())
            .run(keys: [Key(0)], steps: 5, data: ["high": .shared([.infinity, 4])], device: .cpu)
        #expect(fits.status == [.finished])
    }
}
