import LockstepTensor

/// A flat prior on a support: its log density is 0 inside. Its mass is infinite or unknown, so there are no draws; a
/// guide, or `condition` and `substitute`, must give its site a value.
///
/// `ImproperUniform(.positive)` is a scalar; `ImproperUniform(.real, eventShape: [3])` and
/// `ImproperUniform(.simplex, eventShape: [4])` are vectors.
public struct ImproperUniform: BatchedDistribution {
    public let support: Constraint
    public let eventShape: Shape
    public var batch: Batch

    /// - Parameters:
    ///   - support: continuous. Axes of the event that it does not take itself are taken elementwise.
    ///   - batchShape: of independent copies.
    ///   - eventShape: of one value: for vectors of a joint constraint, `.simplex` and `.ordered` among them, their length.
    public init(_ support: Constraint, batchShape: Shape = [], eventShape: Shape = []) {
        let extra = eventShape.count - support.eventRank
        self.support = extra > 0 ? .independent(support, axes: extra) : support
        self.eventShape = extra >= 0 ? eventShape : []
        let shape = batchShape + eventShape
        let bounds = support.bounds.map(\.value)
        if support.isDiscrete {
            batch = Batch(
                failure: TensorError(
                    "ImproperUniform", [], "values that are \(support) are discrete; a flat prior is on a continuous support"))
        } else if let failure = bounds.lazy.compactMap(\.failure).first {
            batch = Batch(failure: failure)
        } else if extra < 0 {
            batch = Batch(
                failure: TensorError(
                    "ImproperUniform", [eventShape],
                    "a value that is \(support) has \(support.eventRank) axes at least; give eventShape: [...]"))
        } else if !Shapes.isPossible(shape) || eventShape.contains(where: { $0 < 1 }) {
            batch = Batch(failure: TensorError("ImproperUniform", [batchShape, eventShape], "extents must be positive, and not so many"))
        } else if let full = Shapes.broadcast([shape] + bounds.map(\.shape)), Array(full.suffix(eventShape.count)) == eventShape {
            batch = Batch(shape: Array(full.dropLast(eventShape.count)))
        } else {
            batch = Batch(
                failure: TensorError(
                    "ImproperUniform", [shape] + bounds.map(\.shape), "the bounds of the support do not broadcast to batch and event"))
        }
    }

    public var isProper: Bool { false }
    public var hasReparameterizedSample: Bool { false }
    public var parameters: [DistributionParameter] { support.bounds }

    /// 0 inside the support, -infinity outside. Sums of simplices are not tested, nor equal neighbours of ordered vectors:
    /// both may be rounding.
    public func logProb(_ value: Tensor) -> Tensor {
        if let failure { return .failed(failure) }
        guard let outside = support.surelyExcludes(value) else {
            return batch.complete(Tensor(repeating: 0, shape: value.shape.dropLast(eventShape.count)))
        }
        let all = eventShape.isEmpty ? outside : outside.any(Array(-eventShape.count..<0))
        return batch.complete(Density.cut(all, 0))
    }

    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        .failed(failure ?? TensorError("ImproperUniform", [], "a flat prior has no draws; let a guide cover the site, or give it a value"))
    }

    public var mean: Tensor { unknown }
    public var variance: Tensor { unknown }
    private var unknown: Tensor { batch.complete(Tensor(repeating: .nan, shape: eventShape), eventShape: eventShape) }
}

extension Constraint {
    /// The numbers that it depends on.
    package var bounds: [DistributionParameter] {
        switch self {
        case .interval(let lower, let upper), .integerInterval(let lower, let upper):
            [.init("lower bound", lower, .real), .init("upper bound", upper, .greaterThan(lower))]
        case .greaterThan(let lower): [.init("lower bound", lower, .real)]
        case .independent(let base, _): base.bounds
        default: []
        }
    }

    /// Elements that lie outside by more than rounding, as a mask of the value's shape; nil where there are none.
    /// NaN lies outside.
    func surelyExcludes(_ value: Tensor) -> Tensor? {
        switch self {
        case .real: return nil
        case .positive, .nonNegative, .simplex: return .!(0 .<= value)
        case .unitInterval: return .!((0 .<= value) .& (value .<= 1))
        case .greaterThan(let lower): return .!(lower .<= value)
        case .ordered: return falls(value)
        case .positiveOrdered: return .!(0 .<= value) .| falls(value)
        case .independent(let base, _): return base.surelyExcludes(value)
        case .interval, .boolean, .nonNegativeInteger, .integerInterval: return .!check(value)
        }
    }

    /// Where an element is below its left neighbour; the first one is where it is not a number.
    private func falls(_ value: Tensor) -> Tensor {
        if value.failure != nil { return value }
        guard let extent = value.shape.last, extent > 0 else {
            return .failed(TensorError("ordered", [value.shape], "a vector is needed"))
        }
        let first = value.slice(axis: -1, 0..<1)
        let before = Tensor.concatenate([first, value.slice(axis: -1, 0..<(extent - 1))], axis: -1)
        return .!(before .<= value)
    }
}
