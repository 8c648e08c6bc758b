import LockstepCompiler

extension LaneInputs {
    /// Checks that the data are what the program's buffers want, for every device alike.
    ///
    /// Finiteness is not checked here: that is the caller's, who knows the sites.
    package func validate(for program: LaneProgram) throws(ExecutionError) {
        for buffer in program.buffers {
            guard case .data(let name) = buffer.role else { continue }
            try validate(name, buffer, bound: program.indexBounds[name])
        }
    }

    private func validate(_ name: String, _ buffer: Buffer, bound: Int?) throws(ExecutionError) {
        guard let data = data[name] else {
            throw .missingData(name: name, count: buffer.isUniform ? buffer.count : buffer.count * keys.count)
        }
        let values: [Double]
        switch data {
        case .shared(let given):
            guard buffer.isUniform else { throw .dataLayout(name: name, wantsShared: false) }
            guard given.count == buffer.count else {
                throw .sharedDataCount(name: name, wanted: buffer.count, given: given.count)
            }
            values = given
        case .perLane(let given):
            guard !buffer.isUniform else { throw .dataLayout(name: name, wantsShared: true) }
            guard given.count == buffer.count * keys.count else {
                throw .perLaneDataCount(name: name, lanes: keys.count, count: buffer.count, given: given.count)
            }
            values = given
        }
        guard let bound else { return }
        // Written so that a NaN is out of bounds; indices are whole numbers.
        let limit = Double(bound)
        guard let bad = values.firstIndex(where: { !($0 >= 0 && $0 < limit && $0 == $0.rounded(.towardZero)) }) else { return }
        throw .indexOutOfBounds(
            name: name,
            lane: buffer.isUniform ? nil : bad / buffer.count,
            position: buffer.isUniform ? bad : bad % buffer.count,
            value: values[bad], bound: bound)
    }
}
