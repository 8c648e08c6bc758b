import Foundation
import Lockstep
import LockstepExamples
import Testing

@Test func first() throws {
    let dir = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Benchmarks/data")
    for (name, file, lanes, steps) in [("eight-schools", "", 4096, 2000), ("logistic", "logistic", 256, 1000), ("gmm", "gmm", 256, 1000), ("radon", "radon", 256, 1000)] {
        let problem = try Example.named(name)!.problem(file.isEmpty ? nil : Table(path: dir.appendingPathComponent(file + ".csv").path))
        let svi = SVI(problem.model, guide: AutoNormal(problem.guided), optimizer: Adam(learningRate: 0.01))
        for device in [Device.opencl, .cpu] {
            let fits = try svi.run(keys: Key(0).split(lanes), steps: steps, data: problem.data, device: device)
            let mean = fits.loss.reduce(0, +) / Double(lanes)
            let sorted = fits.loss.sorted()
            print(name, fits.deviceName, "mean", mean, "min", sorted[0], "q10", sorted[lanes / 10], "median", sorted[lanes / 2], fits.timings, "rate", Double(lanes * steps) / fits.timings.run, Set(fits.status.map { "\($0)" }))
        }
    }
}
