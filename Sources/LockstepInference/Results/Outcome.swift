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

    init(_ execution: any LaneExecution, parameters names: [String], hasStart: [Bool]) throws {
        typealias Name = Bookkeeping.Name
        var parameters: [String: LaneArray] = [:]
        for name in names { parameters[name] = try execution.read(StepFunction.parameter(name)) }
        self.parameters = parameters
        func scalars(_ name: String) throws -> [Double] {
            let array = try execution.read(name)
            return (0..<array.lanes).map { array[$0, 0] }
        }
        losses = try execution.read(Name.losses)
        let frozen = try scalars(Name.frozen)
        let refusedAt = try scalars(Name.refusedAt)
        status = hasStart.indices.map { lane in
            !hasStart[lane] ? .noValidStart : frozen[lane] != 0 ? .diverged(step: Int(refusedAt[lane])) : .finished
        }
        let status = status
        initialLoss = try scalars(Name.initialLoss).enumerated().map { hasStart[$0] ? $1 : .nan }
        finalLoss = try zip(scalars(Name.tailSum), scalars(Name.tailCount)).enumerated().map { lane, tail in
            status[lane].isLost || tail.1 == 0 ? .nan : tail.0 / tail.1
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

    func appending(_ other: Outcome) -> Outcome { Outcome(self, other) }
}
