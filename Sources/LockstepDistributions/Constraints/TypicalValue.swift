import LockstepTensor

extension Constraint {
    /// A value inside that is not special to any density: exponents that follow from it are not 0, say.
    package func typicalValue(_ shape: Shape) -> Tensor {
        switch self {
        case .real, .boolean, .nonNegativeInteger: Tensor(repeating: 0.31, shape: shape)
        case .positive, .nonNegative: Tensor(repeating: 1.62, shape: shape)
        case .unitInterval: Tensor(repeating: 0.37, shape: shape)
        case .interval(let lower, let upper), .integerInterval(let lower, let upper): (lower + 0.37 * (upper - lower)).broadcast(to: shape)
        case .greaterThan(let lower): (lower + 1.62).broadcast(to: shape)
        case .simplex: Tensor(repeating: 1 / Double(Swift.max(shape.last ?? 1, 1)), shape: shape)
        case .ordered, .positiveOrdered: (Tensor.iota(shape.last ?? 1).asReal + 0.31).broadcast(to: shape)
        case .independent(let base, _): base.typicalValue(shape)
        }
    }
}
