import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// 500 starts of a mixture of three normal distributions on data of three clusters.
@Suite struct MixtureModesTests {
    /// Quantiles of the clusters, 20 of each: no chance in it.
    static let x: [Double] = [(-4, 0.5), (0, 0.5), (4, 0.8)].flatMap { center, scale in
        (0..<20).map { center + scale * quantile((Double($0) + 0.5) / 20) }
    }

    /// Of a standard normal variate, by bisection.
    static func quantile(_ probability: Double) -> Double {
        var (low, high) = (-10.0, 10.0)
        for _ in 0..<80 {
            let middle = (low + high) / 2
            if 0.5 * erfc(-middle / 2.0.squareRoot()) < probability { low = middle } else { high = middle }
        }
        return low
    }

    static let model = Model { m in
        let x = m.data("x", shape: [60])
        let weights = m.sample("weights", Dirichlet(Tensor(repeating: 1, shape: [3])))
        let (locs, scales) = m.plate("components", 3) { m in
            (m.sample("locs", Normal(0, 5)), m.sample("scales", LogNormal(0, 1)))
        }
        m.plate("data", 60) { m in
            m.observe("obs", MixtureSameFamily(Categorical(probabilities: weights), Normal(locs, scales)), x)
        }
    }
    static let components: [ExchangeableSites] = [["weights", "locs", "scales"]]

    static func fits(_ device: TestDevice) throws -> Fits {
        let rate = Hyperparameter.exponentialDecay(from: 0.1, to: 0.003)
        return try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: rate))
            .run(keys: Key(0).split(500), steps: 2000, data: ["x": .shared(x)], device: device.device)
    }

    @Test(arguments: TestDevice.all)
    func ordersOfLabelsAreOneMode(_ device: TestDevice) throws {
        let fits = try Self.fits(device)
        let modes = try fits.modes(exchangeable: Self.components)
        let best = modes[0]
        #expect(best.representative == fits.best.lane && best.elbo == fits.best.elbo)
        // Every lane is somewhere, once.
        #expect((modes.flatMap(\.lanes) + modes.unassigned).sorted() == Array(0..<500))
        #expect(abs(modes.map(\.share).reduce(0, +) - 1) < 1e-12 && best.share == Double(best.lanes.count) / Double(500 - modes.unassigned.count))
        for (place, mode) in modes.enumerated() { #expect(mode.lanes.allSatisfy { modes.index(containing: $0) == place }) }

        // The lanes with a component at each cluster, whatever its label.
        let locs = try fits.median("locs")
        let (weights, scales) = try (fits.median("weights"), fits.median("scales"))
        let right = Set(fits.indices.filter { lane in zip(locs[lane].sorted(), [-4, 0, 4]).allSatisfy { abs($0 - $1) < 0.3 } })
        print("modes of \(device.testDescription): \(modes.count), the best with \(best.lanes.count) of 500 lanes; \(right.count) have all clusters")
        // One or two may be on their way still.
        #expect(right.symmetricDifference(best.lanes).count <= 2)
        #expect((0.25...0.6).contains(best.share))

        // All six orders, and what brings each of them to the representative's.
        #expect(Set(best.permutations.values.compactMap(\.first)).count == 6)
        for lane in best.lanes {
            let permutation = try #require(best.permutations[lane]?.first)
            #expect(permutation.sorted() == [0, 1, 2])
            for (mine, theirs) in permutation.enumerated() {
                #expect(abs(locs[lane][theirs] - locs[best.representative][mine]) < 0.5)
                #expect(abs(weights[lane][theirs] - weights[best.representative][mine]) < 0.15)
                #expect(abs(log(scales[lane][theirs] / scales[best.representative][mine])) < 0.4)
            }
        }

        // Other optima stay apart: a component over two clusters, or over all of them.
        #expect(modes.count > 3)
        #expect(modes.dropFirst().allSatisfy { $0.elbo < best.elbo - 3 })

        // Without a word on labels each order is a mode of its own.
        let plain = try fits.modes()
        let parts = Dictionary(grouping: best.lanes) { plain.index(containing: $0) ?? -1 }
        #expect(parts.count == 6 && parts[-1] == nil)
        for lanes in parts.values { #expect(Set(lanes.compactMap { best.permutations[$0]?.first }).count == 1) }

        // One mode has it all in predictions.
        let stacking = try modes.stackingWeights(draws: 256)
        #expect(stacking.count == modes.count && abs(stacking.reduce(0, +) - 1) < 1e-9)
        #expect(stacking[0] > 0.9 && stacking[0] == stacking.max())
        #expect(try modes.evidenceWeights()[0] > 0.95)
    }

    /// Some of the lanes, in any order, and what other lanes are there makes no difference to those of one mode.
    @Test func someLanes() throws {
        let fits = try Self.fits(.interpreter)
        let modes = try fits.modes(exchangeable: Self.components)
        let some = try fits.modes(of: modes[0].lanes.reversed().prefix(40), exchangeable: Self.components)
        #expect(some.count == 1 && some[0].lanes == modes[0].lanes.suffix(40) && some[0].share == 1)
        // Sites without labels: the scales of the clusters, sorted out by nobody, are the same for some orders.
        let scales = try fits.modes(of: modes[0].lanes, sites: ["scales"], exchangeable: [["scales"]])
        #expect(scales.count == 1)
        func text(_ body: () throws -> Modes) -> String? { errorText { _ = try body() } }
        #expect(text { try fits.modes(of: [3, 500]) } == "there is no lane 500; there are 500")
        #expect(
            text { try fits.modes(sites: ["mu"]) }
                == "there is no latent, deterministic or param site 'mu'; there are: weights, locs, scales")
        #expect(
            text { try fits.modes(exchangeable: [["weights"], ["locs", "weights"]]) }
                == "exchangeable sites: 'weights' is named twice; its components can change places in one way only")
        #expect(text { try fits.modes(sites: ["locs"], exchangeable: [["scales"]]) }?.contains("'scales' is not among the sites") == true)
        #expect(
            text { try fits.modes(tolerance: ModeTolerance(spreadRatio: 0.5)) }
                == "the tolerance of modes has spreadRatio 0.5; give a number that is at least 1")
        #expect(text { try fits.modes(tolerance: ModeTolerance(distance: .nan)) }?.contains("distance nan") == true)
        #expect(try fits.modes(of: []).isEmpty && fits.modes(of: []).evidenceWeights().isEmpty)
    }
}
