import LockstepCompiler
import LockstepTensor

extension LaneInputs {
    /// These inputs with the data that a program has packed, and with those that it computes beforehand, in double precision
    /// on one lane.
    ///
    /// - Throws: `ExecutionError` when data are missing or do not fit.
    package func completed(for program: LaneProgram) throws -> LaneInputs {
        var data = try packed(for: program)
        try complete(&data, program)
        if let start = program.start {
            data.merge(try packed(for: start)) { known, _ in known }
            try complete(&data, start)
        }
        return LaneInputs(keys: keys, data: data)
    }

    private func complete(_ data: inout [String: Data], _ program: LaneProgram) throws {
        guard let prologue = program.prologue else { return }
        let shared = data.filter { if case .shared = $0.value { true } else { false } }
        let run = try InterpreterExecutable(prologue, precision: .double).start(LaneInputs(keys: [Key(0)], data: shared))
        try run.advance(from: 0, count: 1, scalars: [:])
        for buffer in prologue.buffers {
            if case .state(let name) = buffer.role { data[name] = .shared(try run.read(name).lane(0)) }
        }
    }

    /// The data, with those of one number each that the program has as one array.
    private func packed(for program: LaneProgram) throws(ExecutionError) -> [String: Data] {
        var data = data
        for pack in program.packs where pack.kind == .data {
            var shared: [Double] = []
            var perLane: [Numbers] = []
            for name in pack.members {
                switch self.data[name] {
                case .shared(let values) where values.count == 1: shared.append(values[0])
                case .shared(let values): throw .sharedDataCount(name: name, wanted: 1, given: values.count)
                case .perLane(let values) where values.count == keys.count: perLane.append(values)
                case .perLane(let values): throw .perLaneDataCount(name: name, lanes: keys.count, count: 1, given: values.count)
                case .rows(let rows): throw .perLaneDataCount(name: name, lanes: keys.count, count: 1, given: rows.values.count)
                case nil: throw .missingData(name: name, count: 1)
                }
            }
            if let mixed = pack.members.first(where: { if case .shared = self.data[$0] { !perLane.isEmpty } else { false } }) {
                throw .dataLayout(name: mixed, wantsShared: false)
            }
            data[pack.name] = perLane.isEmpty ? .shared(shared) : .perLane(keys.indices.flatMap { lane in perLane.map { $0[lane] } })
        }
        return data
    }
}
