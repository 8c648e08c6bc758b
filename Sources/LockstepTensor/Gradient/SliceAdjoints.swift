/// What the slices of one tensor contribute to its derivative: blocks that are put together in one go, since each alone
/// would be as long as the tensor.
struct SliceAdjoints {
    private struct Place: Hashable {
        let starts: [Int]
        let shape: Shape
    }

    private var places: [Place: Int] = [:]
    private var parts: [(place: Place, adjoint: Adjoint)] = []

    /// - Parameters:
    ///   - adjoint: of the slice.
    ///   - starts: where in the tensor it lies.
    mutating func add(_ adjoint: Adjoint, _ starts: [Int], _ shape: Shape) {
        let place = Place(starts: starts, shape: shape)
        if let known = places[place] {
            parts[known].adjoint = parts[known].adjoint + adjoint
        } else {
            places[place] = parts.count
            parts.append((place, adjoint))
        }
    }

    /// - Parameter isSingular: whether a derivative at or below the tensor may be infinite at finite values.
    func assembled(_ shape: Shape, isSingular: Bool) -> Adjoint {
        // Elements that nothing reads may be anything.
        var sum = Adjoint(value: 0, isStrict: false)
        sum.isUnbounded = parts.contains { $0.adjoint.isUnbounded }
        let values = parts.map(\.adjoint.derivative)
        if let failed = values.first(where: { $0.failure != nil }) {
            sum.value = failed
            return sum
        }
        sum.value = Assembly.sum(zip(parts, values).map { ($0.place.starts, $1) }, shape)
        sum.mask = mask(shape, isSingular: isSingular)
        return sum
    }

    /// Where any slice counts; nil for everywhere.
    private func mask(_ shape: Shape, isSingular: Bool) -> Tensor? {
        // What is in no slice is excluded too, unless that would be long to write.
        guard parts.allSatisfy({ $0.adjoint.mask != nil }) || (isSingular && shape.elementCount <= Tensor.mostKnown) else { return nil }
        let masks = parts.map { ($0.place.starts, $0.adjoint.mask ?? .everywhere($0.place.shape)) }
        if shape.elementCount <= Tensor.mostKnown {
            let known = masks.compactMap { $1.knownValues(depth: 3) }
            if known.count == masks.count { return .known(Self.union(zip(parts, known).map { ($0.place, $1) }, shape), shape) }
        }
        return 0 .< Assembly.sum(masks.map { ($0, $1.asReal) }, shape)
    }

    private static func union(_ masks: [(place: Place, values: [Double])], _ shape: Shape) -> [Double] {
        let strides = Shapes.strides(shape)
        var result = [Double](repeating: 0, count: shape.elementCount)
        for (place, values) in masks {
            let own = Shapes.strides(place.shape)
            for (number, value) in values.enumerated() where value != 0 {
                let target = shape.indices.reduce(0) { $0 + (place.starts[$1] + number / own[$1] % place.shape[$1]) * strides[$1] }
                result[target] = 1
            }
        }
        return result
    }
}
