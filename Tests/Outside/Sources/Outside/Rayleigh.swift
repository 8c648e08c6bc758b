import Lockstep

/// The length of a vector of two normal variates of mean 0 and standard deviation `scale`.
struct Rayleigh: BatchedDistribution {
    let scale: Tensor
    var batch: Batch

    init(_ scale: Tensor) {
        self.scale = scale
        batch = Batch(of: "Rayleigh", [scale])
    }

    var support: Constraint { .positive }
    var parameters: [DistributionParameter] { [.init("scale", scale, .positive)] }

    func logProb(_ value: Tensor) -> Tensor {
        let outside = value .<= 0
        let x = select(outside, 1, value)
        return batch.complete(select(outside, -Double.infinity, log(x) - 2 * log(scale) - 0.5 * square(x / scale)))
    }

    func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        batch.complete(scale * sqrt(-2 * log(source.uniform(shape(sampleShape: sampleShape)))))
    }

    var mean: Tensor { batch.complete(scale * 1.2533141373155003) }
    var variance: Tensor { batch.complete(square(scale) * 0.42920367320510344) }
}
