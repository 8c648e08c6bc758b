import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// `gp_pois_regr` of posteriordb in single precision, its Cholesky written out: where two points' correlation rounds to 1
/// a pivot is the root of a negative number.
@Suite struct GaussianProcessTests {
    static let isThere = Folders.shared != nil

    static func model(_ x: [Double]) -> Model {
        let count = x.count
        return Model { m in
            let rho = m.sample("rho", Gamma(25, 4))
            let alpha = m.sample("alpha", HalfNormal(2))
            let base = m.sample("f_tilde", Normal(Tensor(repeating: 0, shape: [count]), 1).toEvent(1))
            let variance = alpha * alpha
            var rows: [[Tensor]] = []
            for i in 0..<count {
                var row: [Tensor] = []
                for j in 0...i {
                    let distance = x[i] - x[j]
                    var rest = i == j ? variance + 1e-10 : variance * exp(Tensor(-0.5 * distance * distance) / (rho * rho))
                    for k in 0..<j { rest = rest - row[k] * (j == i ? row[k] : rows[j][k]) }
                    row.append(j == i ? sqrt(rest) : rest / rows[j][j])
                }
                rows.append(row)
            }
            let f = m.deterministic(
                "f", .stack(rows.map { row in row.indices.map { row[$0] * base[$0] }.dropFirst().reduce(row[0] * base[0], +) }))
            m.plate("points", count) { m in m.observe("k", Poisson(exp(f)), m.data("k", shape: [count])) }
        }
    }

    @Test(.enabled(if: isThere, "posteriordb is not next to the repository"), arguments: TestDevice.all)
    func theBestHasFiniteDraws(_ device: TestDevice) throws {
        let folder = try #require(Folders.shared).appendingPathComponent("posteriordb")
        let data = try JSONValue.read(folder.appendingPathComponent("gp_pois_regr.json"))
        let model = Self.model(data["x"].numbers)
        let lanes = device.isInterpreter ? 16 : 64
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01))
            .run(keys: Key(0).split(lanes), steps: 2000, data: ["k": .shared(data["k"].numbers)], device: device.device)
        let best = fits.best
        print(
            "gp_pois_regr on \(device.testDescription): lane \(best.lane), ELBO \(best.elbo) +- \(best.elboError), "
                + "refused \(fits.refusedLosses.reduce(0, +)), lanes with draws that are not finite "
                + "\(fits.nonFiniteDraws.filter { $0 > 0 }.count) of \(lanes)")
        #expect(best.status == .finished && best.nonFiniteDraws == 0)
        for (site, values) in try best.sample(200) { #expect(values.values.allSatisfy { $0.isFinite }, "\(site)") }
        #expect(try best.summary().allSatisfy { $0.mean.isFinite && $0.sd.isFinite })
    }
}
