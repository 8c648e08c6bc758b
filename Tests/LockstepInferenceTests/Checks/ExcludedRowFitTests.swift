import Lockstep
import Testing

/// A fit whose data have rows that a mask or a weight of 0 excludes is the fit without them, whatever they hold: checks
/// before the run, draws, value, gradient and final estimate.
@Suite struct ExcludedRowFitTests {
    /// What the excluded rows of each lane hold.
    static let bad: [Double] = [0, -1, .nan, .infinity, -.infinity, 1e30]
    /// Rows that count, and their weights where they have some.
    static let kept: [Double] = [1, 0, 2, 0, 0, 0.5]

    /// Numbers for the rows that count, by name.
    static let numbers: [String: [Double]] = ["x": [0.5, -1, 2], "e": [1, 0.5, 2], "y": [1.5, 0.25, 3], "n": [2, 0, 1]]

    static func all(_ name: String, _ bad: Double) -> [Double] {
        var rest = (numbers[name] ?? []).makeIterator()
        return kept.map { $0 == 0 ? bad : rest.next() ?? 0 }
    }

    /// - Parameter excludes: false for the model of the rows that count alone.
    static func model(excludes: Bool) -> Model {
        let weights = excludes ? kept : kept.filter { $0 != 0 }
        let rows = weights.count
        let (literalWeights, ones) = (Tensor(weights), Tensor(weights) .!= 0)
        // Constants of the model: each excluded row holds something else.
        func constant(_ name: String) -> Tensor {
            let rotten: [Double] = [.nan, -1, 0]
            var rest = rotten.makeIterator()
            return excludes ? Tensor(zip(all(name, 0), kept).map { $1 == 0 ? rest.next() ?? 0 : $0 }) : Tensor(numbers[name] ?? [])
        }
        let (x, e, y, n) = (constant("x"), constant("e"), constant("y"), constant("n"))
        return Model { m in
            let slope = m.sample("slope", Normal(0, 1))
            let level = m.sample("level", LogNormal(0, 0.5))
            let (ownX, ownE) = (m.data("x", shape: [rows]), m.data("e", shape: [rows]))
            let (ownY, ownN) = (m.data("y", shape: [rows]), m.data("n", shape: [rows]))
            let weight = m.data("weight", shape: [rows])
            m.plate("rows", rows) { m in
                m.mask(weight .!= 0) { m in
                    m.observe("normal", Normal(slope * ownX, ownE), ownY)
                    m.observe("count", Poisson(level * ownE), ownN)
                    // Rows that a mask excludes may have any weight.
                    m.scale(ownE) { m in m.observe("weighted", StudentT(4, slope, ownE), ownX) }
                }
                m.scale(weight) { m in
                    m.observe("gamma", Gamma(level, ownE), ownY)
                    m.observe("bit", Bernoulli(logits: slope * ownX), 1)
                    m.factor("factor", -slope * slope * log(ownE))
                }
                m.mask(ones) { m in m.observe("known", LogNormal(slope * x, e), y) }
                m.scale(literalWeights) { m in m.observe("known count", Poisson(logRate: slope * log(e)), n) }
            }
        }
    }

    static func run(_ model: Model, _ data: [String: LaneData], _ device: TestDevice, _ precision: Precision) throws -> Fits {
        var options = RunOptions()
        options.precision = precision
        options.finalDraws = 20
        return try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.05))
            .run(keys: Key(0).split(bad.count), steps: 40, data: data, device: device.device, options: options)
    }

    @Test(arguments: TestDevice.all)
    func fitsWithoutThem(_ device: TestDevice) throws {
        var data = Self.numbers.mapValues { LaneData.shared($0) }
        data["weight"] = .shared(Self.kept.filter { $0 != 0 })
        var spoiled = Dictionary(
            uniqueKeysWithValues: Self.numbers.keys.map { name in
                (name, LaneData.perLane(Self.bad.map { Self.all(name, $0) }))
            })
        spoiled["weight"] = .shared(Self.kept)
        for precision in Precision.allCases where precision == .float || device.hasDouble {
            let wanted = try Self.run(Self.model(excludes: false), data, device, precision)
            let fits = try Self.run(Self.model(excludes: true), spoiled, device, precision)
            #expect(wanted.status.allSatisfy { $0 == .finished })
            #expect(fits.status == wanted.status)
            let tolerance = precision == .float ? 1e-4 : 1e-11
            func same(_ a: [Double], _ b: [Double], _ what: String) {
                #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * (1 + abs($1)) }, "\(what): \(a), not \(b)")
            }
            for (name, lanes) in try wanted.parameters() {
                for lane in Self.bad.indices { same(try fits.parameters()[name]?[lane] ?? [], lanes[lane], "\(name), \(Self.bad[lane])") }
            }
            same(fits.elbo, wanted.elbo, "ELBO")
            for lane in Self.bad.indices { same(try fits.losses(lane: lane), try wanted.losses(lane: lane), "losses, \(Self.bad[lane])") }
        }
    }

    /// What is wrong with constants of a row that counts is found, though rows may be excluded.
    @Test func constantsOfRowsThatCount() throws {
        let cases: [(String, @Sendable (inout ModelContext) -> Void, String)] = [
            (
                "a mask of data",
                { m in
                    m.mask(m.data("ok", shape: [3]) .!= 0) { m in m.observe("y", Normal(0, [1, 0, -1]), 0) }
                }, "site 'y': scale of Normal is 0 at position 1"
            ),
            (
                "a known mask",
                { m in
                    m.mask(Tensor([1, 1, 0]) .!= 0) { m in m.observe("y", Normal(0, [1, 0, -1]), 0) }
                }, "site 'y': scale of Normal is 0 at position 1"
            ),
            (
                "a weight",
                { m in
                    m.scale(m.data("ok", shape: [3])) { m in m.observe("y", LogNormal(0, 1), [1, -2, -1]) }
                }, "site 'y': the observed value of LogNormal is -2 at position 1"
            ),
            (
                "a weight of a row that counts",
                { m in
                    m.mask(m.data("ok", shape: [3]) .!= 0) { m in m.scale([1, -2, .nan]) { m in m.observe("y", Normal(0, 1), 0) } }
                }, "site 'y': the scale is -2 at position 1"
            ),
            (
                "a weight that follows from a latent",
                { m in
                    let strength = exp(m.param("strength", 0))
                    m.scale(strength * m.data("ok", shape: [3])) { m in m.observe("y", LogNormal(0, 1), [1, -2, -1]) }
                }, "site 'y': the observed value of LogNormal is -2 at position 1"
            ),
            (
                "for all rows",
                { m in
                    m.mask(m.data("ok", shape: [3]) .!= 0) { m in m.observe("y", Normal(0, -1), 0) }
                }, "site 'y': in Normal, scale must be positive, not -1"
            ),
        ]
        for (name, body, wanted) in cases {
            let model = Model { m in
                m.sample("z", Normal(0, 1))
                m.plate("rows", 3) { m in body(&m) }
            }
            func text(_ ok: [Double]) -> String? {
                let needsData = (try? model.trace().data.isEmpty) == false
                return errorText {
                    _ = try SVI(model, guide: AutoNormal(model), optimizer: Adam())
                        .explain(steps: 1, lanes: 2, data: needsData ? ["ok": .shared(ok)] : [:], device: .cpu)
                }
            }
            #expect(text([1, 1, 0])?.hasPrefix(wanted) == true, "\(name): \(text([1, 1, 0]) ?? "nothing")")
            if name.hasPrefix("a mask of data") || name.hasPrefix("a weight") { #expect(text([1, 0, 0]) == nil, "\(name)") }
        }
    }
}
