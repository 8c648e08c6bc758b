import Lockstep
import Testing

@testable import LockstepInference

/// Optimisers of the user's own that do not keep to their word are named in the error.
@Suite struct OwnOptimizerTests {
    private struct Own: Optimizer {
        var slotNames: [String] = ["a", "b"]
        var prepared: @Sendable ([Tensor]) -> [Tensor] = { $0 }
        var updated: @Sendable (Tensor, [Tensor]) -> (parameter: Tensor, slots: [Tensor]) = { ($0, $1) }

        func prepare(_ gradients: [Tensor], _ read: (Hyperparameter) -> Tensor) -> [Tensor] { prepared(gradients) }
        func update(
            _ parameter: Tensor, gradient: Tensor, slots: [Tensor], step: Tensor, _ read: (Hyperparameter) -> Tensor
        ) -> (parameter: Tensor, slots: [Tensor]) { updated(parameter, slots) }
    }

    private static func text(_ own: Own, _ wrap: (any Optimizer) -> any Optimizer = { $0 }, _ device: Device = .cpu) -> String? {
        let model = Model { m in m.factor("f", -m.param("x", [1, 2, 3]).sum() - m.param("y", 1)) }
        return errorText {
            _ = try SVI(model, guide: Model { _ in }, optimizer: wrap(own)).run(keys: [Key(0)], steps: 2, device: device)
        }
    }

    @Test(arguments: TestDevice.all) func keepingToItsWordRuns(_ device: TestDevice) {
        #expect(Self.text(Own(), { $0 }, device.device) == nil)
        #expect(Self.text(Own(slotNames: []), { $0 }, device.device) == nil)
    }

    @Test func slotsAreCounted() {
        let wrong = "slots for 'x'; give one for each of the slotNames [\"a\", \"b\"]"
        #expect(Self.text(Own(updated: { ($0, [$1[0]]) })) == "Own: update gave 1 \(wrong)")
        #expect(Self.text(Own(updated: { ($0, $1 + $1) })) == "Own: update gave 4 \(wrong)")
        #expect(Self.text(Own(updated: { x, _ in (x, []) })) == "Own: update gave 0 \(wrong)")
        #expect(Self.text(Own(slotNames: [], updated: { x, _ in (x, [x]) }))?.hasPrefix("Own: update gave 1 slots for 'x'") == true)
        #expect(Self.text(Own(updated: { x, _ in (x, []) }), { Averaged(Clipped($0, norm: 1)) }) == "Averaged(Clipped(Own)): update gave 0 \(wrong)")
    }

    @Test func shapesAndTypesAreChecked() {
        #expect(Self.text(Own(updated: { ($0.sum(), $1) })) == "Own: the new value of 'x' has shape []; give shape [3]")
        #expect(Self.text(Own(updated: { ($0.expandingShape(at: 0), $1) })) == "Own: the new value of 'x' has shape [1, 3]; give shape [3]")
        #expect(Self.text(Own(updated: { ($0 .< 0, $1) }))?.hasPrefix("Own: the new value of 'x' is made of bool values") == true)
        #expect(Self.text(Own(updated: { ($0.asInt, $1) }))?.hasPrefix("Own: the new value of 'x' is made of int values") == true)
        #expect(Self.text(Own(updated: { ($0, [$1[0], 0]) })) == "Own: the slot 'b' of 'x' has shape []; give shape [3]")
        #expect(Self.text(Own(updated: { ($0, [$1[0].asInt, $1[1]]) }))?.hasPrefix("Own: the slot 'a' of 'x' is made of int values") == true)
        #expect(
            Self.text(Own(updated: { ($0 + [1, 2], $1) }))?.hasPrefix("Own: the new value of 'x' cannot be computed: + of shapes [3], [2]") == true)
        #expect(Self.text(Own(updated: { ($0, [$1[0] + [1, 2], $1[1]]) }))?.hasPrefix("Own: the slot 'a' of 'x' cannot be computed") == true)
    }

    @Test func preparedGradientsAreChecked() {
        #expect(Self.text(Own(prepared: { _ in [] }))?.hasPrefix("Own: prepare gave 0 gradients; give one for each of the 2") == true)
        #expect(Self.text(Own(prepared: { $0.map { $0.sum() } })) == "Own: the gradient of 'x' that prepare gave has shape []; give shape [3]")
        #expect(Self.text(Own(prepared: { $0.map { $0 .< 0 } }))?.contains("is made of bool values") == true)
        #expect(Self.text(Own(prepared: { $0.map { $0 + [1, 2] } }))?.contains("that prepare gave cannot be computed") == true)
    }

    @Test func slotNamesAreChecked() {
        #expect(Self.text(Own(slotNames: ["a", "b", "a"])) == "Own: slotNames has 'a' twice; give each slot a name of its own")
        // Slot a/b of parameter c would be slot a of parameter b/c.
        #expect(Self.text(Own(slotNames: ["a/b"])) == "Own: the slot name 'a/b' contains '/'; give another name")
    }

    /// An optimiser that hands another one the wrong slots.
    @Test func slotsThatAreMissingAreAMistake() {
        for optimizer in [Adam(), Averaged(Adam()), Clipped(Adam(), norm: 1)] as [any Optimizer] {
            for slots in [[], [1], [1, 2, 3]] as [[Tensor]] {
                let next = optimizer.update(0, gradient: 1, slots: slots, step: 1) { _ in 0.1 }
                #expect(next.parameter.failure?.description.contains("Adam needs the slots [\"mean\", \"square\"]") == true)
            }
        }
    }
}
