import Lockstep
import LockstepExamples
import TestSupport
import Testing

@testable import LockstepInference

/// Real posteriors: a fit whose means are off is not called good.
@Suite(
    .serialized,
    .enabled(
        if: ReferencePosterior.folder != nil && Device.whyNoOpenCL == nil,
        "there is no folder shared/posteriordb beside the repository, or no OpenCL device: no verdict was held against a reference"))
struct PosteriorDBTrustTests {
    /// Reference standard deviations.
    private static let far = 0.3

    @Test(arguments: ReferencePosterior.all.indices) func distantFitsAreNotCalledGood(_ number: Int) throws {
        let (name, make) = ReferencePosterior.all[number]
        let posterior = try make()
        let reference = try posterior.reference()
        var options = RunOptions()
        options.lossInterval = FitDefaults.steps
        // Flat priors of large numbers and recurrences are beyond single precision.
        options.precision = .double
        let fits = try SVI(posterior.model, guide: AutoNormal(posterior.model), optimizer: FitDefaults.optimizer())
            .run(keys: Key(4).split(16), steps: FitDefaults.steps, data: posterior.data, options: options)
        let trust = try fits.trust()
        var worst = Array(repeating: 0.0, count: fits.lanes)
        for site in posterior.sites {
            let means = try fits.mean(site)
            for element in 0..<means.shape.reduce(1, *) {
                let expected = reference[means.shape.isEmpty ? site : "\(site)[\(element + 1)]"]
                try #require(!expected.members.isEmpty, "\(site) \(element)")
                for lane in worst.indices {
                    worst[lane] = max(worst[lane], abs(means[lane][element] - expected["mean"].number) / expected["sd"].number)
                }
            }
        }
        let good = trust.indices.filter { trust[$0].verdict == .good }
        let wrong = good.filter { worst[$0] > Self.far }
        #expect(wrong.isEmpty, "\(name): lanes \(wrong), off by \(wrong.map { worst[$0] })")
        let best = fits.best.lane
        print("\(name): \(good.count) of 16 good; best \(trust[best].verdict), off by \(worst[best]) sd, k \(trust[best].paretoShape)")
    }
}
