import LockstepRuntime
import LockstepTensor

/// What the lanes of a run carried at its end; what was read of a device is looked at when somebody asks.
struct Outcome: Sendable {
    /// Unconstrained, by parameter.
    let parameters: [String: LaneArray]
    let losses: LaneArray
    private let scalars: Scalars

    /// Numbers of each lane.
    private struct Scalars: Sendable {
        let status: Deferred<[FitStatus]>
        let initialLoss: Deferred<[Double]>
        let finalLoss: Deferred<[Double]>
        let refusedLosses: Deferred<[Int]>
        let refusedGradients: Deferred<[Int]>
        let refusedLate: Deferred<[Int]>
        let driftPace: Deferred<[Double]>
    }

    var status: [FitStatus] { scalars.status.value }
    var initialLoss: [Double] { scalars.initialLoss.value }
    /// The mean of the last steps' finite losses; NaN where there are none.
    var finalLoss: [Double] { scalars.finalLoss.value }
    var refusedLosses: [Int] { scalars.refusedLosses.value }
    var refusedGradients: [Int] { scalars.refusedGradients.value }
    /// Of both kinds, in the last tenth of the steps.
    var refusedLate: [Int] { scalars.refusedLate.value }
    /// Of parameters that drifted to the end, by `ParameterDrift`; NaN where that was not looked into.
    var driftPace: [Double] { scalars.driftPace.value }

    /// - Parameter wave: what the lanes hold.
    init(_ wave: WaveResult) {
        losses = wave[.losses].erasing(from: wave.slots)
        parameters = wave.parameters
        let status = wave.status
        let withoutStart = wave.withoutStart
        func refused(_ array: LaneArray) -> Deferred<[Int]> {
            Deferred {
                var counts = array.whole
                for lane in withoutStart { counts[lane] = 0 }
                return counts
            }
        }
        let initial = wave[.initialLoss]
        let (refusedLosses, refusedGradients) = (refused(wave[.refusedLosses]), refused(wave[.refusedGradients]))
        let refusedEarly = wave.refusedEarly
        scalars = Scalars(
            status: status,
            initialLoss: Deferred {
                var values = initial.element(0)
                for lane in withoutStart { values[lane] = .nan }
                return values
            },
            finalLoss: wave.finalLoss, refusedLosses: refusedLosses, refusedGradients: refusedGradients,
            refusedLate: Deferred {
                let (losses, gradients, early) = (refusedLosses.value, refusedGradients.value, refusedEarly.value)
                return losses.indices.map { withoutStart.contains($0) ? 0 : losses[$0] + gradients[$0] - early[$0] }
            }, driftPace: wave.paces)
    }

    /// Of lanes that hold nothing.
    init(nothingFor lanes: Int, _ status: FitStatus, _ parameters: [PreparedGuide.Parameter], slots: Int, _ precision: Precision) {
        func nothing(_ count: Int) -> LaneArray {
            let elements: LaneArray.Elements =
                precision == .float
                ? .float(Array(repeating: .nan, count: lanes * count)) : .double(Array(repeating: .nan, count: lanes * count))
            return LaneArray(lanes: lanes, count: count, elements: elements)
        }
        self.parameters = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, nothing($0.shape.elementCount)) })
        losses = nothing(slots)
        let none = Deferred(value: Array(repeating: Double.nan, count: lanes))
        let zeros = Deferred(value: Array(repeating: 0, count: lanes))
        scalars = Scalars(
            status: Deferred(value: Array(repeating: status, count: lanes)), initialLoss: none, finalLoss: none, refusedLosses: zeros,
            refusedGradients: zeros, refusedLate: zeros, driftPace: none)
    }

    private init(_ outcome: Outcome, _ order: [Int]) {
        func ordered<T: Sendable>(_ values: Deferred<[T]>) -> Deferred<[T]> {
            Deferred {
                let values = values.value
                return order.map { values[$0] }
            }
        }
        parameters = outcome.parameters.mapValues { $0.lanes(order) }
        losses = outcome.losses.lanes(order)
        let scalars = outcome.scalars
        self.scalars = Scalars(
            status: ordered(scalars.status), initialLoss: ordered(scalars.initialLoss), finalLoss: ordered(scalars.finalLoss),
            refusedLosses: ordered(scalars.refusedLosses),
            refusedGradients: ordered(scalars.refusedGradients), refusedLate: ordered(scalars.refusedLate),
            driftPace: ordered(scalars.driftPace))
    }

    /// The lanes in another order.
    func lanes(_ order: [Int]) -> Outcome { Outcome(self, order) }

    private init(_ a: Outcome, _ b: Outcome) {
        func joined<T: Sendable>(_ values: KeyPath<Scalars, Deferred<[T]>>) -> Deferred<[T]> {
            let (a, b) = (a.scalars[keyPath: values], b.scalars[keyPath: values])
            return Deferred { a.value + b.value }
        }
        parameters = a.parameters.merging(b.parameters) { $0.appending($1) }
        losses = a.losses.appending(b.losses)
        scalars = Scalars(
            status: joined(\.status), initialLoss: joined(\.initialLoss), finalLoss: joined(\.finalLoss), refusedLosses: joined(\.refusedLosses),
            refusedGradients: joined(\.refusedGradients), refusedLate: joined(\.refusedLate), driftPace: joined(\.driftPace))
    }

    /// - Throws: `RunError` where the host has no room for what all lanes leave behind.
    static func checkRoom(for lanes: Int, _ parameters: [PreparedGuide.Parameter], steps: Int, _ options: RunOptions) throws {
        let slots = options.slots(steps)
        let numbers = parameters.reduce(Double(slots)) { $0 + Double($1.shape.elementCount) }
        // Status and sums beside them; twice, as waves are put together.
        let needed = 2 * (numbers * Double(options.realBytes) + 100) * Double(lanes)
        guard needed > Double(HostMemory.limit) else { return }
        let largest = parameters.max { $0.shape.elementCount < $1.shape.elementCount }
        let parameter = largest.map { " and the largest parameter, '\($0.name)', \($0.shape.elementCount) elements" } ?? ""
        throw RunError(
            "the results of \(lanes) lanes take \(HostMemory.text(needed)), of which this machine has "
                + "\(HostMemory.text(Double(HostMemory.limit))): each lane has \(slots) losses\(parameter); "
                + "use fewer lanes, smaller arrays or a larger lossInterval")
    }

    func appending(_ other: Outcome) -> Outcome { Outcome(self, other) }
}

extension LaneArray {
    /// With NaN in place of all elements from `first` on.
    func erasing(from first: Int) -> LaneArray {
        guard first < count else { return self }
        return LaneArray(
            lanes: lanes, count: count,
            Deferred { [self] in
                func erased<T: BinaryFloatingPoint>(_ values: [T]) -> [T] {
                    values.indices.map { $0 % count < first ? values[$0] : .nan }
                }
                return switch elements {
                case .float(let values): .float(erased(values))
                case .double(let values): .double(erased(values))
                case .int: elements
                }
            })
    }

    /// Whether there is such a number among the elements, which are ints.
    func contains(_ isSought: (Int) -> Bool) -> Bool {
        guard case .int(let values) = elements else { return false }
        return values.contains { isSought(Int($0)) }
    }

    /// The first element of each lane, a whole number.
    var whole: [Int] {
        guard case .int(let values) = elements else { return element(0).map { Int($0) } }
        return count == 1 ? values.map { Int($0) } : stride(from: 0, to: values.count, by: count).map { Int(values[$0]) }
    }
}
