/// When a lane has gone far enough to stop. Each lane is judged by its own losses and parameters alone.
public struct Convergence: Hashable, Sendable {
    /// The share by which the mean losses of two windows in a row may differ, of the earlier one. Not looked at by `automatic`.
    public var tolerance: Double
    /// Steps of a window. Not looked at by `automatic`.
    public var window: Int
    /// Nil where windows are compared.
    package var stationarity: Stationarity?

    /// A lane stops where the mean losses of two windows of steps in a row differ by no more than a share of the earlier one.
    ///
    /// Losses of one draw are noisy: a window should be long enough that its mean is not, or a lane stops by chance. A tolerance that is
    /// negative or not finite, and a window without steps, are errors of the run.
    ///
    /// - Parameters:
    ///   - tolerance: the share.
    ///   - window: steps of a window.
    public init(tolerance: Double = 1e-4, window: Int = 500) {
        self.tolerance = tolerance
        self.window = window
    }

    /// The library sees by itself when a lane only wanders about where it was to go: then its learning rate decays to nothing, and the lane
    /// stops. The number of steps is a ceiling: the rate of lanes that have not come so far decays at its end.
    ///
    /// For an optimiser with a constant rate, which may be large (0.05, say). A lane wanders where, from one stretch of steps to a longer
    /// one, the mean loss did not fall by more than its noise accounts for, and no parameter's mean moved by more than a little more than it
    /// scatters within the stretch (as R-hat compares chains: Dhaka et al. 2020, "Robust, accurate stochastic optimization for variational
    /// inference"). Algorithms that see by themselves when they are done, such as `Minimize`, stop as they always do.
    public static let automatic = Convergence(Stationarity())

    package init(_ stationarity: Stationarity) {
        self.init()
        self.stationarity = stationarity
    }

    func validate() throws {
        guard tolerance >= 0, tolerance.isFinite else {
            throw RunError("the tolerance of convergence is \(tolerance); give a number that is not negative")
        }
        guard window >= 1 else { throw RunError("the window of convergence is \(window) steps; give at least 1") }
    }

    /// What tells apart those that results depend on.
    var mark: String { stationarity.map { "\($0)" } ?? "\(tolerance) over \(window)" }
}
