import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// A fit says whether it was done.
@Suite struct ProgressTests {
    static let eightSchools = Model { m in
        let sigma = m.data("sigma", shape: [8])
        let mu = m.sample("mu", Normal(0, 5))
        let tau = m.sample("tau", HalfCauchy(5))
        m.plate("school", 8) { m in
            let z = m.sample("z", Normal(0, 1))
            m.observe("y", Normal(mu + tau * z, sigma), m.data("y", shape: [8]))
        }
    }
    static let schools: [String: LaneData] = [
        "y": .shared([28, 8, -3, 7, -1, 1, 18, 12] as [Double]), "sigma": .shared([15, 10, 16, 11, 9, 11, 10, 18] as [Double]),
    ]

    @Test func explore() throws {
        for guide in [AutoNormal(Self.eightSchools) as any Guide, AutoDelta(Self.eightSchools)] {
            for (steps, rate, interval) in [(2000, 0.01, 50), (4000, 0.01, 50), (10000, 0.01, 50), (4000, 0.03, 50), (4000, 0.1, 50), (4000, 0.01, 10), (1000, 0.05, 50), (20000, 0.03, 100)] {
                var options = RunOptions()
                options.lossInterval = interval
                let fits = try SVI(Self.eightSchools, guide: guide, optimizer: Adam(learningRate: .constant(rate)))
                    .run(keys: Key(1).split(2048), steps: steps, data: Self.schools, options: options)
                let progress = fits.progress.compactMap(\.self)
                let counts = Dictionary(grouping: progress, by: \.trend).mapValues(\.count)
                print("EXPLORE", type(of: guide), steps, rate, interval, counts, fits.loss.reduce(0, +) / 2048, progress[0], progress[1].fall, progress[1].fallError)
            }
        }
    }
}
