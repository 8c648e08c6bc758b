import Lockstep

/// How the program fits what it is told nothing else of.
///
/// Chosen on regressions whose predictors are correlated or of sizes in the hundreds, where a constant rate either never
/// arrives or never comes to rest: the rate stays near its first value for a third of the steps and then goes to 0. Adam
/// forgets the gradients of the start, which are larger by orders of magnitude, in some hundreds of steps, and its long mean
/// of gradients carries it along narrow valleys.
public enum FitDefaults {
    /// Updates of each fit.
    public static let steps = 20_000
    /// Of Adam.
    public static let learningRate = Hyperparameter.cosine(from: 0.15, to: 0)

    /// Of Adam, where it decays once a lane only wanders: see `Convergence.automatic`.
    public static let automaticRate = Hyperparameter.constant(0.05)

    /// Adam with means of the last 20 gradients and 100 squares.
    public static func optimizer(learningRate: Hyperparameter = learningRate) -> Adam {
        Adam(learningRate: learningRate, beta1: 0.95, beta2: 0.99)
    }
}
