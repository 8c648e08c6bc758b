import LockstepCompiler
import LockstepRuntime
import LockstepTensor

/// What a lane carries from step to step, and its records. The first letter of its text keeps a name apart from those of other
/// kinds, whatever a user calls a site.
enum StateName: Hashable {
    /// In unconstrained space, as the guide has it.
    case parameter(String)
    /// The mean of a parameter's values.
    case average(String)
    /// A slot of the optimiser.
    case slot(String, of: String)
    /// Of an algorithm's own.
    case own(String)

    // How the lane is doing: see `Bookkeeping`.
    case frozen, trailing, refusedAt, refusedLosses, refusedGradients, isFinite
    case initialLoss, windowSum, windowCount, tailSum, tailCount
    /// A record: the mean loss of each window.
    case losses

    /// The step after which the lane stopped.
    case stoppedAt
    /// That of the last step that was taken.
    case lastLoss

    // See `WindowWatch` and `StationaryWatch`.
    case convergenceSum, convergenceCount, convergenceWindows
    /// The mean of the last whole window.
    case convergenceMean
    case convergenceSquares, convergenceError, looks, nextLook, stretchStart, isStationary, coolingStart, coolingLength
    /// Of a parameter.
    case stretchMean(String), stretchSum(String), stretchSquares(String)

    // See `FinalEstimate`.
    /// Draws whose value was finite.
    case estimateCount
    /// The first finite value, from which all are measured: a mean of large numbers in single precision would lose what lanes
    /// differ by.
    case estimateReference
    /// The mean of the finite values, less the reference.
    case estimateMean
    /// The sum of squared deviations from the mean.
    case estimateSquares
    /// What does not differ from draw to draw.
    case constant(Int)

    // See `WeighedDraws`.
    /// A record: the log weight of each draw.
    case logWeights
    /// A record: the value of a site in each draw.
    case drawn
    /// A record: the values of one of several sites in each draw.
    case prediction(Int)
    /// A sum over draws of something about a latent.
    case sum(WeightedSums.Kind, of: String)
    // See `ObservationDraws`.
    /// A record: the log densities of an observed site's elements in each draw.
    case logLikelihood(Int)
    /// Which of these elements count.
    case counted(Int)
    // See `WeightedSums`.
    case weightCount, weightReference, weightSum, weightSquares

    /// An expression that somebody asks about.
    case query(Int)

    var text: String {
        switch self {
        case .parameter(let name): "p/\(name)"
        case .average(let name): "a/\(name)"
        case .slot(let slot, let parameter): "o/\(slot)/\(parameter)"
        case .own(let name): "x/\(name)"
        case .stretchMean(let name): "c/mean/\(name)"
        case .stretchSum(let name): "c/sum/\(name)"
        case .stretchSquares(let name): "c/squares/\(name)"
        case .constant(let number): "f/\(number)"
        case .query(let number): "q/\(number)"
        case .sum(let kind, let latent): "w/\(kind)/\(latent)"
        case .losses: "r/losses"
        default: "s/\(self)"
        }
    }
}

extension StateName {
    /// The state before the step.
    func before(_ origin: Origin, shape: Shape = [], dtype: DType = .real) -> Tensor {
        .input(Input(.state, text, origin: origin), shape: shape, dtype: dtype)
    }
}

extension LaneFunction.State {
    init(_ name: StateName, _ value: Tensor) { self.init(name.text, value) }
}

extension LaneExecution {
    func read(_ name: StateName) throws -> LaneArray { try read(name.text) }
    func hasZero(_ name: StateName) throws -> Bool { try hasZero(name.text, element: 0) }
    func write(_ name: StateName, _ array: LaneArray) throws { try write(name.text, array) }
}
