import LockstepTensor

/// All mass on one point.
public struct Delta: BatchedDistribution {
    /// Shape `batch + event`.
    public let value: Tensor
    /// What `logProb` is at the point; 0 unless the point itself came from a change of variables.
    public let logDensity: Tensor
    public let eventShape: Shape
    public var batch: Batch

    /// - Parameters:
    ///   - value: the point, of shape batch + event.
    ///   - logDensity: what `logProb` is there; broadcasts to the batch.
    ///   - eventRank: how many rightmost axes of the value are the event.
    public init(_ value: Tensor, logDensity: Tensor = 0, eventRank: Int = 0) {
        self.value = value
        self.logDensity = logDensity
        guard (0...value.rank).contains(eventRank) else {
            eventShape = []
            batch = Batch(failure: value.failure ?? TensorError("Delta", [value.shape], "the value does not have \(eventRank) axes for the event"))
            return
        }
        eventShape = Array(value.shape.suffix(eventRank))
        let batchShape = Array(value.shape.dropLast(eventRank))
        if let failure = value.failure ?? logDensity.failure {
            batch = Batch(failure: failure)
        } else if let shape = Shapes.broadcast([batchShape, logDensity.shape]) {
            batch = Batch(shape: shape)
        } else {
            batch = Batch(
                failure: TensorError("Delta", [batchShape, logDensity.shape], "the log density does not broadcast with the batch of the value"))
        }
    }

    public var support: Constraint {
        eventShape.isEmpty ? .real : .independent(.real, axes: eventShape.count)
    }
    public var parameters: [DistributionParameter] {
        [.init("value", value, support), .init("logDensity", logDensity, .real)]
    }

    /// `logDensity` at the point, -infinity elsewhere.
    public func logProb(_ value: Tensor) -> Tensor {
        let hit = batch.complete(value .== self.value, eventShape: eventShape)
        if hit.failure != nil { return hit }
        let all = eventShape.isEmpty ? hit : hit.all(Array(-eventShape.count..<0))
        return batch.complete(select(all, logDensity, -Density.infinity))
    }

    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        if let failure { return .failed(failure) }
        return value.broadcast(to: shape(sampleShape: sampleShape))
    }

    public var mean: Tensor { batch.complete(value, eventShape: eventShape) }
    public var variance: Tensor { batch.complete(Tensor(repeating: 0, shape: eventShape), eventShape: eventShape) }
}
