import LockstepRuntime

/// The limited-memory BFGS method (Nocedal and Wright 2006, algorithm 7.5) with a line search for the strong Wolfe conditions
/// (algorithms 3.5 and 3.6, with the approximate conditions of Hager and Zhang 2005 where the loss is lost in rounding).
///
/// In lockstep a step of a lane is one evaluation, of the line search or the first one of a new direction: no lane waits for
/// the line search of another.
public struct LBFGS: Hashable, Sendable {
    /// Pairs of steps and gradient changes that the direction is made of, 1 ... 100.
    public var memory: Int
    /// A lane has converged where no element of the gradient is larger; nil for 1e-5, and 1e-9 in double precision.
    public var gradientTolerance: Double?
    /// A lane has converged where three evaluations in a row lower the loss by no more than this share of it (of 1 where that is more), or
    /// none is to be had where the slope promises no more; nil for 4 times the relative precision of the run.
    public var lossTolerance: Double?
    /// The share of the decrease that the slope promises which a step must bring (Wolfe's first condition); between 0 and `curvature`.
    public var decrease: Double
    /// The share of the slope that a step may leave (Wolfe's second condition); between `decrease` and 1.
    public var curvature: Double
    /// Evaluations of one line search.
    public var mostTrials: Int

    /// Numbers that make no sense are errors of the run.
    public init(
        memory: Int = 10, gradientTolerance: Double? = nil, lossTolerance: Double? = nil, decrease: Double = 1e-4, curvature: Double = 0.9,
        mostTrials: Int = 20
    ) {
        self.memory = memory
        self.gradientTolerance = gradientTolerance
        self.lossTolerance = lossTolerance
        self.decrease = decrease
        self.curvature = curvature
        self.mostTrials = mostTrials
    }

    func validate() throws {
        guard (1...100).contains(memory) else { throw RunError("LBFGS: the memory is \(memory) pairs; give 1 to 100") }
        for (name, tolerance) in [("gradientTolerance", gradientTolerance), ("lossTolerance", lossTolerance)] {
            if let tolerance, !(tolerance >= 0 && tolerance.isFinite) {
                throw RunError("LBFGS: \(name) is \(tolerance); give a number that is not negative")
            }
        }
        guard decrease > 0, decrease < curvature, curvature < 1 else {
            throw RunError("LBFGS: decrease is \(decrease) and curvature \(curvature); give 0 < decrease < curvature < 1")
        }
        guard mostTrials >= 2 else { throw RunError("LBFGS: mostTrials is \(mostTrials); give at least 2") }
    }

    func gradientTolerance(_ precision: Precision) -> Double { gradientTolerance ?? (precision == .float ? 1e-5 : 1e-9) }
    func lossTolerance(_ precision: Precision) -> Double { lossTolerance ?? 4 * precision.epsilon }
}

extension Precision {
    /// Of numbers of this precision, relative.
    var epsilon: Double { self == .float ? Double(Float.ulpOfOne) : Double.ulpOfOne }
}
