import Foundation
import Lockstep
import Testing

@testable import LockstepInference

/// Which lane is the best, when some have draws that are not finite and some were lost.
@Suite struct RankingTests {
    /// What a model can make of a draw that it has no finite density for.
    enum Spoilt: Double, CaseIterable, Sendable { case nan = 0, plus = 1, minus = -1 }

    /// A share of draws, `bound`, is spoilt; the others have the log density `bonus`.
    static func model(_ spoilt: Spoilt) -> Model {
        Model { m in
            let bound = m.data("bound")
            let u = m.sample("u", Uniform(0, 1))
            let x = m.param("x", 0)
            // log of 0 is -infinity, times 0 NaN.
            let infinity = -log(pointwiseMax(u - bound, 0))
            let value = select(bound .< u, 0, spoilt == .nan ? infinity * 0 : infinity * Tensor(spoilt.rawValue))
            m.factor("bonus", m.data("bonus") + value - x * x)
        }
    }

    private func run(
        _ model: Model, _ data: [String: [Double]], on device: TestDevice, steps: Int = 60, draws: Int = 200,
        precision: Precision = .float, optimizer: any Optimizer = Resting()
    ) throws -> Fits {
        var options = RunOptions()
        options.finalDraws = draws
        options.precision = precision
        let lanes = data.values.first?.count ?? 1
        return try SVI(model, guide: Model { _ in }, optimizer: optimizer)
            .run(keys: Key(0).split(lanes), steps: steps, data: data.mapValues { .perLane($0) }, device: device.device, options: options)
    }

    @Test(arguments: Spoilt.allCases, TestDevice.all)
    func spoiltDrawsNeverComeFirst(_ spoilt: Spoilt, _ device: TestDevice) throws {
        for precision in Precision.allCases where precision == .float || device.hasDouble {
            let bounds = [0.2, -1, 0.5, -1, 0.02, -1]
            let bonus = [100.0, 1, 1000, 3, 50, 2]
            let fits = try run(Self.model(spoilt), ["bound": bounds, "bonus": bonus], on: device, precision: precision)
            // Their losses, of which those that are not finite are left out, would be the lowest.
            #expect(fits.loss[2] == -1000)
            #expect(fits.best.lane == 3)
            for lane in bounds.indices {
                #expect(abs(fits.nonFiniteDraws[lane] - max(bounds[lane], 0)) < 0.15)
                #expect((fits.nonFiniteDraws[lane] == 0) == (bounds[lane] < 0))
                #expect(fits.elbo[lane] == bonus[lane] && fits.elboError[lane] == 0)
            }
            // Among lanes that all have some, the fewest count.
            let some = [0, 2, 4]
            let spoiltOnly = try run(
                Self.model(spoilt), ["bound": some.map { bounds[$0] }, "bonus": some.map { bonus[$0] }], on: device, precision: precision)
            #expect(spoiltOnly.best.lane == 2)
        }
    }

    /// x moves by 0.1 a step, and from the bound on the density is not finite. Ten steps on end lose a lane.
    @Test(arguments: TestDevice.all)
    func lanesWithoutAFiniteDrawComeLast(_ device: TestDevice) throws {
        let model = Model { m in
            let bound = m.data("bound")
            let x = m.param("x", 0)
            m.factor("slope", x + m.data("bonus") + log((bound - x).withoutGradient) * 0)
        }
        let bounds = [9.55, 100, 2.55, 9.35, 100, -1]
        let bonus = [1000, 0, 1000, 1000, -5, 1000.0]
        let fits = try run(model, ["bound": bounds, "bonus": bonus], on: device, steps: 100, optimizer: SGD(learningRate: 0.1))
        #expect(fits.status == [.finished, .finished, .diverged(step: 26), .finished, .finished, .noValidStart])
        #expect(fits.best.lane == 1)
        for lane in [0, 3] { #expect(fits.elbo[lane].isNaN && fits.elboError[lane].isNaN && fits.nonFiniteDraws[lane] == 1) }
        for lane in [2, 5] { #expect(fits.elbo[lane].isNaN && fits.elboError[lane].isNaN && fits.nonFiniteDraws[lane].isNaN) }
        // One that finished is the best even so, and a lost one never.
        let two = try run(model, ["bound": [2.55, 9.55], "bonus": [1000, 0]], on: device, steps: 100, optimizer: SGD(learningRate: 0.1))
        #expect(two.best.lane == 1)
        let byLoss = try run(model, ["bound": bounds, "bonus": bonus], on: device, steps: 100, draws: 0, optimizer: SGD(learningRate: 0.1))
        #expect(byLoss.best.lane == 0)
        let lost = try run(model, ["bound": [-1, 2.55], "bonus": [0, 0]], on: device, steps: 100, optimizer: SGD(learningRate: 0.1))
        #expect(lost.best.lane == 0)
        #expect(errorText { _ = try lost.best.mean("x") }?.contains("no valid start") == true)
    }

    @Test(arguments: TestDevice.all)
    func ofEqualsTheFirstIsBest(_ device: TestDevice) throws {
        let fits = try run(Self.model(.nan), ["bound": [-1, -1, -1, -1], "bonus": [1, 2, 2, 0]], on: device)
        #expect(fits.best.lane == 1)
        // Equal keys, equal estimates.
        let same = try FinalEstimateTests.svi(FinalEstimateTests.model())
            .run(keys: [Key(5), Key(5), Key(5)], steps: 2, device: device.device)
        #expect(Set(same.elbo).count == 1 && same.best.lane == 0)
    }

    /// The estimate tells lanes apart that a noisy loss does not.
    @Test(arguments: TestDevice.all)
    func theBestIsBest(_ device: TestDevice) throws {
        // The guide's scale differs from lane to lane; the posterior's is 1 / sqrt(2), and its ELBO the evidence.
        let model = FinalEstimateTests.model()
        let guide = Model { m in m.sample("a", Normal(0.75, m.data("scale"))) }
        let scales = (0..<64).map { 0.3 + 0.02 * Double($0) }
        let fits = try SVI(model, guide: guide, optimizer: Resting())
            .run(keys: Key(0).split(64), steps: 50, data: ["scale": .perLane(scales)], device: device.device)
        let evidence = -0.5 * log(4 * Double.pi) - 1.5 * 1.5 / 4
        #expect(abs(fits.best.elbo - evidence) < 0.03)
        #expect(abs(scales[fits.best.lane] - 0.5.squareRoot()) < 0.15)
    }
}
