import LockstepDistributions
import LockstepModel
import LockstepTensor
import TestSupport

/// Models with sites in a recurrence: by `scan`, and with the steps one after the other, each with sites of its own.
struct StepSiteCase: Sendable, CustomStringConvertible {
    /// Of a step; the last argument gives the names of its sites.
    typealias Step = (inout ModelContext, [Tensor], [Tensor], _ named: @escaping (String) -> String) -> ([Tensor], [Tensor])
    typealias Recurrence = (
        inout ModelContext, _ name: String, _ rows: [Tensor], _ carries: [Tensor], _ isReversed: Bool, _ named: @escaping (String) -> String, Step
    ) -> ScanResult

    let description: String
    /// Of values of latents, time in front, and how many of the axes are time.
    let latents: [(name: String, shape: Shape, times: Int)]
    /// The latents are positive.
    let isPositive: Bool
    let body: @Sendable (inout ModelContext, @escaping Recurrence) -> Void

    init(
        _ description: String, _ latents: [(name: String, shape: Shape, times: Int)], isPositive: Bool = false,
        _ body: @escaping @Sendable (inout ModelContext, @escaping Recurrence) -> Void
    ) {
        (self.description, self.latents, self.isPositive, self.body) = (description, latents, isPositive, body)
    }

    static let names = all.map(\.description)
    static func named(_ name: String) -> StepSiteCase? { all.first { $0.description == name } }

    // MARK: Both ways

    private static func scanned(
        _ m: inout ModelContext, _ name: String, _ rows: [Tensor], _ carries: [Tensor], _ isReversed: Bool,
        _ named: @escaping (String) -> String, _ step: Step
    ) -> ScanResult {
        m.scan(name, over: rows, from: carries, isReversed: isReversed) { m, carries, rows in step(&m, carries, rows) { named($0) } }
    }

    private static func writtenOut(
        _ m: inout ModelContext, _ name: String, _ rows: [Tensor], _ carries: [Tensor], _ isReversed: Bool,
        _ named: @escaping (String) -> String, _ step: Step
    ) -> ScanResult {
        let length = rows[0].shape[0]
        var carries = carries
        var outputs = [[Tensor]](repeating: [], count: length)
        for turn in 0..<length {
            let time = isReversed ? length - 1 - turn : turn
            (carries, outputs[time]) = step(&m, carries, rows.map { $0.element(time) }) { "\(named($0))_\(time)" }
        }
        return ScanResult(carries: carries, outputs: outputs[0].indices.map { number in .stack(outputs.map { $0[number] }) })
    }

    var scanned: Model { Model { [body] m in body(&m, Self.scanned) } }
    var writtenOut: Model { Model { [body] m in body(&m, Self.writtenOut) } }

    // MARK: At values

    static let origin = Origin()

    /// Values by name, inside of the support.
    var point: [String: [Double]] {
        var random = SplitMix64(seed: 11)
        var point = Dictionary(
            uniqueKeysWithValues: latents.map { latent in
                (latent.name, (0..<latent.shape.elementCount).map { _ in Double.random(in: isPositive ? 0.3...2 : -1.5...1.5, using: &random) })
            })
        point["y"] = (0..<24).map { _ in Double.random(in: 0...2, using: &random).rounded() }
        point["x"] = (0..<24).map { _ in Double.random(in: -1...1, using: &random) }
        return point
    }

    /// The log density and its gradient by the latents.
    func tensors(_ model: Model, writtenOut isWrittenOut: Bool) throws -> (trace: Trace, values: [Tensor], inputs: [Tensor]) {
        let inputs: [Tensor] = latents.map { .input(Input(.data, $0.name, origin: Self.origin), shape: $0.shape) }
        var values: [String: Tensor] = [:]
        for (latent, input) in zip(latents, inputs) {
            if isWrittenOut {
                for index in Self.indices(Array(latent.shape.prefix(latent.times))) {
                    let element = index.reduce(input) { $0.element($1) }
                    values[index.reduce(latent.name) { "\($0)_\($1)" }] = element
                }
            } else {
                values[latent.name] = input
            }
        }
        let trace = try model.substitute(values).trace(TraceRun(origin: Self.origin))
        return (trace, [trace.logJoint] + Gradient.of(trace.logJoint, withRespectTo: inputs), inputs)
    }

    /// The largest distance between numbers, relative to the larger of the second and 1; infinite where something is missing.
    static func distance(_ a: [Double], _ b: [Double]) -> Double {
        guard a.count == b.count, !a.isEmpty else { return .infinity }
        return zip(a, b).map { ($0 - $1).isNaN ? .infinity : abs($0 - $1) / max(abs($1), 1) }.max() ?? .infinity
    }

    static func indices(_ shape: Shape) -> [[Int]] {
        shape.reduce([[]]) { found, extent in found.flatMap { index in (0..<extent).map { index + [$0] } } }
    }

    // MARK: Cases

    static let all: [StepSiteCase] = [
        StepSiteCase("local level", [("level", [6], 1), ("sigma", [], 0)], isPositive: true) { m, recur in
            let y = m.data("y", shape: [24])[..<6]
            let sigma = m.sample("sigma", HalfNormal(1))
            _ = recur(&m, "t", [y], [0], false, { $0 }) { m, carries, rows, name in
                let next = m.sample(name("level"), Normal(carries[0], sigma))
                m.observe(name("obs"), Normal(next, 0.5), rows[0])
                return ([next], [])
            }
        },
        // Two carried, two rows, an output that others use.
        StepSiteCase("outputs", [("z", [5], 1), ("phi", [2], 0)]) { m, recur in
            let (x, y) = (m.data("x", shape: [24]), m.data("y", shape: [24]))
            let phi = m.sample("phi", Normal(0, 0.5), shape: [2])
            let result = recur(&m, "t", [x[..<5], y[..<5]], [0.3, -0.2], false, { $0 }) { m, carries, rows, name in
                let mean = phi[0] * carries[0] + phi[1] * carries[1] + rows[0]
                let next = mean + 0.5 * m.sample(name("z"), StudentT(5, 0, 1))
                return ([next, carries[0]], [next * rows[1], exp(next)])
            }
            m.plate("days", 5) { m in m.observe("later", Normal(result.outputs[0], exp(0.1 * result.outputs[1])), y[5..<10]) }
            m.factor("end", -result.carries[0] * result.carries[1])
        },
        StepSiteCase("from the last", [("level", [5], 1)]) { m, recur in
            let x = m.data("x", shape: [24])[..<5]
            _ = recur(&m, "t", [x], [0.7], true, { $0 }) { m, carries, rows, name in
                let next = m.sample(name("level"), Normal(0.8 * carries[0] + rows[0], 1))
                return ([next], [])
            }
        },
        StepSiteCase("a plate around", [("level", [4, 3], 1)]) { m, recur in
            let y = m.data("y", shape: [24])[..<12].reshape([4, 3])
            m.plate("units", 3) { m in
                _ = recur(&m, "t", [y], [Tensor([0.1, 0.2, 0.3])], false, { $0 }) { m, carries, rows, name in
                    let next = m.sample(name("level"), Normal(carries[0], 0.7))
                    m.observe(name("obs"), Poisson(exp(0.5 * next)), rows[0])
                    return ([next], [])
                }
            }
        },
        StepSiteCase("plates inside", [("level", [4], 1), ("unit", [4, 3, 2], 1)]) { m, recur in
            let x = m.data("x", shape: [24]).reshape([4, 3, 2])
            _ = recur(&m, "t", [x], [0], false, { $0 }) { m, carries, rows, name in
                let level = m.sample(name("level"), Normal(carries[0], 1))
                m.plate("units", 3, dim: -2) { m in
                    m.plate("parts", 2, dim: -1) { m in
                        let unit = m.sample(name("unit"), Normal(level, 0.5))
                        m.observe(name("obs"), Normal(unit, Tensor([0.5, 0.25])), rows[0])
                    }
                }
                return ([level], [])
            }
        },
        // Hours of days: each day starts where the one before ended.
        StepSiteCase("within each other", [("day", [3], 1), ("hour", [3, 4], 2)]) { m, recur in
            let x = m.data("x", shape: [24])[..<12].reshape([3, 4])
            _ = recur(&m, "days", [x], [0.2], false, { $0 }) { m, carries, rows, name in
                let day = m.sample(name("day"), Normal(carries[0], 0.5))
                let hours = recur(&m, "hours", [rows[0]], [day], false, name) { m, carries, rows, name in
                    let hour = m.sample(name("hour"), Normal(0.9 * carries[0], exp(0.1 * day)))
                    m.observe(name("obs"), Normal(hour, 0.5), rows[0])
                    return ([hour], [])
                }
                return ([hours.carries[0]], [])
            }
        },
        StepSiteCase("weights", [("level", [4, 2], 1)]) { m, recur in
            let x = m.data("x", shape: [24])[..<8].reshape([4, 2])
            m.plate("units", 2) { m in
                m.scale(Tensor([0.5, 2])) { m in
                    _ = recur(&m, "t", [x], [Tensor(repeating: 0, shape: [2])], false, { $0 }) { m, carries, rows, name in
                        let level = m.scale(0.3) { m in m.sample(name("level"), Normal(carries[0], 1)) }
                        m.mask(0 .< rows[0]) { m in m.observe(name("obs"), Normal(level, 0.5), rows[0]) }
                        m.mask(level .< 1) { m in m.factor(name("bonus"), -0.1 * level * rows[0]) }
                        return ([level], [])
                    }
                }
            }
        },
        StepSiteCase("vectors", [("state", [4, 2], 1)]) { m, recur in
            let x = m.data("x", shape: [24])[..<4]
            let turn = Tensor([0.9, 0.3, -0.2, 0.8], shape: [2, 2])
            _ = recur(&m, "t", [x], [Tensor([1, 0])], false, { $0 }) { m, carries, rows, name in
                let mean = matmul(turn, carries[0])
                let state = m.sample(name("state"), MultivariateNormal(mean, scaleTril: Tensor([0.5, 0, 0.2, 0.4], shape: [2, 2])))
                m.observe(name("obs"), Normal(state[0], 0.5), rows[0])
                return ([state], [])
            }
        },
        // Each rate has the one before as its mean; rows choose who is seen.
        StepSiteCase("gamma walk", [("rate", [5], 1), ("skill", [3], 0)], isPositive: true) { m, recur in
            let y = m.data("y", shape: [24])[..<5]
            let who = Tensor(integers: [2, 0, 1, 1, 0])
            let skill = m.plate("players", 3) { m in m.sample("skill", Gamma(2, 2)) }
            _ = recur(&m, "t", [y, who], [1], false, { $0 }) { m, carries, rows, name in
                let rate = m.sample(name("rate"), Gamma(3, 3 / carries[0]))
                m.observe(name("obs"), Poisson(rate * skill.gather(rows[1])), rows[0])
                return ([rate], [])
            }
        },
        StepSiteCase("one step", [("level", [1], 1)]) { m, recur in
            _ = recur(&m, "t", [m.data("x", shape: [24])[..<1]], [0.5], false, { $0 }) { m, carries, rows, name in
                let level = m.sample(name("level"), Normal(carries[0] * rows[0], 1))
                return ([level], [])
            }
        },
        // Nothing is carried from site to site.
        StepSiteCase("independent steps", [("level", [4], 1)]) { m, recur in
            _ = recur(&m, "t", [m.data("x", shape: [24])[..<4]], [], false, { $0 }) { m, carries, rows, name in
                let level = m.sample(name("level"), Normal(rows[0], 1))
                m.observe(name("obs"), Normal(level * level, 1), 0.25)
                return ([], [level])
            }
        },
    ]
}
