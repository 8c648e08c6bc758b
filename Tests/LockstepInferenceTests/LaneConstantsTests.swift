import LockstepTensor
import Testing

@testable import LockstepInference

/// What does not differ from draw to draw is not computed with each.
@Suite struct LaneConstantsTests {
    private let origin = Origin()

    private func state(_ name: String, _ shape: Shape = [3]) -> Tensor { .input(Input(.state, name, origin: origin), shape: shape) }
    private func data(_ name: String, _ shape: Shape) -> Tensor { .input(Input(.data, name, origin: origin), shape: shape) }
    private func draws(_ shape: Shape = [3]) -> Tensor { RandomSource(site: "z", purpose: "test", origin: origin).normal(shape) }

    private func constants(_ function: Tensor) -> LaneConstants { LaneConstants([function], origin: origin) }

    /// The elementwise functions that are left.
    private func functions(_ found: LaneConstants) -> Set<ElementOp> {
        Set(
            Graph.topologicalOrder(found.functions).compactMap { tensor in
                if case .map(let op) = tensor.node.op { op } else { nil }
            })
    }

    @Test func functionsOfParametersAreTakenOut() {
        let scale = softplus(state("raw"))
        let z = state("loc") + scale * draws()
        let found = constants((z * z).sum() - log(scale).sum())
        #expect(functions(found) == [.add, .multiply, .subtract])
        // The scale of each, and the sum of their logarithms.
        #expect(found.constants.map(\.value.shape).sorted { $0.elementCount < $1.elementCount } == [[], [3]])
        #expect(Set(found.constants.map(\.name)) == ["f/0", "f/1"])
    }

    /// A parameter is where it is already, and a draw cannot be known.
    @Test func nothingIsTakenOutOfDraws() {
        let scaled = state("loc").reshape([3, 1]) + draws([3, 1])
        #expect(constants((scaled * scaled).sum()).constants.isEmpty)
        #expect(constants(exp(data("x", [5]) * draws([5])).sum()).constants.isEmpty)
        #expect(constants(exp(data("x", [3])).sum() + draws([3]).sum()).constants.isEmpty)
    }

    /// Values for each row would take a lane more memory than it has for its parameters; those for each parameter do not.
    @Test func rowsAreNotKept() {
        let rate = exp(state("theta", []))
        let found = constants(log(1 + rate * data("x", [100]) * exp(draws([100]))).sum())
        #expect(found.constants.map(\.value.shape) == [[]])
        #expect(functions(found).contains(.exp) && functions(found).contains(.multiply))
    }

    @Test func aPointIsOneConstant() {
        let found = constants(log(1 + exp(state("theta"))).sum() * data("x", []))
        #expect(found.constants.count == 1 && functions(found).isEmpty)
    }

    /// What two functions have in common is one constant, and their order is kept.
    @Test func functionsOfOneDrawShareTheirConstants() {
        let scale = softplus(state("raw"))
        let z = draws()
        let found = LaneConstants([(scale * z).sum(), scale * z, z], origin: origin)
        #expect(found.constants.count == 1 && found.functions.map(\.shape) == [[], [3], [3]])
        #expect(found.functions[2].id == z.id)
        #expect(functions(found) == [.multiply])
    }
}
