import Foundation
import Lockstep
import LockstepRuntime
import Testing

/// Expressions much deeper than any stack.
@Suite(.serialized) struct DeepGraphTests {
    static func chain(_ length: Int, _ link: @escaping @Sendable (Tensor) -> Tensor) -> SVI {
        let model = Model { m in
            var value = m.sample("x", Normal(0, 1))
            for _ in 0..<length { value = link(value) }
            m.observe("y", Normal(value, 1), 0.5)
        }
        return SVI(model, guide: AutoDelta(model), optimizer: Adam(learningRate: 0.01))
    }

    @Test func counts() throws {
        for n in [50, 200, 400] {
            let model = Model { m in
                for k in 0..<n { let x = m.sample("x\(k)", Normal(0, 1)); m.observe("y\(k)", Normal(x, 1), 0.5) }
            }
            let e = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01)).explain(steps: 5, lanes: 16, device: .opencl)
            let lines = e.laneProgram.split(separator: "\n")
            let costly = lines.filter { l in ["exp(", "log(", "sqrt(", "divide(", "power("].contains { l.contains($0) } }
            print("COUNT", n, lines.count, costly.count, e.kernels.map(\.utf8.count))
            if n == 50 { print(lines.prefix(300).suffix(60).joined(separator: "\n")) }
        }
    }

    @Test func scratch() throws {
        let environment = ProcessInfo.processInfo.environment
        let n = Int(environment["CHAIN"] ?? "1000") ?? 1000
        let svi = environment["SINE"] == nil ? Self.chain(n) { $0 * 0.999 + 0.001 } : Self.chain(n) { sin($0) }
        let start = Date()
        let device: Device = environment["CPU"] == nil ? .opencl : .cpu
        if environment["EXPLAIN"] != nil {
            let e = try svi.explain(steps: 5, lanes: 4, device: device)
            print("TEXT", e.kernels.map(\.utf8.count))
        }
        print("EXPLAINED", Date().timeIntervalSince(start))
        do {
            let fits = try svi.run(keys: Key(0).split(4), steps: 5, device: device)
            print("TIMES", fits.timings, fits.loss)
        } catch { print("ERROR", "\(error)".prefix(300)) }
        print("ALL", Date().timeIntervalSince(start))
    }
}
