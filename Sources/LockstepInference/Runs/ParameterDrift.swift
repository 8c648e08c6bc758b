import Foundation
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Whether the parameters of a run with a schedule of rates still went one way when the rate ran out.
///
/// While a rate decays the loss falls in any run, for parameters wander the less, and at its end nothing moves: losses do
/// not tell whether a run was long enough. Where parameters were while the rate was large does. They are looked at six
/// times in each of three phases of the run. A parameter drifts where its mean moved from the first phase to the second
/// and on to the last one in one direction, each time by more than the scatter within a phase accounts for; where it
/// lost no more than two thirds of its pace; and where that pace, the way per sum of the rate, is notable. By Adam a
/// parameter moves at a pace of about its mean gradient over its typical one, which is at most 1.
struct ParameterDrift {
    /// Shares of the run at which the phases begin, and how long they are.
    private static let phases = [0.2, 0.35, 0.85]
    private static let phaseLength = 0.15
    /// What the loss must have come down by from the second phase to the last, or it does not matter who drifts.
    private static let notableFall = 1.0
    private static let looks = 6
    private static let keptPace = 1.0 / 3
    private static let notablePace = 0.005
    /// Fewer steps have no room for all looks.
    private static let fewestSteps = 40
    /// Five numbers are kept for each of so many at most: more would take more memory than the fits themselves.
    private static let mostElements = 1 << 22

    private let names: [String]
    /// By look: the steps that are done then, in order.
    private let steps: [Int]
    private(set) var seen = Seen()

    /// What was seen so far.
    struct Seen: Codable, Sendable {
        fileprivate(set) var looks = 0
        fileprivate var wanderings: [Wandering] = []

        /// Of some lanes.
        func lanes(_ chosen: [Int]) -> Seen {
            var seen = self
            seen.wanderings = wanderings.map { $0.lanes(chosen) }
            return seen
        }
    }

    /// Nil for runs without a schedule, for those that are too short, and for parameters of too many lanes.
    ///
    /// - Parameter seen: where a run goes on.
    init?(
        _ hyperparameters: [Hyperparameter], _ parameters: [PreparedGuide.Parameter], lanes: Int, steps: Int, seen: Seen = Seen()
    ) {
        self.seen = seen
        guard RatePath.schedule(in: hyperparameters) != nil, steps >= Self.fewestSteps else { return nil }
        guard parameters.reduce(0, { $0 + $1.shape.elementCount }) <= Self.mostElements / max(lanes, 1) else { return nil }
        names = parameters.map { StateName.parameter($0.name).text }
        self.steps = Self.phases.flatMap { start in
            (1...Self.looks).map { look in
                Int(((start + Self.phaseLength * Double(look) / Double(Self.looks)) * Double(steps)).rounded())
            }
        }
    }

    /// The steps after which to look next; nil when there is nothing left to see.
    var next: Int? { seen.looks < steps.count ? steps[seen.looks] : nil }

    mutating func look(_ execution: any LaneExecution) throws {
        let phase = seen.looks / Self.looks
        let arrays = try names.map { try execution.read($0) }
        if seen.looks == 0 { seen.wanderings = arrays.map(Wandering.init) }
        for (number, array) in arrays.enumerated() { seen.wanderings[number].add(array, phase) }
        seen.looks += 1
    }

    /// The pace of the fastest drift of each lane, 0 where there is none; NaN where the run stopped before its end.
    func paces(lanes: Int, _ rates: RatePath.Sums) -> [Double] {
        guard next == nil else { return Array(repeating: .nan, count: lanes) }
        let count = seen.wanderings.reduce(0) { $0 + $1.count }
        // Of many parameters some seem to move by chance.
        let critical = 2 + 0.5 * log10(Double(max(count, 1)))
        let centers = Self.phases.map { $0 + Self.phaseLength * Double(Self.looks + 1) / Double(2 * Self.looks) }
        return (0..<lanes).map { lane in
            let ways = (rates.sum(lane, centers[0]..<centers[1]), rates.sum(lane, centers[1]..<centers[2]))
            return seen.wanderings.reduce(0) { max($0, $1.pace(lane, ways, critical)) }
        }
    }

    /// Whether the loss came down by more than a trifle.
    ///
    /// - Parameter windows: means over windows of one length, of the whole run.
    static func isNotable(_ windows: [Double]) -> Bool {
        func mean(_ start: Double) -> Double {
            let (first, end) = (Int(start * Double(windows.count)), Int(((start + phaseLength) * Double(windows.count)).rounded(.up)))
            let finite = windows[first..<min(max(end, first + 1), windows.count)].filter(\.isFinite)
            return finite.reduce(0, +) / Double(finite.count)
        }
        return mean(phases[1]) - mean(phases[2]) > notableFall
    }

    /// Where the elements of a parameter were, measured from the first look.
    fileprivate struct Wandering: Codable, Sendable {
        let count: Int
        private let origin: [Double]
        /// By phase.
        private var sums: [[Double]]
        /// Of the first two phases together.
        private var squares: [Double]

        init(_ array: LaneArray) {
            count = array.count
            origin = array.values
            sums = phases.map { _ in Array(repeating: 0, count: array.lanes * array.count) }
            squares = sums[0]
        }

        /// Of some lanes.
        func lanes(_ chosen: [Int]) -> Wandering { Wandering(self, chosen) }

        private init(_ other: Wandering, _ chosen: [Int]) {
            func picked(_ values: [Double]) -> [Double] { chosen.flatMap { values[($0 * other.count)..<(($0 + 1) * other.count)] } }
            count = other.count
            origin = picked(other.origin)
            sums = other.sums.map(picked)
            squares = picked(other.squares)
        }

        mutating func add(_ array: LaneArray, _ phase: Int) {
            let values = array.values
            for place in values.indices {
                let way = values[place] - origin[place]
                sums[phase][place] += way
                if phase < 2 { squares[place] += way * way }
            }
        }

        func pace(_ lane: Int, _ ways: (Double, Double), _ critical: Double) -> Double {
            let looks = Double(ParameterDrift.looks)
            var fastest = 0.0
            for place in (lane * count)..<((lane + 1) * count) {
                let means = sums.map { $0[place] / looks }
                let moved = (means[1] - means[0], means[2] - means[1])
                let paces = (moved.0 / ways.0, moved.1 / ways.1)
                guard paces.0 * paces.1 > 0, abs(paces.1) > max(fastest, notablePace), abs(paces.1) > keptPace * abs(paces.0)
                else { continue }
                let scatter = squares[place] - looks * (means[0] * means[0] + means[1] * means[1])
                let variance = max(scatter, 0) / (2 * (looks - 1)) / looks
                // The last phase scatters little.
                let threshold = critical * critical * variance
                guard moved.0 * moved.0 > 2 * threshold, moved.1 * moved.1 > threshold else { continue }
                fastest = abs(paces.1)
            }
            return fastest
        }
    }
}

/// The rate of each lane over a run, as its schedule has it.
enum RatePath {
    private static let points = 160

    /// The first of an optimiser's numbers that must be positive and is a schedule.
    static func schedule(in hyperparameters: [Hyperparameter]) -> Hyperparameter? {
        hyperparameters.first { hyperparameter in
            if case .schedule = hyperparameter.form { hyperparameter.range == .positive } else { false }
        }
    }

    /// - Throws: what the interpreter throws.
    static func sums(_ rate: Hyperparameter, steps: Int, _ binding: DataBinding, lanes: [Int]) throws -> Sums {
        let origin = Origin()
        let middles = (0..<points).map { (Double($0) + 0.5) / Double(points) * Double(steps) }
        let span = ScheduleSpan(done: Tensor(middles), length: Tensor(Double(steps)))
        let value = rate.value(in: span) { .input(Input(.data, $0, origin: origin), shape: []) }
        let program = try DataProgram([value.broadcast(to: [points])], perLane: binding.perLane, precision: .double)
        return Sums(rates: try program.run(lanes, binding)[0], steps: steps)
    }

    struct Sums {
        let rates: LaneArray
        let steps: Int

        /// Over a share of the run.
        func sum(_ lane: Int, _ share: Range<Double>) -> Double {
            let (first, end) = (Int((share.lowerBound * Double(points)).rounded()), Int((share.upperBound * Double(points)).rounded()))
            return (first..<end).reduce(0) { $0 + rates[lane, $1] } * Double(steps) / Double(points)
        }
    }
}
