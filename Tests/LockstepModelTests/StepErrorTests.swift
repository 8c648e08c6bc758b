import LockstepDistributions
import LockstepModel
import LockstepTensor
import Testing

/// Mistakes in a scan with sites: each is thrown with the names that it is about.
@Suite struct StepErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let names: [String]
        let parts: [String]
        let model: Model

        init(_ testDescription: String, _ names: [String], _ parts: [String], _ body: @escaping @Sendable (inout ModelContext) -> Void) {
            (self.testDescription, self.names, self.parts, model) = (testDescription, names, parts, Model(body))
        }
    }

    static let x = Tensor([1.0, 2, 3])

    static let cases: [Case] = [
        Case("no rows", ["t"], ["nothing to go over"]) { m in m.scan("t", over: [], from: [0]) { _, carries, _ in (carries, []) } },
        Case("a scalar", ["t"], ["nothing to go over"]) { m in m.scan("t", over: Tensor(1), from: 0) { _, carry, _ in carry } },
        Case("no steps", ["t"], ["there are no steps"]) { m in
            m.scan("t", over: Tensor([], shape: [0]), from: 0) { m, carry, _ in m.sample("z", Normal(carry, 1)) }
        },
        Case("lengths that differ", ["t"], ["[[3], [1]]", "alike in their first axis"]) { m in
            let outputs = m.scan("t", over: [x, Tensor([1.0])], from: [0]) { _, carries, rows in (carries, [rows[0]]) }.outputs
            m.deterministic("first", outputs[0])
        },
        Case("a shape that changes", ["t"], ["carries on [3] as number 0 and gets []"]) { m in
            m.scan("t", over: x, from: 0) { m, carry, _ in m.sample("z", Normal(carry, 1), shape: [3]) }
        },
        Case("a type that changes", ["t"], ["carries on int values as number 0 and gets bool values"]) { m in
            m.scan("t", over: x, from: Tensor([1.0]).element(0) .< 2) { _, _, row in row.asInt }
        },
        Case("a number that changes", ["t"], ["carries on 1 tensors and gets 2"]) { m in
            m.scan("t", over: [x], from: [0, 0]) { _, carries, _ in ([carries[0]], []) }
        },
        Case("a mistake in the step", ["t"], ["what a step returns is wrong"]) { m in
            m.scan("t", over: x, from: 0) { _, carry, _ in carry + Tensor([1.0, 2]) * Tensor([1.0, 2, 3]) }
        },
        Case("a mistake at a site", ["z"], ["scale", "positive"]) { m in
            m.scan("t", over: x, from: 0) { m, carry, _ in m.sample("z", Normal(carry, -1)) }
        },
        Case("a name twice in the step", ["z"], ["same name"]) { m in
            m.scan("t", over: x, from: 0) { m, carry, _ in m.sample("z", Normal(carry, 1)) + m.sample("z", Normal(0, 1)) }
        },
        Case("a name inside and outside", ["z"], ["same name"]) { m in
            m.sample("z", Normal(0, 1))
            m.scan("t", over: x, from: 0) { m, carry, _ in m.sample("z", Normal(carry, 1)) }
        },
        Case("inside itself", ["t"], ["inside itself"]) { m in
            m.scan("t", over: x, from: 0) { m, carry, _ in m.scan("t", over: x, from: carry) { m, carry, _ in m.sample("z", Normal(carry, 1)) } }
        },
        Case("of two lengths", ["t"], ["3 and 2 steps"]) { m in
            m.scan("t", over: x, from: 0) { m, carry, _ in m.sample("a", Normal(carry, 1)) }
            m.scan("t", over: x[..<2], from: 0) { m, carry, _ in m.sample("b", Normal(carry, 1)) }
        },
        Case("a param of the step", ["p"], ["one value for all steps", "outside of the scan"]) { m in
            m.scan("t", over: x, from: 0) { m, carry, row in m.param("p", row) }
        },
        Case("what escapes", ["after"], ["one step of a scan outside of that step"]) { m in
            var last: Tensor = 0
            m.scan("t", over: x, from: 0) { m, carry, row in
                last = m.sample("z", Normal(carry, 1)) + row
                return last
            }
            m.deterministic("after", last)
        },
        Case("what escapes into another scan", ["after"], ["one step of a scan outside of that step"]) { m in
            var last: Tensor = 0
            m.scan("t", over: x, from: 0) { m, carry, row in
                last = carry + row
                return last
            }
            m.scan("s", over: x, from: 0) { m, carry, _ in m.sample("after", Normal(last + carry, 1)) }
        },
        Case("a mask of another length", ["z"], ["mask has shape [2]", "[3]"]) { m in
            m.mask(Tensor([1.0, 2]) .< 3) { m in
                m.scan("t", over: x, from: 0) { m, carry, _ in m.sample("z", Normal(carry, 1)) }
            }
        },
        Case("a negative scale", ["z"], ["scale", "non-negative"]) { m in
            m.scale(Tensor([1.0, -2, 3])) { m in
                m.scan("t", over: x, from: 0) { m, carry, _ in m.sample("z", Normal(carry, 1)) }
            }
        },
    ]

    @Test(arguments: cases) func isThrown(_ one: Case) throws {
        do {
            _ = try one.model.trace()
            Issue.record("it is not found")
        } catch let error as ModelError {
            #expect(error.names == one.names, "\(error)")
            for part in one.parts { #expect(error.description.contains(part), "\(error)") }
        }
    }

    @Test func valuesOfAnotherShape() throws {
        for handled in [StepSiteTests.walk.condition(["level": Self.x[..<2]]), StepSiteTests.walk.substitute(["level": Self.x[..<2]])] {
            do {
                _ = try handled.trace()
                Issue.record("it is not found")
            } catch let error as ModelError {
                #expect(error.names == ["level"])
                #expect(error.description.contains("[2]") && error.description.contains("[3]"), "\(error)")
            }
        }
        // A value that is impossible at one step.
        let model = Model { m in m.scan("t", over: Self.x, from: 1) { m, rate, _ in m.sample("rate", Gamma(2, 1)) } }
        #expect(throws: ModelError.self) { try model.condition(["rate": Tensor([1, -1, 2])]).trace() }
    }

    /// A guide that covers a latent whose range moves from step to step.
    @Test func supportsThatMove() throws {
        let model = Model { m in
            m.scan("t", over: Self.x, from: 0) { m, level, row in m.sample("level", Uniform(level, level + row)) }
        }
        do {
            _ = try model.assign { _, distribution in distribution.support.typicalValue(distribution.shape()) }.trace()
            Issue.record("it is not found")
        } catch let error as ModelError {
            #expect(error.names == ["level"])
            #expect(error.description.contains("bounds that a step of a scan takes"), "\(error)")
        }
        // Observed and drawn they are fine.
        #expect(try HandlerTests.value(model.condition(["level": Tensor([0.5, 1.5, 2])]).trace().logJoint).isFinite)
        #expect(try model.trace()["level"]?.value.shape == [3])
    }
}
