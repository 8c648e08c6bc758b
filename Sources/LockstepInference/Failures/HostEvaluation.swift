import LockstepCompiler
import LockstepRuntime
import LockstepTensor

/// Expressions of the parameters that the lanes of a run ended with, evaluated by the interpreter in the run's
/// precision. A draw is a function of key and step, so any step of a lane can be repeated.
struct HostEvaluation {
    let fits: Fits
    let origin = Origin()
    /// Unconstrained, by name.
    let parameters: [String: Tensor]

    init(_ fits: Fits) {
        self.fits = fits
        parameters = fits.guide.carried(origin)
    }

    /// A lane of the run, and the step whose draws it has.
    struct Place: Hashable {
        let lane: Int
        let step: Int
    }

    /// What expressions came to at some places.
    struct Values {
        fileprivate let counts: [Int]
        /// By output, then row-major `[places, count]`.
        fileprivate var values: [[Double]]

        fileprivate init(_ outputs: [Tensor], places: Int) {
            counts = outputs.map(\.count)
            values = counts.map { Array(repeating: 0, count: $0 * places) }
        }

        subscript(output: Int, place: Int) -> ArraySlice<Double> {
            values[output][(place * counts[output])..<((place + 1) * counts[output])]
        }
    }

    func values(of outputs: [Tensor], at places: [Place]) throws -> Values {
        var result = Values(outputs, places: places.count)
        guard !outputs.isEmpty, !places.isEmpty else { return result }
        let names = outputs.indices.map { "q/\($0)" }
        let program = try Lowering.lower(
            LaneFunction(states: zip(names, outputs).map { .init($0, $1.asReal) }, perLane: fits.binding.perLane))
        let executable = InterpreterExecutable(program, precision: fits.options.precision)
        let read = Set(program.buffers.compactMap { buffer in
            if case .state(let name) = buffer.role { name } else { nil }
        })
        // One execution takes one step with all its lanes.
        for (step, members) in Dictionary(grouping: places.indices, by: { places[$0].step }) {
            let lanes = members.map { places[$0].lane }
            let execution = try executable.start(fits.binding.inputs(fits.keys, lanes: lanes))
            for (name, array) in fits.outcome.parameters where read.contains(StepFunction.parameter(name)) {
                try execution.write(StepFunction.parameter(name), array.lanes(lanes))
            }
            try execution.advance(from: step, count: 1, scalars: [:])
            for (output, name) in names.enumerated() {
                let (found, count) = (try execution.read(name), result.counts[output])
                for (row, member) in members.enumerated() {
                    result.values[output].replaceSubrange((member * count)..<((member + 1) * count), with: found.lane(row))
                }
            }
        }
        return result
    }
}
