import Foundation
import Lockstep
import LockstepExamples

/// What an option chooses by name.
protocol NamedChoice: RawRepresentable<String>, CaseIterable {
    /// What is chosen.
    static var kind: String { get }
}

extension NamedChoice {
    init(named name: String) throws {
        guard let choice = Self(rawValue: name) else {
            throw CommandError("unknown \(Self.kind) '\(name)'; choose from: \(Self.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self = choice
    }
}

/// The guides that can be asked for by name.
enum GuideChoice: String, NamedChoice {
    case normal, delta

    static var kind: String { "guide" }

    func guide(over model: Model) -> any Guide {
        switch self {
        case .normal: AutoNormal(model)
        case .delta: AutoDelta(model)
        }
    }
}

/// The algorithms that lanes can run.
enum AlgorithmChoice: String, NamedChoice {
    case svi, minimize

    static var kind: String { "algorithm" }
}

/// When lanes stop.
enum ConvergenceChoice: String, NamedChoice {
    case automatic, none

    static var kind: String { "convergence" }
}

extension Device {
    /// `auto`, `opencl`, `cpu`, or part of an OpenCL device's name.
    init(choice: String) throws {
        switch choice {
        case "auto": self = .auto
        case "cpu": self = .cpu
        case "opencl":
            if let reason = Self.whyNoOpenCL { throw CommandError(reason) }
            self = .opencl
        default:
            let names = Self.available().filter { $0.kind == "opencl" }
            guard names.contains(where: { $0.description.localizedCaseInsensitiveContains(choice) }) else {
                let known = ["auto", "opencl", "cpu"] + names.map { "part of '\($0.name)'" }
                throw CommandError("unknown device '\(choice)'; choose from: \(known.joined(separator: ", "))")
            }
            self = .named(choice)
        }
    }
}

extension Schedule {
    init(choice: String) throws {
        guard let schedule = Self(choice) else {
            throw CommandError(
                "unknown schedule '\(choice)'; choose from: automatic, A, B:vectors:workers, C:workers, D:slices:together")
        }
        self = schedule
    }
}

extension Hyperparameter {
    /// A number, or two with a colon between them.
    init(rateChoice text: String) throws {
        let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
        // Of normal size as a float, in which the program computes.
        guard (1...2).contains(numbers.count), numbers.allSatisfy({ $0 > 0 && Float($0).isNormal }) else {
            throw CommandError("--learning-rate is \(text); give a positive number, or two, as 0.1:0.001")
        }
        self = numbers.count == 1 ? .constant(numbers[0]) : .exponentialDecay(from: numbers[0], to: numbers[1])
    }
}

extension Example {
    static func chosen(_ name: String) throws -> Example {
        guard let example = named(name) else {
            throw CommandError("unknown model '\(name)'; choose from: \(all.map(\.name).joined(separator: ", "))")
        }
        return example
    }
}
