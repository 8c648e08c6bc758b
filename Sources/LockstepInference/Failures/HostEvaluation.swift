import LockstepCompiler
import LockstepRuntime
import LockstepTensor

/// Expressions of the parameters that the lanes of a run ended with, evaluated by the interpreter in the run's
/// precision.
struct HostEvaluation {
    let fits: Fits
    let origin = Origin()
    /// Unconstrained, by name.
    let parameters: [String: Tensor]

    init(_ fits: Fits) {
        self.fits = fits
        parameters = fits.guide.carried(origin)
    }

    /// Expressions, ready for any lanes of the run.
    struct Program {
        private let fits: Fits
        private let names: [String]
        private let program: LaneProgram
        private let executable: InterpreterExecutable

        fileprivate init(_ fits: Fits, _ outputs: [Tensor]) throws {
            self.fits = fits
            names = outputs.indices.map { StateName.query($0).text }
            program = try Lowering.lower(
                LaneFunction(states: zip(names, outputs).map { .init($0, $1.asReal) }, perLane: fits.binding.perLane))
            executable = InterpreterExecutable(program, precision: fits.options.precision)
        }

        var bytesPerLane: Int { program.bytesPerLane(realBytes: fits.options.realBytes) }

        /// - Parameters:
        ///   - lanes: of the run; it may name a lane many times.
        ///   - keys: one for each of them.
        ///   - step: whose draws they have.
        /// - Returns: the outputs, in their order.
        func run(_ lanes: [Int], keys: [Key], step: Int = 0) throws -> [LaneArray] {
            let execution = try executable.start(LaneInputs(keys: keys, data: data(lanes)))
            let read = program.stateNames
            for (name, array) in fits.outcome.parameters where read.contains(StateName.parameter(name).text) {
                try execution.write(StateName.parameter(name).text, array.lanes(lanes))
            }
            try execution.advance(from: step, count: 1, scalars: [:])
            return try names.map { try execution.read($0) }
        }

        /// Without what each lane has for itself and no expression reads: there would be a copy for each draw.
        private func data(_ lanes: [Int]) -> [String: LaneInputs.Data] {
            let read = program.dataNames
            let needed = fits.binding.data.filter { $0.value.isShared || read.contains($0.key) }
            return fits.binding.slices(lanes, of: Set(needed.keys))
        }
    }

    func program(_ outputs: [Tensor]) throws -> Program { try Program(fits, outputs) }

    // MARK: Steps of a run

    /// A lane of the run, and the step whose draws it has: a draw is a function of key and step, so any step of a lane can
    /// be repeated.
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
        let program = try program(outputs)
        // One execution takes one step with all its lanes.
        for (step, members) in Dictionary(grouping: places.indices, by: { places[$0].step }) {
            let lanes = members.map { places[$0].lane }
            for (output, found) in try program.run(lanes, keys: lanes.map { fits.keys[$0] }, step: step).enumerated() {
                let count = result.counts[output]
                for (row, member) in members.enumerated() {
                    result.values[output].replaceSubrange((member * count)..<((member + 1) * count), with: found.lane(row))
                }
            }
        }
        return result
    }
}
