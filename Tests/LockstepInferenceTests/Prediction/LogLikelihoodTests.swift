import Foundation
import Lockstep
import LockstepRuntime
import TestSupport
import Testing

@testable import LockstepInference

/// Log densities of observations, draw by draw.
@Suite struct LogLikelihoodTests {
    /// Of y = 1 and y = -1 with scale 1 the difference is 2 a, which says what a was drawn; all others follow from it.
    @Test(arguments: TestDevice.all, Precision.allCases)
    func densitiesAreThoseOfTheDraws(_ device: TestDevice, _ precision: Precision) throws {
        if precision == .double, !device.hasDouble { return }
        let y = [1.0, -1, 0.25, 2]
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", 4) { m in m.observe("y", Normal(a, 1), m.data("y", shape: [4])) }
            m.scale(Tensor(3)) { m in m.observe("single", Normal(2 * a, 0.5), Tensor(1.25)) }
            m.observe("pair", Normal(Tensor.stack([a, -a]), 1).toEvent(1), Tensor([0.5, 1]))
        }
        let fits = try CriteriaCases.fits(model, 0.5, 0.25, lanes: 2, data: ["y": .shared(y)], on: device.device) { $0.precision = precision }
        let found = try fits[1].logLikelihood(draws: 3000)
        let (rows, single, pair) = try (#require(found["y"]), #require(found["single"]), #require(found["pair"]))
        #expect(found.count == 3 && rows.lanes == 3000 && rows.shape == [4] && single.shape == [] && pair.shape == [])
        let tolerance = precision == .float ? 1e-4 : 1e-10
        var draws: [Double] = []
        for draw in 0..<3000 {
            let a = (rows[draw][0] - rows[draw][1]) / 2
            draws.append(a)
            for (element, value) in y.enumerated() { #expect(abs(rows[draw][element] - CriteriaCases.logNormal(value, a, 1)) < tolerance) }
            #expect(abs(single[draw][0] - 3 * CriteriaCases.logNormal(1.25, 2 * a, 0.25)) < 40 * tolerance)
            #expect(abs(pair[draw][0] - CriteriaCases.logNormal(0.5, a, 1) - CriteriaCases.logNormal(1, -a, 1)) < 2 * tolerance)
        }
        // Within five standard errors.
        #expect(abs(Statistics.mean(draws) - 0.5) < 5 * 0.25 / 3000.0.squareRoot())
        #expect(abs(Statistics.variance(draws).squareRoot() / 0.25 - 1) < 5 / 6000.0.squareRoot())
        #expect(try fits[1].logLikelihood(draws: 10)["y"]?[9] == rows[9])
        #expect(try fits[1].logLikelihood(draws: 10, key: Key(1))["y"]?[9] != rows[9] && fits[0].logLikelihood(draws: 10)["y"]?[9] != rows[9])
    }

    /// An observation in a recurrence has an axis for time, and what is around and inside of it counts as elsewhere.
    @Test(arguments: TestDevice.all) func stepsAreElements(_ device: TestDevice) throws {
        let (y, marks) = ([0.5, -1, 2, 0.25, 1], [1.0, 0, 1, 1, 1])
        let plain = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", 5) { m in
                m.mask(Tensor(marks) .!= 0) { m in m.observe("y", Normal(a, 1), m.data("y", shape: [5])) }
            }
        }
        func stepped(_ observe: @escaping @Sendable (inout ModelContext, Tensor, Tensor, Tensor) -> Void) -> Model {
            Model { m in
                let a = m.sample("a", Normal(0, 1))
                m.scan("t", over: [m.data("y", shape: [5]), Tensor(marks)], from: [0]) { m, carries, rows in
                    observe(&m, a, rows[0], rows[1])
                    return (carries, [])
                }
            }
        }
        let masked = stepped { m, a, y, mark in m.mask(mark .!= 0) { m in m.observe("y", Normal(a, 1), y) } }
        let weighed = stepped { m, a, y, mark in m.scale(mark) { m in m.observe("y", Normal(a, 1), y) } }
        let expected = try CriteriaCases.fits(plain, 0.3, 0.4, lanes: 1, data: ["y": .shared(y)], on: device.device)[0].logLikelihood(draws: 20)
        for model in [masked, weighed] {
            let fits = try CriteriaCases.fits(model, 0.3, 0.4, lanes: 1, data: ["y": .shared(y)], on: device.device)
            let (found, wanted) = try (#require(try fits[0].logLikelihood(draws: 20)["y"]), #require(expected["y"]))
            #expect(found.shape == [5] && found.lanes == 20)
            for (a, b) in zip(found.values, wanted.values) { #expect(abs(a - b) < 1e-5 || (a.isNaN && b.isNaN)) }
            #expect((0..<20).allSatisfy { found[$0][1].isNaN && found[$0][0].isFinite })
        }
    }

    @Test func mistakesAreNamed() throws {
        let fits = try CriteriaCases.exact(lanes: 2)
        for draws in [0, -1, .min, .max] {
            #expect(errorText { _ = try fits[0].logLikelihood(draws: draws) } == "the number of draws is \(draws); give 1 to 262144")
        }
        #expect(errorText { _ = try fits[2].logLikelihood() } == "there is no lane 2; there are 2")
        let empty = Model { m in m.sample("a", Normal(0, 1)) }
        #expect(try CriteriaCases.fits(empty, 0, 1, lanes: 1)[0].logLikelihood(draws: 3).isEmpty)
        let huge = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.plate("rows", 1 << 20) { m in m.observe("y", Normal(a, 1), 0.5) }
        }
        let large = try CriteriaCases.fits(huge, 0, 1, lanes: 1) { $0.finalDraws = 0 }
        #expect(errorText { _ = try large[0].logLikelihood(draws: 1 << 18) }?.contains("262144 draws of 1048576 log densities take 4.0 TiB") == true)
        #expect(errorText { _ = try large.loo(draws: 1 << 18) }?.contains("ask for fewer draws") == true)
        let lost = try GridCases.withBadDataset()
        let lane = try lost.fit(dataset: 1, settings: ["spread": 2, "rate": 0.05], start: 0)
        #expect(errorText { _ = try lane.logLikelihood() }?.contains("has no result") == true)
    }
}
