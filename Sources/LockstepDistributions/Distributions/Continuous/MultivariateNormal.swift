import LockstepTensor

/// The normal distribution of vectors; the last axis is the event.
public struct MultivariateNormal: BatchedDistribution {
    /// The mean: shape `[..., n]`.
    public let loc: Tensor
    /// The lower Cholesky factor of the covariance matrix: shape `[..., n, n]`. What is above its diagonal is not read.
    public let scaleTril: Tensor
    public var batch: Batch

    /// Mean `[..., n]`, and lower Cholesky factor of the covariance `[..., n, n]` with a positive diagonal; the axes before broadcast.
    public init(_ loc: Tensor, scaleTril: Tensor) {
        self.loc = loc
        self.scaleTril = scaleTril
        let shapes = [loc.shape, scaleTril.shape]
        func failed(_ reason: String) -> Batch { Batch(shape: [], failure: TensorError("MultivariateNormal", shapes, reason)) }
        if let failure = loc.failure ?? scaleTril.failure {
            batch = Batch(shape: [], failure: failure)
        } else if loc.rank < 1 || scaleTril.rank < 2 || scaleTril.shape.suffix(2) != [loc.shape[loc.rank - 1], loc.shape[loc.rank - 1]] {
            batch = failed("a mean of n numbers needs a matrix of n by n, each perhaps with axes of a batch before")
        } else if loc.shape[loc.rank - 1] == 0 {
            batch = failed("the mean must be a vector, or a batch of vectors along the last axis")
        } else if let shape = Shapes.broadcast([Array(loc.shape.dropLast()), Array(scaleTril.shape.dropLast(2))]) {
            batch = Batch(shape: shape)
        } else {
            batch = failed("the axes of the batch do not broadcast; they must be equal or 1, aligned at the right")
        }
    }

    /// Mean `[..., n]` and covariance `[..., n, n]`, positive definite, of which the lower triangle is read. Elsewhere densities are NaN.
    public init(_ loc: Tensor, covariance: Tensor) { self.init(loc, scaleTril: cholesky(covariance)) }

    public var eventShape: Shape { failure == nil ? Array(loc.shape.suffix(1)) : [] }
    public var support: Constraint { .independent(.real, axes: 1) }
    public var parameters: [DistributionParameter] {
        [.init("loc", loc, .independent(.real, axes: 1)), .init("scaleTril", scaleTril, .independent(.real, axes: 2))]
    }

    /// -|z|^2 / 2 - sum log L[i, i] - n / 2 log(2 pi), where L z = x - mean.
    public func logProb(_ value: Tensor) -> Tensor {
        if let failure { return .failed(failure) }
        if value.failure != nil { return value }
        guard value.shape.last == eventShape.last else {
            return .failed(
                TensorError("MultivariateNormal", [value.shape, loc.shape], "the last axis of the value must have the length of the mean"))
        }
        let apart = value - loc
        if apart.failure != nil { return apart }
        let z = byColumns(apart) { triangularSolve(scaleTril, $0) }
        let normalizer = log(scaleTril.diagonal).sum(axis: -1) + Density.halfLogTwoPi * Tensor(eventShape[0])
        return batch.complete(-0.5 * (z * z).sum(axis: -1) - normalizer)
    }

    /// mean + L z of standard normal z.
    public func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        if let failure { return .failed(failure) }
        let z = source.normal(shape(sampleShape: sampleShape))
        return batch.complete(loc + byColumns(z) { lowerProduct(scaleTril, $0) }, eventShape: eventShape)
    }

    public var mean: Tensor { failure.map { .failed($0) } ?? batch.complete(loc, eventShape: eventShape) }

    public var variance: Tensor {
        if let failure { return .failed(failure) }
        let lower = scaleTril.tril()
        return batch.complete((lower * lower).sum(axis: -1), eventShape: eventShape)
    }

    /// What a function of columns makes of vectors. Those that share the matrix stand side by side.
    private func byColumns(_ vectors: Tensor, _ function: (Tensor) -> Tensor) -> Tensor {
        if vectors.rank == 1 { return function(vectors) }
        guard scaleTril.rank == 2 else {
            return function(vectors.expandingShape(at: -1)).element(0, axis: -1)
        }
        let n = eventShape[0]
        return function(vectors.reshape([vectors.count / n, n]).transposed).transposed.reshape(vectors.shape)
    }
}
