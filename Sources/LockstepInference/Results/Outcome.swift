import LockstepRuntime

/// What the lanes of a run carried at its end.
struct Outcome: Sendable {
    /// Unconstrained, by parameter.
    let parameters: [String: LaneArray]
    let losses: LaneArray
    let initialLoss: [Double]
    /// The mean of the last steps' finite losses; NaN where there are none.
    let finalLoss: [Double]
    let status: [FitStatus]
    let refusedLosses: [Int]
    let refusedGradients: [Int]
    /// Of both kinds, in the last tenth of the steps.
    let refusedLate: [Int]
    /// Of parameters that drifted to the end, by `ParameterDrift`; NaN where that was not looked into.
    let driftPace: [Double]

    /// - Parameters:
    ///   - results: the state that holds each parameter's result.
    ///   - slots: entries of the history that the run has reached.
    ///   - refusedEarly: steps of both kinds that had been refused before the last tenth.
    ///   - paces: of parameters that drifted to the end.
    init(
        _ execution: any LaneExecution, results: [String: String], hasStart: [Bool], slots: Int, refusedEarly: [Int],
        paces: [Double], convergence: Convergence?
    ) throws {
        func scalars(_ name: StateName) throws -> [Double] {
            try execution.read(name).element(0)
        }
        losses = try execution.read(.losses).erasing(from: slots)
        let frozen = try scalars(.frozen)
        let refusedAt = try scalars(.refusedAt)
        let none = hasStart.map { _ in 0.0 }
        let convergedAt = try convergence == nil ? none : scalars(.convergedAt)
        let lastWindow = try convergence == nil ? none : scalars(.convergenceMean)
        status = hasStart.indices.map { lane in
            switch Int(frozen[lane]) {
            case _ where !hasStart[lane]: .noValidStart
            case Bookkeeping.Frozen.no: .finished
            case Bookkeeping.Frozen.converged: .converged(step: Int(convergedAt[lane]))
            default: .diverged(step: Int(refusedAt[lane]))
            }
        }
        let status = status
        // A lane that diverged has no mean of its last steps: these led nowhere.
        let lost = status.indices.filter { status[$0].isLost }
        var parameters: [String: LaneArray] = [:]
        for (name, state) in results {
            let result = try execution.read(state)
            let last = StateName.parameter(name).text
            parameters[name] =
                state == last || lost.isEmpty ? result : result.replacing(lost, with: try execution.read(last).lanes(lost))
        }
        self.parameters = parameters
        initialLoss = try scalars(.initialLoss).enumerated().map { hasStart[$0] ? $1 : .nan }
        finalLoss = try zip(scalars(.tailSum), scalars(.tailCount)).enumerated().map { lane, tail in
            if case .converged = status[lane] { return lastWindow[lane] }
            return status[lane].isLost || tail.1 == 0 ? .nan : tail.0 / tail.1
        }
        refusedLosses = try scalars(.refusedLosses).map { Int($0) }
        refusedGradients = try scalars(.refusedGradients).map { Int($0) }
        driftPace = paces
        refusedLate = zip(zip(refusedLosses, refusedGradients), refusedEarly).map { $0.0 + $0.1 - $1 }
    }

    /// Of lanes that were left out for their data.
    init(leftOut lanes: Int, _ parameters: [PreparedGuide.Parameter], slots: Int, _ precision: Precision) {
        func nothing(_ count: Int) -> LaneArray {
            let elements: LaneArray.Elements =
                precision == .float
                ? .float(Array(repeating: .nan, count: lanes * count)) : .double(Array(repeating: .nan, count: lanes * count))
            return LaneArray(lanes: lanes, count: count, elements: elements)
        }
        self.parameters = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, nothing($0.shape.elementCount)) })
        losses = nothing(slots)
        initialLoss = Array(repeating: .nan, count: lanes)
        finalLoss = initialLoss
        status = Array(repeating: .badData, count: lanes)
        refusedLosses = Array(repeating: 0, count: lanes)
        refusedGradients = refusedLosses
        refusedLate = refusedLosses
        driftPace = initialLoss
    }

    private init(_ outcome: Outcome, _ order: [Int]) {
        parameters = outcome.parameters.mapValues { $0.lanes(order) }
        losses = outcome.losses.lanes(order)
        initialLoss = order.map { outcome.initialLoss[$0] }
        finalLoss = order.map { outcome.finalLoss[$0] }
        status = order.map { outcome.status[$0] }
        refusedLosses = order.map { outcome.refusedLosses[$0] }
        refusedGradients = order.map { outcome.refusedGradients[$0] }
        refusedLate = order.map { outcome.refusedLate[$0] }
        driftPace = order.map { outcome.driftPace[$0] }
    }

    /// The lanes in another order.
    func lanes(_ order: [Int]) -> Outcome { Outcome(self, order) }

    private init(_ a: Outcome, _ b: Outcome) {
        parameters = a.parameters.merging(b.parameters) { $0.appending($1) }
        losses = a.losses.appending(b.losses)
        initialLoss = a.initialLoss + b.initialLoss
        finalLoss = a.finalLoss + b.finalLoss
        status = a.status + b.status
        refusedLosses = a.refusedLosses + b.refusedLosses
        refusedGradients = a.refusedGradients + b.refusedGradients
        refusedLate = a.refusedLate + b.refusedLate
        driftPace = a.driftPace + b.driftPace
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
        func erased<T: BinaryFloatingPoint>(_ values: [T]) -> [T] {
            values.indices.map { $0 % count < first ? values[$0] : .nan }
        }
        let kept: Elements =
            switch elements {
            case .float(let values): .float(erased(values))
            case .double(let values): .double(erased(values))
            case .int: elements
            }
        return LaneArray(lanes: lanes, count: count, elements: kept)
    }
}

extension LaneArray {
    /// One number of each lane.
    static func filled(_ value: Double, lanes: Int, _ precision: Precision) -> LaneArray {
        let elements: Elements =
            switch precision {
            case .float: .float(Array(repeating: Float(value), count: lanes))
            case .double: .double(Array(repeating: value, count: lanes))
            }
        return LaneArray(lanes: lanes, count: 1, elements: elements)
    }
}
