import LockstepTensor

extension Constraint {
    /// Whether values that the host knows fulfil the constraint; nil where its bounds are not known on the host.
    ///
    /// - Parameters:
    ///   - values: row-major; a single value may fill the shape.
    package func admits(_ values: [Double], shape: Shape) -> Bool? {
        switch self {
        case .real: return values.allSatisfy(\.isFinite)
        case .positive: return values.allSatisfy { $0 > 0 }
        case .nonNegative: return values.allSatisfy { $0 >= 0 }
        case .unitInterval: return values.allSatisfy { $0 >= 0 && $0 <= 1 }
        case .interval(let lower, let upper):
            return Self.compare(values, shape, [lower, upper]) { $1[0] <= $0 && $0 <= $1[1] }
        case .greaterThan(let lower):
            return Self.compare(values, shape, [lower]) { $1[0] < $0 }
        case .simplex:
            return Self.rows(values, shape).allSatisfy { row in
                row.allSatisfy { $0 >= 0 } && Swift.abs(row.reduce(0, +) - 1) < Self.simplexTolerance
            }
        case .ordered: return Self.rows(values, shape).allSatisfy(Self.increases)
        case .positiveOrdered:
            return values.allSatisfy { $0 > 0 } && Self.rows(values, shape).allSatisfy(Self.increases)
        case .boolean: return values.allSatisfy { $0 == 0 || $0 == 1 }
        case .nonNegativeInteger: return values.allSatisfy { $0 >= 0 && $0 == $0.rounded() }
        case .integerInterval(let lower, let upper):
            return Self.compare(values, shape, [lower, upper]) { $1[0] <= $0 && $0 <= $1[1] && $0 == $0.rounded() }
        case .independent(let base, _): return base.admits(values, shape: shape)
        }
    }

    /// Tests each value against the bounds next to it, when those are literals.
    private static func compare(
        _ values: [Double], _ shape: Shape, _ bounds: [Tensor], _ test: (Double, [Double]) -> Bool
    ) -> Bool? {
        var known: [[Double]] = []
        for bound in bounds {
            guard bound.failure == nil, case .literal(let literal) = bound.node.op,
                literal.count == 1 || values.count == 1 || bound.shape == shape
            else { return nil }
            known.append(literal)
        }
        let count = (known.map(\.count) + [values.count]).max() ?? 0
        func element(_ list: [Double], _ index: Int) -> Double { list.count == 1 ? list[0] : list[index] }
        guard !values.isEmpty, known.allSatisfy({ $0.count == 1 || $0.count == count }) else { return nil }
        return (0..<count).allSatisfy { index in test(element(values, index), known.map { element($0, index) }) }
    }

    private static func rows(_ values: [Double], _ shape: Shape) -> [ArraySlice<Double>] {
        guard let extent = shape.last, extent > 0 else { return [values[...]] }
        if values.count == 1 { return [ArraySlice(repeating: values[0], count: extent)] }
        return stride(from: 0, to: values.count, by: extent).map { values[$0..<Swift.min($0 + extent, values.count)] }
    }

    private static func increases(_ row: ArraySlice<Double>) -> Bool {
        zip(row, row.dropFirst()).allSatisfy { $0 < $1 }
    }
}
