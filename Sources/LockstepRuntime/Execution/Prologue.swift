import LockstepCompiler
import LockstepTensor

extension LaneInputs {
    /// These inputs with the data that a program computes beforehand, in double precision on one lane.
    ///
    /// - Throws: `ExecutionError` when data are missing or do not fit.
    package func completed(for program: LaneProgram) throws -> LaneInputs {
        guard let prologue = program.prologue.first else { return self }
        let shared = data.filter { if case .shared = $0.value { true } else { false } }
        let run = try InterpreterExecutable(prologue, precision: .double).start(LaneInputs(keys: [Key(0)], data: shared))
        try run.advance(from: 0, count: 1, scalars: [:])
        var completed = data
        for buffer in prologue.buffers {
            if case .state(let name) = buffer.role { completed[name] = .shared(try run.read(name).lane(0)) }
        }
        return LaneInputs(keys: keys, data: completed)
    }
}
