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

    /// - Parameter slots: entries of the history that the run has reached.
    init(
        _ execution: any LaneExecution, parameters names: [String], hasStart: [Bool], slots: Int, convergence: Convergence?
    ) throws {
        typealias Name = Bookkeeping.Name
        var parameters: [String: LaneArray] = [:]
        for name in names { parameters[name] = try execution.read(StepFunction.parameter(name)) }
        self.parameters = parameters
        func scalars(_ name: String) throws -> [Double] {
            try execution.read(name).element(0)
        }
        losses = try execution.read(Name.losses).erasing(from: slots)
        let frozen = try scalars(Name.frozen)
        let refusedAt = try scalars(Name.refusedAt)
        let none = hasStart.map { _ in 0.0 }
        let convergedAt = try convergence == nil ? none : scalars(ConvergenceWatch.Name.convergedAt)
        let lastWindow = try convergence == nil ? none : scalars(ConvergenceWatch.Name.mean)
        status = hasStart.indices.map { lane in
            switch Int(frozen[lane]) {
            case _ where !hasStart[lane]: .noValidStart
            case Bookkeeping.Frozen.no: .finished
            case Bookkeeping.Frozen.converged: .converged(step: Int(convergedAt[lane]))
            default: .diverged(step: Int(refusedAt[lane]))
            }
        }
        let status = status
        initialLoss = try scalars(Name.initialLoss).enumerated().map { hasStart[$0] ? $1 : .nan }
        finalLoss = try zip(scalars(Name.tailSum), scalars(Name.tailCount)).enumerated().map { lane, tail in
            if case .converged = status[lane] { return lastWindow[lane] }
            return status[lane].isLost || tail.1 == 0 ? .nan : tail.0 / tail.1
        }
        refusedLosses = try scalars(Name.refusedLosses).map { Int($0) }
        refusedGradients = try scalars(Name.refusedGradients).map { Int($0) }
    }

    private init(_ a: Outcome, _ b: Outcome) {
        parameters = a.parameters.merging(b.parameters) { $0.appending($1) }
        losses = a.losses.appending(b.losses)
        initialLoss = a.initialLoss + b.initialLoss
        finalLoss = a.finalLoss + b.finalLoss
        status = a.status + b.status
        refusedLosses = a.refusedLosses + b.refusedLosses
        refusedGradients = a.refusedGradients + b.refusedGradients
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
