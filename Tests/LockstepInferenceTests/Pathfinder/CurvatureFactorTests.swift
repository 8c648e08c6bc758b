import Foundation
import Lockstep
import Testing

@testable import LockstepInference

/// The product form of the inverse Hessian against the compact form that the paper has (`Tests/Goldens/pathfinder.py`).
@Suite struct CurvatureFactorTests {
    /// Pairs in the last rows of a longer memory, and what is made of them as deterministic sites.
    private static func model(_ count: Int, pairs: Int, memory: Int) -> Model {
        Model { m in
            let (steps, changes) = (m.data("steps", rank: 2), m.data("changes", rank: 2))
            let gradient = m.data("gradient", shape: [count])
            m.sample("a", Normal(0, 1))
            var diagonal = Tensor(repeating: 1, shape: [count])
            for row in 0..<pairs {
                let pair = CurvaturePairs.Pair(step: steps[row], change: changes[row], accepts: Tensor(mask: true), epsilon: 1e-7)
                diagonal = CurvatureFactor.updated(diagonal, pair)
            }
            let products = (steps * changes).sum(axis: 1)
            let missing = memory - pairs
            // What stands in rows without a weight does not count.
            let stale = Tensor(repeating: 3, shape: [missing, count])
            let all = CurvaturePairs(
                steps: .concatenate([stale, steps]), changes: .concatenate([stale, changes]),
                weights: .concatenate([Tensor(repeating: 0, shape: [missing]), 1 / products]), scale: 1)
            let (factor, newton) = CurvatureFactor.of(all, diagonal: diagonal, gradient: gradient)
            let columns = batched(over: .identity(count)) { factor.applied(to: $0) }
            m.deterministic("diagonal", diagonal)
            m.deterministic("inverse", matmul(columns.transposed, columns))
            m.deterministic("newton", newton)
            m.deterministic("logDeterminant", 2 * factor.logDeterminant)
        }
    }

    @Test(arguments: MinimizeTests.Setting.all)
    func isThePapersMatrix(_ setting: MinimizeTests.Setting) throws {
        let golden = try JSONValue.read(Folders.goldens.appendingPathComponent("pathfinder.json"))["oneStep"]
        let rows = { (name: String) in golden[name].elements.map(\.numbers) }
        #expect(rows("steps").count == 4 && rows("inverse").count == 7)
        let model = Self.model(7, pairs: 4, memory: 6)
        var options = RunOptions()
        options.precision = setting.precision
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Resting()).run(
            keys: [Key(0)], steps: 1,
            data: ["steps": .shared(rows("steps")), "changes": .shared(rows("changes")), "gradient": .shared(golden["gradient"].numbers)],
            device: setting.device.device, options: options)
        let tolerance = setting.precision == .double ? 1e-12 : 2e-5
        for name in ["diagonal", "inverse", "newton", "logDeterminant"] {
            // On the device, as a draw is.
            let found = try fits[0].resampled(name, draws: 1)[0]
            let wanted = golden[name].numbers
            #expect(found.count == wanted.count && !wanted.isEmpty)
            let scale = wanted.reduce(1) { max($0, abs($1)) }
            let error = zip(found, wanted).reduce(0) { max($0, abs($1.0 - $1.1)) } / scale
            #expect(error <= tolerance, "\(name): off by \(error)")
        }
    }
}
