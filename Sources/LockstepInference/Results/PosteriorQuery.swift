import Foundation
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Questions to the guides of finished fits. Each is a lane program of its own, run by the interpreter: draws of one
/// fit are lanes with one set of parameters and keys of their own.
struct PosteriorQuery {
    let fits: Fits
    /// Bytes that draws may take at a time while they are made.
    private static let chunkBytes = 1 << 26

    init(_ fits: Fits) { self.fits = fits }

    func parameters(_ lanes: [Int]) throws -> [String: LaneValues] {
        let evaluator = try Evaluator(fits) { context in
            let (trace, values) = try context.trace(.sample)
            return values.parameters(trace)
        }
        return try evaluator.values(lanes, keys: lanes.map { fits.keys[$0] })
    }

    /// - Parameter sites: those that are drawn; all latent and deterministic ones when nil.
    /// - Returns: for each site an array `[count] + shape` per lane.
    func sample(_ lanes: [Int], _ count: Int, key: Key, only sites: Set<String>? = nil) throws -> [String: LaneValues] {
        guard count >= 1 else { throw RunError("cannot draw \(count) samples; give at least 1") }
        let evaluator = try Evaluator(fits) { context in
            try context.trace(.sample).trace.shown.filter { sites?.contains($0.name) ?? true }.map { ($0.name, $0.value) }
        }
        try check(count, lanes, evaluator)
        // Of the lane's key and the caller's, not of the lane's place: a fit's draws do not depend on its batch.
        let mixed = lanes.map { fits.keys[$0].mixed(with: key) }
        let total = lanes.count * count
        let size = max(1, Self.chunkBytes / evaluator.bytesPerLane)
        var parts: [String: [LaneArray]] = [:]
        for first in stride(from: 0, to: total, by: size) {
            let places = first..<min(first + size, total)
            let drawn = try evaluator.values(
                places.map { lanes[$0 / count] }, keys: places.map { mixed[$0 / count].fold($0 % count) })
            for (name, values) in drawn { parts[name, default: []].append(values.array) }
        }
        return Dictionary(
            uniqueKeysWithValues: evaluator.outputs.map { name, value in
                let array = LaneArray(joining: parts[name] ?? [], count: value.count)
                return (name, LaneValues(array: array.reshaped(lanes: lanes.count, count: count * value.count), shape: [count] + value.shape))
            })
    }

    /// - Throws: `RunError` where draws take more than half of this machine's memory.
    private func check(_ count: Int, _ lanes: [Int], _ evaluator: Evaluator) throws {
        let elements = evaluator.outputs.reduce(0) { $0 + $1.value.count }
        // Reals cannot overflow. Joining takes twice what is kept.
        let bytes = 2 * Double(count) * Double(lanes.count) * Double(max(elements, 1)) * (fits.options.precision == .float ? 4 : 8)
        let memory = Double(ProcessInfo.processInfo.physicalMemory)
        guard bytes > memory / 2 else { return }
        func text(_ bytes: Double) -> String { String(format: "%.3g GB", bytes / 1e9) }
        throw RunError(
            """
            \(count) draws of \(elements) numbers for \(lanes.count) lanes need \(text(bytes)) of memory, and this machine has \
            \(text(memory)); ask for fewer draws or for one lane
            """)
    }

    // MARK: Evaluation

    struct Context {
        let evaluation: HostEvaluation

        func trace(_ draw: PreparedGuide.Draw) throws -> (trace: Trace, values: PreparedGuide.Values) {
            let fits = evaluation.fits
            let run = TraceRun(origin: evaluation.origin, purpose: "posterior", data: fits.binding.shapes)
            return try fits.guide.trace(fits.algorithm.model, draw, evaluation.parameters, run)
        }
    }

    /// Expressions of a fit's parameters by name, ready to be evaluated for any of its lanes.
    struct Evaluator {
        let outputs: [(name: String, value: Tensor)]
        private let program: HostEvaluation.Program

        init(_ fits: Fits, _ outputs: (Context) throws -> [(name: String, value: Tensor)]) throws {
            let evaluation = HostEvaluation(fits)
            let wanted = try outputs(Context(evaluation: evaluation))
            try StreamCheck.check(wanted.map(\.value))
            self.outputs = wanted
            program = try evaluation.program(wanted.map(\.value))
        }

        var bytesPerLane: Int { program.bytesPerLane }

        /// - Parameter lanes: of the fit; it may name a lane many times.
        func values(_ lanes: [Int], keys: [Key]) throws -> [String: LaneValues] {
            let arrays = try program.run(lanes, keys: keys)
            return Dictionary(zip(outputs, arrays).map { ($0.name, LaneValues(array: $1, shape: $0.value.shape)) }) { first, _ in first }
        }
    }
}

extension Trace {
    /// What a fit can be asked for, in the order of the run.
    var shown: [Site] { sites.filter { $0.isLatent || $0.kind == .deterministic } }
}

extension LaneArray {
    /// The lanes of several arrays of one count and type.
    init(joining parts: [LaneArray], count: Int) {
        let lanes = parts.reduce(0) { $0 + $1.lanes }
        let joined: Elements
        switch parts.first?.elements {
        case .float: joined = .float(parts.flatMap { part -> [Float] in if case .float(let values) = part.elements { values } else { [] } })
        case .int: joined = .int(parts.flatMap { part -> [Int32] in if case .int(let values) = part.elements { values } else { [] } })
        case .double, nil: joined = .double(parts.flatMap { part -> [Double] in if case .double(let values) = part.elements { values } else { [] } })
        }
        self.init(lanes: lanes, count: count, elements: joined)
    }
}
