// The code of the article "Matrices".

import Foundation
import Lockstep

/// Numbers between -1 and 1 that are nothing in particular.
func noise(_ place: Int) -> Double { sin(12.9898 * Double(place)) * cos(78.233 * Double(place) + 1) }
let places = (0..<40).map { 0.15 * Double($0) }
let heights = places.enumerated().map { 1.5 * sin($1) + 0.3 * noise($0) }

// snippet.process
let process = Model { m in
    let (x, y) = (m.data("x", rank: 1), m.data("y", rank: 1))
    let length = m.sample("length", LogNormal(0, 0.5))
    let spread = m.sample("spread", HalfNormal(2))
    let noise = m.sample("noise", HalfNormal(1))
    let apart = (x.expandingShape(at: -1) - x) / length
    let covariance = spread * spread * exp(-0.5 * apart * apart) + (noise * noise + 1e-4) * Tensor.identity(x.count)
    m.observe("obs", MultivariateNormal(Tensor(repeating: 0, shape: [x.count]), covariance: covariance), y)
}
let data: [String: LaneData] = ["x": .shared(places), "y": .shared(heights)]
let fits = try SVI(process, guide: AutoNormal(process), optimizer: Adam(learningRate: .cosine(from: 0.05)))
    .run(keys: Key(0).split(16), steps: 600, data: data)
print(try fits.best.summary())
// snippet.end
expect(fits.status.allSatisfy { $0 == .finished })
expect(try (0.8..<3).contains(fits.best.mean("length")[0]), "the length is \(try fits.best.mean("length"))")
expect(try (0.1..<0.3).contains(fits.best.mean("noise")[0]), "the noise is \(try fits.best.mean("noise"))")

// snippet.correlated
let line = Model { m in
    let (x, y) = (m.data("x", rank: 1), m.data("y", rank: 1))
    let w = m.sample("w", Normal(0, 10), shape: [2])
    m.plate("points", y.count) { m in m.observe("obs", Normal(w[0] + w[1] * x, 0.5), y) }
}
// A guide that knows that a steeper line begins lower.
let guide = Model { m in
    let loc = m.param("loc", Tensor([0, 0]))
    let scale = m.param("scale", Tensor.identity(2))
    m.sample("w", MultivariateNormal(loc, scaleTril: scale.tril(-1) + exp(scale.diagonal - 2).asDiagonal))
}
// snippet.end

let lines = try SVI(line, guide: guide, optimizer: Adam(learningRate: .cosine(from: 0.05)))
    .run(keys: Key(1).split(16), steps: 800, data: data)
let found = try lines.best.sample(2000)["w"]!.values
let (first, second) = (stride(from: 0, to: 4000, by: 2).map { found[$0] }, stride(from: 1, to: 4000, by: 2).map { found[$0] })
let means = (first.reduce(0, +) / 2000, second.reduce(0, +) / 2000)
func product(_ a: [Double], _ b: [Double], _ centres: (Double, Double)) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - centres.0) * ($1.1 - centres.1) }
}
let correlation =
    product(first, second, means)
    / (product(first, first, (means.0, means.0)) * product(second, second, (means.1, means.1))).squareRoot()
// -mean(x) / root of mean(x^2), but for the priors.
expect(abs(correlation + 0.86) < 0.06, "the correlation is \(correlation)")

/// Ends the program where the article says what is not so.
func expect(_ holds: Bool, _ what: String = "", line: Int = #line) {
    precondition(holds, "line \(line): \(what)")
}
