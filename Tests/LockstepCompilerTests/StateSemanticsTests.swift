import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Steps whose states read each other's old values: all of them change at once, however their loops run.
enum StateSteps {
    static let names = ["swap", "rotation", "shapes", "scalars", "records", "large", "masks and ints", "short and long"]

    static func make(_ name: String, extent n: Int = 40) -> StepCase {
        let origin = Origin()
        func state(_ name: String, _ shape: Shape, _ dtype: DType = .real) -> Tensor {
            .input(Input(.state, name, origin: origin), shape: shape, dtype: dtype)
        }
        func scalar(_ name: String, _ dtype: DType = .real) -> Tensor { .input(Input(.scalar, name, origin: origin), shape: [], dtype: dtype) }
        let a = state("a", [n]), b = state("b", [n]), s = state("s", []), m = state("m", [3, n])
        let step = scalar(Input.step, .int)
        let reversed = Tensor(integers: (0..<n).reversed())
        var result: StepCase
        switch name {
        case "swap":
            result = StepCase(LaneFunction(states: [.init("a", b), .init("b", a), .init("s", s + 1)]))
        case "rotation":
            // Each reads the other in another order.
            result = StepCase(
                LaneFunction(states: [
                    .init("a", b.gather(reversed) + 0.5), .init("b", .concatenate([a.slice(axis: 0, 1..<n), b.slice(axis: 0, 0..<1)])),
                    .init("s", a[0] + b[n - 1]),
                ]))
        case "shapes":
            result = StepCase(
                LaneFunction(states: [
                    .init("a", m.sum(axis: 0) * 0.25 + s), .init("m", m * 0.5 + a + m.transposed.reshape([3, n])),
                    .init("s", sin(m.element(1)[2] + a.sum())),
                    .init("b", m.reshape([3 * n]).slice(axis: 0, n..<2 * n)),
                ]))
        case "scalars":
            result = StepCase(
                LaneFunction(
                    states: [.init("a", a * scalar("decay") + step.asReal), .init("s", s + scalar("weight", .int).asReal)],
                    records: [.init("total", slots: 2, slot: pointwiseMin(step, Tensor(integer: 1)), value: a.sum())]))
            result.scalars = ["decay": 0.75, "weight": 3]
        case "records":
            // What is recorded is the value before the step, each second step in the next slot.
            let slot = floor(step.asReal / 2).asInt
            result = StepCase(
                LaneFunction(
                    states: [.init("a", a.gather(reversed) * 0.5), .init("s", s + a[1])],
                    records: [
                        .init("seen", slots: 3, slot: slot, value: a), .init("mixed", slots: 3, slot: slot, value: a.gather(reversed) + s),
                        .init("count", slots: 4, slot: step, value: step), .init("sign", slots: 4, slot: step, value: 0 .< s),
                    ]))
        case "large":
            let big = state("big", [3000]), other = state("other", [3000])
            result = StepCase(
                LaneFunction(states: [
                    .init("big", other.gather(Tensor(integers: (0..<3000).reversed())) + 1), .init("other", big * 0.5 + s),
                    .init("s", tanh(big.sum() * 1e-3)),
                ]))
        case "masks and ints":
            let count = state("count", [n], .int), flag = state("flag", [n], .bool)
            result = StepCase(
                LaneFunction(states: [
                    .init("count", select(flag, count + Tensor(integer: 1), Tensor(integer: 0)).asInt),
                    .init("flag", (count.asReal .< 2) .& (a.gather(reversed) .< 0.5)),
                    .init("a", select(flag, a, b) + count.asReal * 0.125), .init("b", b.gather(pointwiseMin(count, Tensor(integer: n - 1)))),
                ]))
            result.initial["flag"] = (0..<result.lanes).map { lane in (0..<n).map { Double(($0 + lane) % 3 == 0 ? 1 : 0) } }
        default:
            let tall = state("tall", [n, 50]), wide = state("wide", [n, 50]), row = state("row", [50])
            result = StepCase(
                LaneFunction(states: [
                    .init("a", a + s), .init("tall", wide + a.expandingShape(at: 1)), .init("row", row * 0.5 + tall.sum(axis: 0)),
                    .init("wide", tall * row),
                    .init("s", wide.sum() * 1e-3),
                ]))
        }
        var random = SplitMix64(seed: 3)
        for state in result.function.states where state.value.dtype == .real {
            result.initial[state.name] = (0..<result.lanes).map { _ in
                (0..<state.value.count).map { _ in Double(Float(Double.random(in: -1...1, using: &random))) }
            }
        }
        result.advances = [1, 2, 1]
        return result
    }
}

@Suite struct StateSemanticsTests {
    @Test(arguments: StateSteps.names, [3, 40]) func interpreterAgreesWithPlainEvaluation(_ name: String, _ extent: Int) throws {
        let step = StateSteps.make(name, extent: extent)
        let wanted = try step.reference()
        for (variant, options) in RandomStepTests.variants {
            let difference = Outcomes.disagreement(try step.interpreted(.double, options: options), wanted, relative: 1e-12)
            #expect(difference == nil, "\(name), \(variant)")
        }
    }

    @Test(arguments: OpenCLSessions.variants, StateSteps.names) func openCL(_ variant: OpenCLSessions.Variant, _ name: String) throws {
        let step = StateSteps.make(name)
        let wanted = try step.interpreted(variant.precision)
        for privateBytes in [nil, 0] {
            let found = try step.openCL(variant.session, variant.precision, width: variant.width, privateBytes: privateBytes)
            let difference = Outcomes.disagreement(found, wanted, relative: variant.precision == .double ? 1e-12 : 1e-4)
            #expect(difference == nil, "\(name), \(variant), \(privateBytes == nil ? "private" : "global") arrays")
        }
    }

    /// A name means one buffer: two shapes or types under it are refused.
    @Test func oneNameOneShape() {
        let origin = Origin()
        let a = Tensor.input(Input(.state, "a", origin: origin), shape: [3], dtype: .real)
        #expect(throws: LoweringError.self) { try Lowering.lower(LaneFunction(states: [.init("a", a.sum())])) }
        #expect(throws: LoweringError.self) { try Lowering.lower(LaneFunction(states: [.init("a", a.asInt)])) }
    }

    @Test func slotsAreTheSameForAllLanes() {
        let slot = Tensor.input(Input(.state, "n", origin: Origin()), shape: [], dtype: .int)
        #expect(throws: LoweringError.self) {
            try Lowering.lower(LaneFunction(states: [.init("n", slot)], records: [.init("r", slots: 2, slot: slot, value: 1)]))
        }
    }

    @Test func rowsThatDoNotExistAreRefused() {
        let origin = Origin()
        let rows = Tensor.input(Input(.state, "rows", origin: origin), shape: [2], dtype: .int)
        let none = Tensor.input(Input(.data, "none", origin: origin), shape: [0], dtype: .real)
        let three = Tensor.input(Input(.data, "three", origin: origin), shape: [3], dtype: .real)
        #expect(throws: LoweringError.self) { try Lowering.lower(LaneFunction(states: [.init("rows", rows), .init("x", none.gather(rows))])) }
        #expect(throws: LoweringError.self) { try Lowering.lower(LaneFunction(states: [.init("x", three.gather(Tensor(integers: [0, 3])))])) }
    }
}
