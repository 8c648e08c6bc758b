import Foundation
import Lockstep
import TestSupport

/// The posteriors of the collection that are fitted to see whether a fit knows how far off it is.
extension ReferencePosterior {
    static let all: [(name: String, posterior: @Sendable () throws -> ReferencePosterior)] = [
        ("eight schools", eightSchools), ("arK", arK), ("earnings", earnings), ("kidiq", kidiq), ("mesquite", mesquite), ("nes", nes),
        ("sblrc", sblrc), ("kilpisjarvi", kilpisjarvi), ("diamonds", diamonds), ("low_dim_gauss_mix", mixture), ("gp_pois_regr", gaussianProcess),
        ("garch", garch), ("arma", arma), ("hmm_example", hiddenStates), ("lynx and hare", lynxHare),
    ]

    /// A latent that must be positive, whatever its prior is a distribution of.
    private static func positive(_ m: inout ModelContext, _ name: String, _ prior: any Distribution) -> Tensor {
        let base = LogNormal(0, 1)
        let value = m.sample(name, base)
        m.factor(name + "_prior", prior.logProb(value) - base.logProb(value))
        return value
    }

    static func kidiq() throws -> ReferencePosterior {
        let data = try read("kidiq")
        let (school, iq) = (data["mom_hs"].numbers, data["mom_iq"].numbers)
        return regression(
            "kidiq-kidscore_interaction", [iq.map { _ in 1 }, school, iq, zip(school, iq).map(*)], data["kid_score"].numbers,
            sigma: HalfCauchy(2.5))
    }

    static func kilpisjarvi() throws -> ReferencePosterior {
        let data = try read("kilpisjarvi_mod")
        let (x, y) = (data["x"].numbers, data["y"].numbers)
        let model = Model { m in
            let alpha = m.sample("alpha", Normal(Tensor(data["pmualpha"].number), Tensor(data["psalpha"].number)))
            let beta = m.sample("beta", Normal(Tensor(data["pmubeta"].number), Tensor(data["psbeta"].number)))
            let sigma = m.sample("sigma", HalfNormal(1e3))
            m.plate("rows", y.count) { m in
                m.observe("y", Normal(alpha + beta * m.data("x", shape: [y.count]), sigma), m.data("y", shape: [y.count]))
            }
        }
        return ReferencePosterior(
            name: "kilpisjarvi_mod-kilpisjarvi", model: model, data: ["x": .shared(x), "y": .shared(y)], sites: ["alpha", "beta", "sigma"])
    }

    static func diamonds() throws -> ReferencePosterior {
        let data = try read("diamonds")
        let y = data["Y"].numbers
        let columns = data["X"].elements.map { Array($0.numbers.dropFirst()) }
        let means = columns[0].indices.map { column in columns.reduce(0) { $0 + $1[column] } / Double(columns.count) }
        let design = columns.flatMap { row in zip(row, means).map { $0 - $1 } }
        let model = Model { m in
            let b = m.sample("b", Normal(0, 1).expanded(to: [means.count]).toEvent(1))
            let intercept = m.sample("Intercept", StudentT(3, 8, 10))
            let sigma = positive(&m, "sigma", StudentT(3, 0, 10))
            let x = m.data("x", shape: [y.count, means.count])
            m.plate("rows", y.count) { m in m.observe("y", Normal(intercept + matmul(x, b), sigma), m.data("y", shape: [y.count])) }
        }
        return ReferencePosterior(
            name: "diamonds-diamonds", model: model, data: ["x": .shared(design), "y": .shared(y)], sites: ["b", "Intercept", "sigma"])
    }

    /// Two components in order.
    static func mixture() throws -> ReferencePosterior {
        let y = try read("low_dim_gauss_mix")["y"].numbers
        let model = Model { m in
            let first = m.sample("mu1", Normal(0, 2))
            let base = LogNormal(0, 1)
            let gap = m.sample("gap", base)
            m.factor("mu2_prior", Normal(0, 2).logProb(first + gap) - base.logProb(gap))
            let mu = m.deterministic("mu", Tensor.stack([first, first + gap]))
            let sigma = m.sample("sigma", HalfNormal(2).expanded(to: [2]).toEvent(1))
            let theta = m.sample("theta", Beta(5, 5))
            let y = m.data("y", shape: [y.count])
            let (one, two) = (log(theta) + Normal(mu[0], sigma[0]).logProb(y), log(1 - theta) + Normal(mu[1], sigma[1]).logProb(y))
            m.factor("y", Tensor.stack([one, two]).logSumExp(axis: 0).sum())
        }
        return ReferencePosterior(
            name: "low_dim_gauss_mix-low_dim_gauss_mix", model: model, data: ["y": .shared(y)], sites: ["mu", "sigma", "theta"])
    }

    static func gaussianProcess() throws -> ReferencePosterior {
        let data = try read("gp_pois_regr")
        let (x, k) = (data["x"].numbers, data["k"].numbers)
        let distances = x.flatMap { a in x.map { (a - $0) * (a - $0) } }
        let model = Model { m in
            let rho = m.sample("rho", Gamma(25, 4))
            let alpha = m.sample("alpha", HalfNormal(2))
            let z = m.sample("f_tilde", Normal(0, 1).expanded(to: [k.count]).toEvent(1))
            let covariance = square(alpha) * exp(-0.5 * Tensor(distances).reshape([k.count, k.count]) / square(rho))
            let f = m.deterministic("f", matmul(cholesky(covariance + 1e-6 * Tensor.identity(k.count)), z))
            m.plate("rows", k.count) { m in m.observe("k", Poisson(logRate: f), m.data("k", shape: [k.count])) }
        }
        return ReferencePosterior(
            name: "gp_pois_regr-gp_pois_regr", model: model, data: ["k": .shared(k)], sites: ["rho", "alpha", "f"])
    }

    static func garch() throws -> ReferencePosterior {
        let data = try read("garch")
        let y = data["y"].numbers
        let first = data["sigma1"].number
        let model = Model { m in
            let y = m.data("y", shape: [y.count])
            let mu = m.sample("mu", Normal(0, 1e3))
            let alpha0 = m.sample("alpha0", HalfNormal(1e3))
            let alpha1 = m.sample("alpha1", Uniform(0, 1))
            // Flat below 1 - alpha1.
            let beta1 = m.deterministic("beta1", m.sample("share", Uniform(0, 1)) * (1 - alpha1))
            m.factor("flat", log(1 - alpha1))
            let variances = scan(over: y[..<(-1)], from: Tensor(first * first)) { variance, value in
                let next = alpha0 + alpha1 * square(value - mu) + beta1 * variance
                return (next, next)
            }.outputs
            m.observe("first", Normal(mu, Tensor(first)), y[0])
            m.plate("days", y.count - 1) { m in m.observe("y", Normal(mu, sqrt(variances)), y[1...]) }
        }
        return ReferencePosterior(
            name: "garch-garch11", model: model, data: ["y": .shared(y)], sites: ["mu", "alpha0", "alpha1", "beta1"])
    }

    /// Two states, summed over all ways; any state before the first time.
    static func hiddenStates() throws -> ReferencePosterior {
        let y = try read("hmm_example")["y"].numbers
        let model = Model { m in
            let y = m.data("y", shape: [y.count])
            let low = positive(&m, "low", Normal(3, 1))
            let base = LogNormal(0, 1)
            let gap = m.sample("gap", base)
            m.factor("high_prior", Normal(10, 1).logProb(low + gap) - base.logProb(gap))
            let mu = m.deterministic("mu", Tensor.stack([low, low + gap]))
            let theta1 = m.sample("theta1", Dirichlet(Tensor([1, 1])))
            let theta2 = m.sample("theta2", Dirichlet(Tensor([1, 1])))
            let ways = log(Tensor.stack([theta1, theta2]))
            let end = fold(over: y[1...], from: Normal(mu, 1).logProb(y[0])) { before, value in
                (before.expandingShape(at: 1) + ways).logSumExp(axis: 0) + Normal(mu, 1).logProb(value)
            }
            m.factor("ways", end.logSumExp())
        }
        return ReferencePosterior(name: "hmm_example-hmm_example", model: model, data: ["y": .shared(y)], sites: ["mu", "theta1", "theta2"])
    }
}
