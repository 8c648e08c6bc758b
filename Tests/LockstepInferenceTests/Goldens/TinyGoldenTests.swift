import Lockstep
import Testing

@testable import LockstepInference

/// Models of one latent and one observation: a distribution each, against NumPyro.
@Suite struct TinyGoldenTests {
    static let priors: [String: @Sendable () -> any Distribution] = [
        "Gamma(concentration=2, rate=3)": { Gamma(2, 3) },
        "Beta(concentration1=2, concentration0=3)": { Beta(2, 3) },
        "Beta(concentration1=0.5, concentration0=0.5)": { Beta(0.5, 0.5) },
        "Dirichlet(concentration=[1, 2, 3])": { Dirichlet([1, 2, 3]) },
        "LogNormal(loc=0.5, scale=0.8)": { LogNormal(0.5, 0.8) },
        "LogNormal(loc=0, scale=1)": { LogNormal(0, 1) },
        "StudentT(df=3, loc=1, scale=2)": { StudentT(3, 1, 2) },
        "Exponential(rate=0.7)": { Exponential(0.7) },
        "Uniform(low=-1, high=3)": { Uniform(-1, 3) },
        "Uniform(low=0, high=1)": { Uniform(0, 1) },
        "HalfCauchy(scale=5)": { HalfCauchy(5) },
        "HalfNormal(scale=2)": { HalfNormal(2) },
        "Cauchy(loc=0, scale=2)": { Cauchy(0, 2) },
        "Normal(loc=0, scale=1)": { Normal(0, 1) },
        "Normal(loc=[0, 1, 2], scale=[1, 2, 3])": { Normal([0, 1, 2], [1, 2, 3]).toEvent(1) },
    ]
    static let likelihoods: [String: @Sendable (Tensor) -> any Distribution] = [
        "Poisson(rate=x)": { Poisson($0) },
        "Poisson(rate=exp(x))": { Poisson(logRate: $0) },
        "Exponential(rate=x)": { Exponential($0) },
        "Bernoulli(probs=x)": { Bernoulli(probabilities: $0) },
        "Bernoulli(logits=x)": { Bernoulli(logits: $0) },
        "Categorical(probs=x)": { Categorical(probabilities: $0) },
        "Categorical(logits=x)": { Categorical(logits: $0) },
        "Normal(loc=x, scale=0.5)": { Normal($0, 0.5) },
        "Normal(loc=x, scale=1)": { Normal($0, 1) },
        "Normal(loc=0, scale=x)": { Normal(0, $0) },
        "Normal(loc=1, scale=x)": { Normal(1, $0) },
        "StudentT(df=4, loc=x, scale=0.5)": { StudentT(4, $0, 0.5) },
        "Cauchy(loc=x, scale=0.5)": { Cauchy($0, 0.5) },
        "Gamma(concentration=x, rate=2)": { Gamma($0, 2) },
        "Beta(concentration1=x, concentration0=2)": { Beta($0, 2) },
        "LogNormal(loc=0.2, scale=x)": { LogNormal(0.2, $0) },
    ]
    /// There is no such distribution yet.
    static let notAvailable: Set<String> = ["Binomial(total_count=10, probs=x)"]

    @Test(arguments: FitGoldenTests.Setting.all)
    func stepsAreThoseOfNumPyro(_ setting: FitGoldenTests.Setting) throws {
        var worst = 0.0
        for row in try NumPyroGoldens.rows("tiny") where !Self.notAvailable.contains(row["y"].text) {
            let name = "\(row["x"].text), \(row["y"].text)"
            let prior = try #require(Self.priors[row["x"].text], "\(name)")
            let likelihood = try #require(Self.likelihoods[row["y"].text], "\(name)")
            let observed = row["observed"].number
            let model = Model { m in
                let x = m.sample("x", prior())
                m.observe("y", likelihood(x), Tensor(observed))
            }
            let start = NumPyroGoldens.tensors(row["start"]["constrained"])
            let svi = SVI(
                model, guide: AutoDelta(model, initializer: .value(start)),
                optimizer: Adam(learningRate: .constant(row["learning_rate"].number)))
            var options = RunOptions()
            options.precision = setting.precision
            options.lossInterval = 1
            let steps = row["steps"].elements
            let fits = try svi.run(keys: [Key(0)], steps: 50, device: setting.device.device, options: options)
            let losses = try fits.losses(lane: 0)
            for step in steps {
                let error = NumPyroGoldens.error([losses[Int(step["step"].number) - 1]], step["loss"].numbers)
                #expect(error <= setting.tolerance, "\(name): loss of step \(step["step"].number) is off by \(error)")
                worst = max(worst, error)
            }
            let last = try #require(steps.last)
            try #require(last["step"].number == 50)
            let error = NumPyroGoldens.error(
                try fits.parameters()["x_auto_loc"]?[0] ?? [], last["constrained"]["x"].numbers, floor: 0.1)
            #expect(error <= setting.tolerance, "\(name): x is off by \(error)")
            worst = max(worst, error)
        }
        print("NumPyro tiny models on \(setting.testDescription): largest relative error \(worst)")
    }
}
