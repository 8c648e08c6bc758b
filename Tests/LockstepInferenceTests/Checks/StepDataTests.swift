import Lockstep
import Testing

@testable import LockstepInference

/// Data that the steps of a scan go over are held against what the sites in it use them for.
@Suite struct StepDataTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let data: [String: LaneData]
        /// Parts of the error; empty where there is none.
        let parts: [String]
        let model: Model

        init(_ testDescription: String, _ data: [String: LaneData], _ parts: [String], _ body: @escaping @Sendable (inout ModelContext) -> Void) {
            (self.testDescription, self.data, self.parts, model) = (testDescription, data, parts, Model(body))
        }
    }

    static let good: LaneData = .shared([0.5, 1, 2, 1])
    static let missing: LaneData = .shared([0.5, .nan, 2, 1])

    static let missingInOne: LaneData = .perLane([[0.5, 1, 2, 1], [0.5, 1, .nan, 1], [1, 1, 1, 1]])

    /// A local level, whose observations are written by `see`.
    static func level(
        _ testDescription: String, _ y: LaneData, _ parts: [String],
        _ see: @escaping @Sendable (inout ModelContext, _ level: Tensor, _ y: Tensor) -> Void
    ) -> Case {
        Case(testDescription, ["y": y], parts) { m in
            m.scan("t", over: m.data("y", shape: [4]), from: 0) { m, level, y in
                let next = m.sample("level", Normal(level, 1))
                see(&m, next, y)
                return next
            }
        }
    }

    static let cases: [Case] = [
        level("good", good, []) { m, level, y in m.observe("obs", Normal(level, 1), y) },
        level("missing", missing, ["'y'", "is NaN at position 1", "site 'obs'"]) { m, level, y in m.observe("obs", Normal(level, 1), y) },
        level("missing in one lane", missingInOne, ["position 2 of lane 1", "site 'obs'"]) { m, level, y in
            m.observe("obs", Normal(level, 1), y)
        },
        level("missing under a mask", missing, []) { m, level, y in m.mask(y.isFinite) { m in m.observe("obs", Normal(level, 1), y) } },
        level("missing by comparison", missing, []) { m, level, y in m.mask(y .> -100) { m in m.observe("obs", Normal(level, 1), y) } },
        level("missing under a weight", missing, []) { m, level, y in
            m.scale(select(y.isFinite, 2, 0)) { m in m.observe("obs", Normal(level, 1), y) }
        },
        level("missing in a factor", missing, ["'y'", "position 1", "site 'bonus'"]) { m, level, y in m.factor("bonus", -level * y) },
        level("not a count", .shared([1, -2, 3, 1]), ["site 'obs'", "Poisson is -2 at position 1", "'y'"]) { m, level, y in
            m.observe("obs", Poisson(exp(level)), y)
        },
        level("a wrong scale", .shared([1, 2, 0, 1]), ["site 'obs'", "scale of Normal is 0 at position 2", "'y'"]) { m, level, y in
            m.observe("obs", Normal(level, y), 0.5)
        },
        Case("missing under a mask around", ["y": missing], []) { m in
            let y = m.data("y", shape: [4])
            m.mask(y.isFinite) { m in
                m.scan("t", over: y, from: 0) { m, level, y in
                    let next = m.sample("level", Normal(level, 1))
                    m.observe("obs", Normal(next, 1), y)
                    return next
                }
            }
        },
        // A mask of what is seen does not help where it is carried.
        Case("missing and carried", ["y": missing], ["'y'", "position 1", "site 'obs'"]) { m in
            let phi = m.sample("phi", Normal(0, 1))
            m.scan("t", over: m.data("y", shape: [4]), from: 0) { m, before, y in
                m.mask(y.isFinite) { m in m.observe("obs", Normal(phi * before, 1), y) }
                return y
            }
        },
        // Carried only as far as where it is replaced.
        Case("missing, and replaced before it is carried", ["y": missing], []) { m in
            let phi = m.sample("phi", Normal(0, 1))
            m.scan("t", over: m.data("y", shape: [4]), from: 0) { m, before, y in
                m.mask(y.isFinite) { m in m.observe("obs", Normal(phi * before, 1), y) }
                return select(y.isFinite, y, before)
            }
        },
        Case("an index", ["who": .shared([0, 1, 3, 2])], ["site 'obs'", "an index is 3 at position 2", "0 ..< 3", "'who'"]) { m in
            let skill = m.plate("players", 3) { m in m.sample("skill", Normal(0, 1)) }
            m.scan("t", over: m.indices("who", shape: [4]), from: 0) { m, carry, who in
                m.observe("obs", Normal(skill.gather(who), 1), 0.5)
                return carry
            }
        },
        Case("within each other", ["y": .shared([1, 2, 3, .nan, 5, 6], shape: [2, 3])], ["'y'", "position 3", "site 'obs'"]) { m in
            m.scan("t", over: m.data("y", shape: [2, 3]), from: 0) { m, level, y in
                m.scan("s", over: y, from: level) { m, level, y in
                    let next = m.sample("level", Normal(level, 1))
                    m.observe("obs", Normal(next, 1), y)
                    return next
                }
            }
        },
    ]

    @Test(arguments: cases, TestDevice.all) func isSeen(_ one: Case, _ device: TestDevice) throws {
        let svi = SVI(one.model, guide: AutoNormal(one.model), optimizer: Adam(learningRate: 0.05))
        let lanes = 3
        let text = errorText {
            let fits = try svi.run(keys: Key(0).split(lanes), steps: 10, data: one.data, device: device.device)
            #expect(fits.status.allSatisfy { $0 == .finished })
        }
        #expect((text == nil) == one.parts.isEmpty, "\(text ?? "no error")")
        for part in one.parts { #expect(text?.contains(part) == true, "\(text ?? "no error")") }
    }
}
