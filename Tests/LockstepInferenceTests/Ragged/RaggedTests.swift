import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Rows of each lane's own number: a lane is what it would be by itself, and what it would be as an array of just its length.
@Suite struct RaggedTests {
    private static let lanes = Array(RaggedCase.lengths.indices)
    private static let keys = Key(11).split(lanes.count)

    private func run(
        _ test: RaggedCase, _ lanes: [Int], _ device: TestDevice, _ precision: Precision, steps: Int = 40, budget: Int? = nil,
        data: [String: LaneData]? = nil
    ) throws -> Fits {
        var options = RunOptions()
        (options.precision, options.lossInterval, options.finalDraws, options.memoryBudget) = (precision, 7, 20, budget)
        let svi = SVI(test.model, guide: AutoNormal(test.model), optimizer: Adam(learningRate: 0.03))
        return try svi.run(
            keys: lanes.map { Self.keys[$0] }, steps: steps, data: data ?? test.ragged(lanes), device: device.device, options: options)
    }

    private static func precisions(_ device: TestDevice) -> [Precision] { device.hasDouble ? [.float, .double] : [.float] }

    @Test(arguments: RaggedCase.all, TestDevice.all) func lanesAreSoloFits(_ test: RaggedCase, _ device: TestDevice) throws {
        for precision in Self.precisions(device) {
            let fits = try run(test, Self.lanes, device, precision)
            // 0, 1,500, 17 and 1,025 rows.
            let lanes = TestLevel.current > .medium ? Self.lanes : [3, 6, 9, 17]
            for lane in lanes {
                #expect(try run(test, [lane], device, precision).bits(0) == fits.bits(lane), "\(RaggedCase.lengths[lane]) rows, \(precision)")
            }
            // In another order, and not all at once.
            let order = Self.lanes.map { ($0 * 7 + 3) % Self.lanes.count }
            let others = try run(test, order, device, precision, budget: 1 << 16)
            for (place, lane) in order.enumerated() { #expect(others.bits(place) == fits.bits(lane), "lane \(lane), \(precision)") }
        }
    }

    /// Sums are not made in the same order there, so bits may differ.
    @Test(arguments: RaggedCase.all, TestDevice.all) func lanesAreFitsOfPlainArrays(_ test: RaggedCase, _ device: TestDevice) throws {
        let precision: Precision = device.hasDouble ? .double : .float
        let fits = try run(test, Self.lanes, device, precision, steps: 20)
        // Each length is a program of its own, which drivers take long to compile.
        let isAll = device.isInterpreter || TestLevel.current > .medium
        for lane in Self.lanes where RaggedCase.lengths[lane] > 0 && (isAll || lane == 6) {
            let plain = try run(test, [lane], device, precision, steps: 20, data: test.plain(lane))
            let tolerance = precision == .double ? 1e-10 : 1e-4
            #expect(abs(plain.elbo[0] - fits.elbo[lane]) <= tolerance * max(1, abs(plain.elbo[0])), "\(RaggedCase.lengths[lane]) rows")
            #expect(abs(plain.loss[0] - fits.loss[lane]) <= tolerance * max(1, abs(plain.loss[0])), "\(RaggedCase.lengths[lane]) rows")
            for (name, values) in plain.outcome.parameters {
                let found = fits.outcome.parameters[name]?.lane(lane) ?? []
                #expect(zip(values.lane(0), found).allSatisfy { abs($0 - $1) <= 100 * tolerance * max(1, abs($0)) }, "\(name)")
            }
        }
    }

    /// Or rows of nothing would be gone through.
    @Test(arguments: RaggedCase.all) func loopsEndWithTheRows(_ test: RaggedCase) throws {
        let svi = SVI(test.model, guide: AutoNormal(test.model), optimizer: Adam(learningRate: 0.03))
        let program = try svi.explain(steps: 10, lanes: Self.lanes.count, data: test.ragged(Self.lanes), device: .cpu).laneProgram
        #expect(program.contains("greatest of"))
        // Rows have room for 2,048 in the longest.
        #expect(!program.contains("in 0 ..< 2048") && !program.contains("in 0 ..< 512"), "\(program)")
    }

    /// Where all lanes have as many rows, the plate is one of these.
    @Test func plainDataHaveRowsToo() throws {
        let test = RaggedCase.all[0]
        let lane = 9
        let trace = try test.model.trace(data: test.plain(lane))
        #expect(trace["obs"]?.value.shape == [17] && trace["obs"]?.masks.isEmpty == true)
        #expect(trace.data.map(\.name) == ["t", "y", "error"])
    }

    @Test(arguments: TestDevice.all) func queriesAnswer(_ device: TestDevice) throws {
        let test = RaggedCase.all[0]
        let fits = try run(test, Self.lanes, device, .float)
        let alone = try run(test, [6], device, .float)
        #expect(try fits[6].quantiles("level", [0.1, 0.9]) == alone[0].quantiles("level", [0.1, 0.9]))
        #expect(try fits[6].sample(3)["height"]?[1] == alone[0].sample(3)["height"]?[1])
    }

    // MARK: Mistakes

    private static func message(_ data: [String: LaneData], lanes: Int = 2, _ body: @escaping @Sendable (inout ModelContext) -> Void) -> String {
        let model = Model(body)
        do {
            _ = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.1))
                .run(keys: Key(0).split(lanes), steps: 2, data: data, device: .cpu)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    private static let ragged: [String: LaneData] = ["y": .ragged([[1, 2, 3], [4.0]])]

    /// Rows that another lane has would count without a word.
    @Test func rowsThatWouldCountAreErrors() {
        let bodies: [@Sendable (inout ModelContext) -> Void] = [
            { m in m.factor("obs", Normal(m.sample("mu", Normal(0, 1)), 1).logProb(m.data("y"))) },
            { m in m.factor("obs", m.sample("mu", Normal(0, 1)) * m.data("y").sum()) },
            { m in m.factor("obs", m.sample("mu", Normal(0, 1)) * m.data("y").max()) },
            { m in m.factor("obs", m.sample("mu", Normal(0, 1)) * m.data("y")[0]) },
            { m in m.factor("obs", m.sample("mu", Normal(0, 1)) * m.data("y").cumulativeSum()[5]) },
            { m in m.factor("obs", fold(over: m.data("y"), from: m.sample("mu", Normal(0, 1))) { $0 + $1 }) },
            { m in
                let mu = m.sample("mu", Normal(0, 1))
                let mean = m.data("y").mean()
                m.plate("rows", rowsOf: "y") { m in m.observe("obs", Normal(mu + mean, 1), m.data("y")) }
            },
        ]
        for body in bodies {
            let text = Self.message(Self.ragged, body)
            #expect(text.contains("'obs'") && text.contains("rows of 'y'") && text.contains("rowsOf: \"y\""), "\(text)")
        }
    }

    @Test func otherMistakes() {
        let latent = Self.message(Self.ragged) { m in
            m.plate("rows", rowsOf: "y") { m in m.observe("obs", Normal(m.sample("z", Normal(0, 1)), 1), m.data("y")) }
        }
        #expect(latent.contains("'z'") && latent.contains("latents need a size that all lanes share"), "\(latent)")
        let mixed = Self.message(["y": .ragged([[1, 2, 3], [4.0]]), "x": .ragged([[1.0], [2, 3, 4]])]) { m in
            let mu = m.sample("mu", Normal(0, 1))
            m.plate("rows", rowsOf: "y") { m in m.observe("obs", Normal(mu * m.data("x"), 1), m.data("y")) }
        }
        #expect(mixed.contains("'obs'") && mixed.contains("'x', 'y' side by side"), "\(mixed)")
        let shape = Self.message(Self.ragged) { m in m.factor("obs", m.sample("mu", Normal(0, 1)) * m.data("y", shape: [3]).sum()) }
        #expect(shape.contains("'y' is ragged, and the model states shape [3]"), "\(shape)")
        let lanes = Self.message(Self.ragged, lanes: 3) { m in
            let mu = m.sample("mu", Normal(0, 1))
            m.plate("rows", rowsOf: "y") { m in m.observe("obs", Normal(mu, 1), m.data("y")) }
        }
        #expect(lanes.contains("'y' has 2 arrays; give one for each of the 3 lanes"), "\(lanes)")
        let torn = Self.message(["y": .ragged([[[1, 2], [3.0]], [[4, 5]]])]) { m in
            m.plate("rows", rowsOf: "y") { m in m.factor("obs", m.data("y").sum([1])) }
        }
        #expect(torn.contains("has 1 numbers in row 1 of lane 0, where others have 2"), "\(torn)")
        let missing = Self.message([:], lanes: 1) { m in m.plate("rows", rowsOf: "y") { m in m.factor("obs", 0) } }
        #expect(missing.contains("'y' is missing"), "\(missing)")
        let scalar = Self.message(["y": .shared(1.0)], lanes: 1) { m in m.plate("rows", rowsOf: "y") { m in m.factor("obs", m.data("y")) } }
        #expect(scalar.contains("'y' is one number, and has no rows"), "\(scalar)")
        let perLane = Self.message(["y": .perLane([[1, 2, 3], [4.0]])]) { m in m.factor("obs", m.data("y").sum()) }
        #expect(perLane.contains(".ragged"), "\(perLane)")
    }

    /// Of a lane's own row, not of a place in arrays that are as long as the longest.
    @Test func wrongRowsAreNamed() {
        let text = Self.message(["y": .ragged([[1, 2, 3], [4, .nan]])]) { m in
            let mu = m.sample("mu", Normal(0, 1))
            m.plate("rows", rowsOf: "y") { m in m.observe("obs", Normal(mu, 1), m.data("y")) }
        }
        #expect(text.contains("'y'") && text.contains("lane 1") && text.contains("NaN"), "\(text)")
    }
}
