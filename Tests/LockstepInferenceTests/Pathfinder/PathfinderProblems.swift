import Foundation
import Lockstep

@testable import LockstepInference

/// Posteriors that Pathfinder is tested on.
enum PathfinderProblems {
    // MARK: A normal one

    /// Latents x ~ N(0, 1) and a positive s, log s ~ N(0.3, 0.5), and observations of sums of x and log s: normal in unconstrained space.
    static let correlated = Model { m in
        let x = m.sample("x", Normal(0, 1), shape: [4])
        let s = m.sample("s", LogNormal(0.3, 0.5))
        let u = Tensor.concatenate([x, log(s).reshape([1])])
        m.plate("rows", 4) { m in m.observe("y", Normal(matmul(Tensor(design), u), 0.5), Tensor(y)) }
    }

    private static let design = [[1, 0.5, -0.3, 0.8, 0.4], [0.2, -1, 0.6, 0.1, -0.7], [0.9, 0.3, 1.1, -0.5, 0.2], [-0.4, 0.7, 0.5, 1.2, 0.6]]
    private static let y = [1, -0.5, 0.7, 0.2]

    /// Of x and log s.
    static let posterior = DenseNormal.posterior(
        mean: [0, 0, 0, 0, 0.3], variances: [1, 1, 1, 1, 0.25], design: design, noise: 0.5, y: y)

    // MARK: Those of `Tests/Goldens/pathfinder.py`

    static let eightSchools = Model { m in
        let mu = m.sample("mu", Normal(0, 5))
        let tau = m.sample("tau", HalfCauchy(5))
        m.plate("school", 8) { m in
            let z = m.sample("z", Normal(0, 1))
            m.observe("obs", Normal(mu + tau * z, [15, 10, 16, 11, 9, 11, 10, 18]), [28, 8, -3, 7, -1, 1, 18, 12])
        }
    }

    static let banana = Model { m in
        let x = m.sample("x", Normal(0, 1))
        m.sample("y", Normal(x * x / 2, 0.5))
    }

    // MARK: Fits

    static func options(_ precision: Precision) -> RunOptions {
        var options = RunOptions()
        options.precision = precision
        return options
    }
}

extension Fits {
    /// The lane's normal distribution, by its parameters.
    func normal(_ lane: Int) throws -> DenseNormal {
        let parameters = try self[lane].parameters()
        func values(_ name: String) -> [Double] { parameters[name] ?? [] }
        return DenseNormal(
            mean: values("auto_loc"),
            covariance: DenseNormal.product(scale: values("auto_scale"), left: values("auto_left"), right: values("auto_right")))
    }
}
