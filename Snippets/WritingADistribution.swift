// The code of the article "Writing a distribution".

import Lockstep

// snippet.distribution
/// The length of a vector of two normal variates of mean 0 and standard deviation `scale`.
struct Rayleigh: BatchedDistribution {
    let scale: Tensor
    var batch: Batch

    init(_ scale: Tensor = 1) {
        self.scale = scale
        batch = Batch(of: "Rayleigh", [scale])
    }

    var support: Constraint { .positive }
    var parameters: [DistributionParameter] { [.init("scale", scale, .positive)] }

    /// log(x) - 2 log(scale) - (x / scale)^2 / 2, for x > 0.
    func logProb(_ value: Tensor) -> Tensor {
        let outside = value .<= 0
        let x = select(outside, 1, value)
        let inside = log(x) - 2 * log(scale) - 0.5 * square(x / scale)
        return batch.complete(select(outside, -Double.infinity, inside))
    }

    func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        batch.complete(scale * sqrt(-2 * log(source.uniform(shape(sampleShape: sampleShape)))))
    }

    /// scale sqrt(pi / 2).
    var mean: Tensor { batch.complete(scale * 1.2533141373155003) }
    /// scale^2 (4 - pi) / 2.
    var variance: Tensor { batch.complete(square(scale) * 0.42920367320510344) }

    func cdf(_ value: Tensor) -> Tensor? {
        batch.complete(-expMinusOne(-0.5 * square(pointwiseMax(value, 0) / scale)))
    }
    func icdf(_ probability: Tensor) -> Tensor? {
        batch.complete(scale * sqrt(-2 * log(onePlus: -probability)))
    }
}
// snippet.end

// snippet.use
let speeds: [Double] = [3.1, 5.9, 4.2, 1.8, 7.4, 2.6]
let wind = Model { m in
    let y = m.data("speed")
    let scale = m.sample("scale", HalfNormal(10))
    m.plate("hours", y.count) { m in m.observe("obs", Rayleigh(scale), y) }
}
let fits = try SVI(wind, guide: AutoNormal(wind), optimizer: Adam(learningRate: .cosine(from: 0.05)))
    .run(keys: Key(0).split(16), steps: 2000, data: ["speed": .shared(speeds)])
print(try fits.best.quantiles("scale", [0.05, 0.5, 0.95]))
// snippet.end
// The scale at which the density of the speeds is largest.
let mode = (speeds.reduce(0) { $0 + $1 * $1 } / 12).squareRoot()
expect(abs(try fits.best.median("scale")[0] - mode) < 0.5)

// snippet.draws
let prior = Model { m in
    m.plate("draws", 4) { m in m.sample("r", Rayleigh([0.5, 1, 2, 4])) }
}
// A model that observes nothing is its own guide: the statistics of the fit are those of draws from the distribution.
let drawn = try SVI(prior, guide: prior, optimizer: SGD()).run(keys: [Key(0)], steps: 1)
print(try drawn.best.mean("r"))
// snippet.end
let means = try drawn.best.mean("r")
expect(zip(means, [0.5, 1, 2, 4]).allSatisfy { abs($0 / $1 - 1.2533) < 0.05 })

/// Snippets are run, and end badly where a result is not as it should be.
func expect(_ holds: Bool, _ what: String = "", line: Int = #line) {
    precondition(holds, "line \(line): \(what)")
}
