import LockstepRuntime

/// The numbers that an optimiser works with, against the values that they may have.
struct HyperparameterCheck: Sendable {
    /// A number, by its path: `learningRate.to` is the last value of the learning rate's schedule.
    private struct Requirement {
        let path: String
        let value: Hyperparameter.Form
        let range: Hyperparameter.Range
    }

    private let optimizer: String
    private let requirements: [Requirement]

    /// - Parameter hyperparameters: what the optimiser declares, and what else it reads.
    init(_ optimizer: String, _ hyperparameters: [Hyperparameter]) {
        self.optimizer = optimizer
        requirements = hyperparameters.enumerated().flatMap { number, hyperparameter in
            Self.requirements(hyperparameter, hyperparameter.name ?? "hyperparameter \(number + 1)", hyperparameter.range)
        }
    }

    /// The names of the data that are read.
    var data: [String] {
        var names: [String] = []
        for case .data(let name) in requirements.map(\.value) where !names.contains(name) { names.append(name) }
        return names
    }

    /// - Throws: `RunError` for a constant that must not be.
    func validateConstants(_ precision: Precision) throws {
        for requirement in requirements {
            guard case .constant(let value) = requirement.value, let reason = requirement.range.objection(to: value, precision)
            else { continue }
            throw RunError("\(optimizer): \(requirement.path) is \(value)\(reason)")
        }
    }

    /// Data with values that must not be; of shared data, the lane is nil.
    func mistakes(_ data: [String: LaneData], _ precision: Precision) -> [(lane: Int?, error: DataError)] {
        requirements.flatMap { requirement -> [(lane: Int?, error: DataError)] in
            guard case .data(let name) = requirement.value, let given = data[name] else { return [] }
            return given.values.doubles.enumerated().flatMap { place, value -> [(lane: Int?, error: DataError)] in
                guard let reason = requirement.range.objection(to: value, precision) else { return [] }
                let owner = given.isShared ? "" : " in \(given.owner(place))"
                let text = "is \(value)\(owner), which \(optimizer) takes for \(requirement.path)\(reason)"
                if given.isShared { return [(nil, DataError(name, text))] }
                return given.lanes(of: place).map { ($0, DataError(name, lanes: [$0], text)) }
            }
        }
    }

    // MARK: Schedules

    private static func requirements(
        _ hyperparameter: Hyperparameter, _ path: String, _ range: Hyperparameter.Range
    ) -> [Requirement] {
        guard case .schedule(let schedule) = hyperparameter.form else {
            return [Requirement(path: path, value: hyperparameter.form, range: range)]
        }
        func number(_ name: String, _ value: Double, _ range: Hyperparameter.Range) -> [Requirement] {
            [Requirement(path: "\(path).\(name)", value: .constant(value), range: range)]
        }
        func nested(_ name: String, _ value: Hyperparameter, _ range: Hyperparameter.Range) -> [Requirement] {
            requirements(value, "\(path).\(name)", range)
        }
        func span(_ over: Int?) -> [Requirement] { over.map { number("over", Double($0), .atLeastOne) } ?? [] }
        // What has to be positive may come from 0 or go to 0, but not stay there.
        let end = range == .positive ? .notNegative : range
        switch schedule {
        case .exponential(let from, let to, let over):
            return nested("from", from, .positive) + nested("to", to, .positive) + span(over)
        case .polynomial(let from, let to, let power, let over):
            return nested("from", from, range) + nested("to", to, end) + number("power", power, .positive) + span(over)
        case .cosine(let from, let to, let over):
            return nested("from", from, range) + nested("to", to, end) + span(over)
        case .oneCycle(let peak, let rise, let start, let last, let over):
            return nested("peak", peak, range) + number("rise", rise, .share) + number("startDivisor", start, .atLeastOne)
                + number("endDivisor", last, .atLeastOne) + span(over)
        case .warmUp(let steps, let from, let then):
            return number("steps", Double(steps), .atLeastOne) + nested("from", from, end) + nested("then", then, range)
        case .piecewise(let pieces):
            return pieces.enumerated().flatMap { place, piece in
                place == 0
                    ? nested("first", piece.value, range)
                    : number("step", Double(piece.start), .atLeastOne) + nested("then[\(piece.start)]", piece.value, range)
            }
        }
    }
}

extension Hyperparameter.Range {
    /// What is wrong with a value, to follow it in a sentence.
    fileprivate func objection(to value: Double, _ precision: Precision) -> String? {
        guard contains(value) else { return "; give \(wanted)" }
        let held = precision == .float ? Double(Float(value)) : value
        // Devices may take what is smaller than a normal number for 0.
        let isNormal = precision == .float ? Float(value).isNormal : value.isNormal
        guard contains(held), self != .positive || isNormal else {
            let name = precision == .float ? "float" : "double"
            let becomes = self == .positive && !isNormal && held.isFinite ? 0 : held
            return ", which is \(becomes) to a run in \(name) precision; give \(wanted)"
        }
        return nil
    }

    private func contains(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        return switch self {
        case .real: true
        case .positive: value > 0
        case .notNegative: value >= 0
        case .belowOne: value >= 0 && value < 1
        case .share: value > 0 && value <= 1
        case .atLeastOne: value >= 1
        }
    }

    private var wanted: String {
        switch self {
        case .real: "a finite number"
        case .positive: "a finite number above 0"
        case .notNegative: "a finite number that is not negative"
        case .belowOne: "a number from 0 up to, but not including, 1"
        case .share: "a number above 0 up to 1"
        case .atLeastOne: "a finite number of at least 1"
        }
    }
}
