import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// A normal distribution of vectors as prior and as guide: the posterior of a linear model with known noise is in its family.
@Suite struct FullRankTests {
    static let design: [Double] = [1, 0.5, -1, 0.3, -1, 0.8]
    static let model = Model { m in
        let covariance = Tensor([1, 0.6, -0.4, 0.6, 2, 0.3, -0.4, 0.3, 1.5], shape: [3, 3])
        let w = m.sample("w", MultivariateNormal([0.5, -1, 2], covariance: covariance))
        let x = Tensor(design, shape: [2, 3])
        m.plate("rows", 2) { m in m.observe("obs", Normal(matmul(x, w), 0.5), [1.2, -0.7]) }
    }

    // NumPy: C = inv(inv(C0) + X^T X / s^2), m = C (inv(C0) m0 + X^T y / s^2), numpy.linalg.cholesky(C), and the log density of y,
    // scipy.stats.multivariate_normal(X m0, X C0 X^T + s^2 I).logpdf(y).
    static let mean = [1.378407006331736, 1.4166992129711828, 0.872066394461212]
    static let covariance = [
        [0.2878986922303095, 0.27925912775903916, 0.30435528729510636], [0.2792591277590392, 0.8765134031599511, 0.742754009112966],
        [0.3043552872951064, 0.742754009112966, 0.7872181785904497],
    ]
    static let factor = [
        [0.5365619183564088, 0, 0], [0.5204602082355435, 0.7782252725293402, 0], [0.5672323675660855, 0.5750675913120107, 0.3671006472323704],
    ]
    static let logEvidence = -5.277384922089002

    /// - Parameter factor: with the logarithms of the diagonal on the diagonal.
    static func guide(mean: [Double], factor: [[Double]]) -> Model {
        Model { m in
            let loc = m.param("loc", Tensor(mean))
            let raw = m.param("raw", Tensor(factor))
            m.sample("w", MultivariateNormal(loc, scaleTril: raw.tril(-1) + exp(raw.diagonal).asDiagonal))
        }
    }

    static let exact = guide(
        mean: mean, factor: factor.enumerated().map { row, values in values.enumerated().map { $0 == row ? log($1) : $1 } })

    /// Where the guide is the posterior, every draw gives the same loss: minus the log evidence.
    @Test(arguments: TestDevice.all) func lossAtThePosteriorIsTheEvidence(_ device: TestDevice) throws {
        let fits = try SVI(Self.model, guide: Self.exact, optimizer: Resting()).run(keys: Key(4).split(20), steps: 20, device: device.device)
        for lane in 0..<20 {
            let losses = try fits.losses(lane: lane)
            #expect(losses.allSatisfy { abs($0 + Self.logEvidence) < 1e-4 }, "\(losses.prefix(3))")
        }
        // Draws are the posterior's.
        let draws = try #require(try fits[3].sample(4000)["w"])
        for i in 0..<3 {
            let column = (0..<4000).map { draws[$0][i] }
            #expect(abs(Statistics.mean(column) - Self.mean[i]) < 5 * (Self.covariance[i][i] / 4000).squareRoot())
            for j in 0..<i {
                let products = (0..<4000).map { (draws[$0][i] - Self.mean[i]) * (draws[$0][j] - Self.mean[j]) }
                let error = (Statistics.variance(products) / 4000).squareRoot()
                #expect(abs(Statistics.mean(products) - Self.covariance[i][j]) < 5 * error)
            }
        }
    }

    /// From far away; the mean over lanes averages Adam's noise out.
    @Test(arguments: TestDevice.all) func fitsReachThePosterior(_ device: TestDevice) throws {
        let lanes = 64
        let start = (0..<3).map { row in (0..<3).map { row == $0 ? log(0.3) : 0 } }
        let fits = try SVI(
            Self.model, guide: Self.guide(mean: [0, 0, 0], factor: start), optimizer: Adam(learningRate: .exponentialDecay(from: 0.05, to: 0.002))
        ).run(keys: Key(5).split(lanes), steps: 3000, device: device.device)
        #expect(fits.status.allSatisfy { $0 == .finished })
        let parameters = try fits.parameters()
        let (loc, raw) = (try #require(parameters["loc"]), try #require(parameters["raw"]))
        func factor(_ lane: Int, _ i: Int, _ j: Int) -> Double { i == j ? exp(raw[lane][4 * i]) : i > j ? raw[lane][3 * i + j] : 0 }
        let scales = (0..<3).map { Self.covariance[$0][$0].squareRoot() }
        for i in 0..<3 {
            let mean = Statistics.mean((0..<lanes).map { loc[$0][i] })
            #expect(abs(mean - Self.mean[i]) < 0.03 * scales[i], "mean \(i) is \(mean), not \(Self.mean[i])")
            for j in 0...i {
                let found = Statistics.mean((0..<lanes).map { lane in (0...j).reduce(0) { $0 + factor(lane, i, $1) * factor(lane, j, $1) } })
                #expect(abs(found - Self.covariance[i][j]) < 0.04 * scales[i] * scales[j], "covariance \(i), \(j) is \(found)")
            }
        }
        // What is above the diagonal has no gradient.
        for lane in 0..<lanes { #expect([1, 2, 5].allSatisfy { raw[lane][$0] == 0 }) }
    }

    /// The automatic guide takes a vector for so many numbers: its means are the posterior's too.
    @Test(arguments: TestDevice.all) func automaticGuides(_ device: TestDevice) throws {
        let fits = try SVI(Self.model, guide: AutoDelta(Self.model), optimizer: Adam(learningRate: 0.02))
            .run(keys: Key(6).split(4), steps: 3000, device: device.device)
        for lane in 0..<4 {
            let mode = try fits[lane].median("w")
            for i in 0..<3 { #expect(abs(mode[i] - Self.mean[i]) < 2e-3, "\(mode)") }
        }
        let normal = try SVI(Self.model, guide: AutoNormal(Self.model), optimizer: Adam(learningRate: 0.02))
            .run(keys: Key(6).split(4), steps: 20, device: device.device)
        #expect(normal.status.allSatisfy { $0 == .finished } && normal.loss.allSatisfy(\.isFinite))
    }
}
