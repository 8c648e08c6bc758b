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
        if let start = program.start { try validate(for: start) }
    }

    private func validate(_ name: String, _ buffer: Buffer, bound: Int?) throws(ExecutionError) {
        guard let data = data[name] else {
            throw .missingData(name: name, count: buffer.isUniform ? buffer.count : buffer.count * keys.count)
        }
        switch data {
        case .shared(let given):
            guard buffer.isUniform else { throw .dataLayout(name: name, wantsShared: false) }
            guard given.count == buffer.count else {
                throw .sharedDataCount(name: name, wanted: buffer.count, given: given.count)
            }
        case .perLane(let given):
            guard !buffer.isUniform else { throw .dataLayout(name: name, wantsShared: true) }
            guard given.count == buffer.count * keys.count else {
                throw .perLaneDataCount(name: name, lanes: keys.count, count: buffer.count, given: given.count)
            }
        case .rows(let given):
            guard !buffer.isUniform else { throw .dataLayout(name: name, wantsShared: true) }
            guard given.parts.count == keys.count, given.parts.allSatisfy({ $0.count <= buffer.count && $0.upperBound <= given.values.count }) else {
                let count = (given.parts.map(\.count).max() ?? 0) * given.parts.count
                throw .perLaneDataCount(name: name, lanes: keys.count, count: buffer.count, given: count)
            }
        }
        guard let bound else { return }
        let values = data.numbers
        guard let bad = values.firstNoIndex(below: bound) else { return }
        var (lane, position): (Int?, Int) = buffer.isUniform ? (nil, bad) : (bad / buffer.count, bad % buffer.count)
        if case .rows(let rows) = data, let own = rows.parts.firstIndex(where: { $0.contains(bad) }) {
            (lane, position) = (own, bad - rows.parts[own].lowerBound)
        }
        throw .indexOutOfBounds(
            name: name,
            lane: lane,
            position: position,
            value: values[bad], bound: bound)
    }
}

extension Numbers {
    /// The place of the first that is no whole number from 0 to below a bound.
    fileprivate func firstNoIndex(below bound: Int) -> Int? {
        // Written so that a NaN is out of bounds.
        func first<Real: BinaryFloatingPoint>(_ values: [Real], _ limit: Real) -> Int? {
            values.firstIndex { !($0 >= 0 && $0 < limit && $0 == $0.rounded(.towardZero)) }
        }
        return switch self {
        case .float(let values): first(values, Float(bound))
        case .double(let values): first(values, Double(bound))
        case .int(let values): values.firstIndex { $0 < 0 || $0 >= bound }
        }
    }
}
