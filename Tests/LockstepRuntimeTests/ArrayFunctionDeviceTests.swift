import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Functions of elements that are made of others, at edges, on the interpreter and on each OpenCL device.
@Suite struct ArrayFunctionDeviceTests {
    static let step: StepCase = {
        let (first, second) = FunctionCase.pairs
        let origin = Origin()
        func input(_ name: String) -> Tensor { .input(Input(.data, name, origin: origin), shape: [first.count], dtype: .real) }
        let a = input("a"), b = input("b")
        var step = StepCase(LaneFunction(states: FunctionCase.all.map { .init($0.name, $0.apply(a, b)) }, perLane: ["a"]))
        step.perLane = ["a": Array(repeating: first, count: step.lanes)]
        step.shared = ["b": second]
        return step
    }()

    static func check(_ found: StepCase.Outcome, relative: Double, _ device: String) {
        let (first, second) = FunctionCase.pairs
        for function in FunctionCase.all {
            for values in found[function.name] ?? [] {
                for (index, (a, b)) in zip(first, second).enumerated() {
                    let wanted = function.exact(a, b)
                    // A remainder is right to a rounding of what is divided.
                    let scale = max(1, abs(wanted), function.name == "remainder" ? abs(a) : 0)
                    let isClose = values[index] == wanted || values[index].isNaN && wanted.isNaN || abs(values[index] - wanted) <= relative * scale
                    #expect(isClose, "\(function.name)(\(a), \(b)) is \(values[index]), not \(wanted): \(device)")
                }
            }
            #expect(found[function.name]?.count == step.lanes)
        }
    }

    @Test func interpreter() throws {
        Self.check(try Self.step.interpreted(.double), relative: 1e-14, "double")
        Self.check(try Self.step.interpreted(.float), relative: 1e-6, "float")
    }

    @Test(arguments: OpenCLSessions.variants) func openCL(_ variant: OpenCLSessions.Variant) throws {
        let found = try Self.step.openCL(variant.session, variant.precision, width: variant.width)
        Self.check(found, relative: variant.precision == .double ? 1e-14 : 1e-6, "\(variant)")
    }
}
