import Foundation
import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import RealModule
import TestSupport
import Testing

/// Sums of logarithms, which kernels take of products: held against the interpreter, which does not.
@Suite struct OpenCLLogSumTests {
    /// Factors of lanes: products of some of them leave the range of normal numbers, or are no numbers at all.
    static let factors: [Double] = [
        1, 0.3, 2, 1e-12, 1e-15, 1e-30, 1e-36, 1e12, 1e30, 1e-40, 0, -1, .infinity, .nan, 1e-7, 3e-4, 100, 1e-300, 7, 1e37,
    ]

    private static func step(rows: Int, factors: [Double] = factors) -> StepCase {
        let origin = Origin()
        let x = Tensor.input(Input(.data, "x", origin: origin), shape: [rows])
        let s = Tensor.input(Input(.state, "s", origin: origin), shape: [])
        let product = x * s
        // A logarithm alone, under a factor and a sign; of 1 and something, near -1 too; and softplus.
        var step = StepCase(
            LaneFunction(states: [
                .init("log", log(product).sum()),
                .init("scaled", (x - (log(2 * product) * 0.5 - square(x))).sum()),
                .init("onePlus", (x - log(onePlus: square(product))).sum()),
                .init("near", log(onePlus: -pointwiseMin(pointwiseMax(product, 0), 0.9)).sum()),
                .init("softplus", (softplus(product) - x * product).sum()),
                .init("least", (-(2 - log(3 * product))).min()),
                .init("s", s),
            ]))
        step.shared["x"] = (0..<rows).map { 0.5 + Double($0 * 37 % 23) / 16 }
        step.lanes = factors.count
        step.initial["s"] = factors.map { [$0] }
        return step
    }

    /// Few rows are written out, many are looped over four at a time; three are left over.
    @Test(arguments: OpenCLSessions.variants, [3, 11, 15, 203])
    func agree(_ variant: OpenCLSessions.Variant, _ rows: Int) throws {
        var options = LoweringOptions()
        options.unrollLimit = 12
        let step = Self.step(rows: rows)
        let isDouble = variant.precision == .double
        let found = try step.openCL(variant.session, variant.precision, width: variant.width, options: options)
        let wanted = try step.interpreted(variant.precision, options: options)
        #expect(Outcomes.disagreement(found, wanted, relative: isDouble ? 1e-13 : 1e-6) == nil, "\(variant)")
    }

    /// A lane whose product tells nothing is noticed at each place of a vector, with no other beside it.
    @Test(arguments: OpenCLSessions.variants) func oneLaneAlone(_ variant: OpenCLSessions.Variant) throws {
        let places = 0..<variant.width
        let step = Self.step(rows: 8, factors: places.flatMap { odd in places.map { $0 == odd ? -1 : 1 } })
        let isDouble = variant.precision == .double
        let found = try step.openCL(variant.session, variant.precision, width: variant.width)
        let wanted = try step.interpreted(variant.precision)
        #expect(Outcomes.disagreement(found, wanted, relative: isDouble ? 1e-13 : 1e-6) == nil, "\(variant)")
    }

    /// One logarithm for four, where there is a sum of them, or for eight of 1 and something.
    @Test(arguments: [(8, 4, 0, 3), (7, 2, 3, 0), (12, 6, 3, 3)])
    func textHasOneForMany(rows: Int, of4: Int, onePlus4: Int, onePlus8: Int) throws {
        let text = try Lowering.lower(Self.step(rows: rows).function)
            .kernelText(KernelOptions(width: 16, isDouble: false, interleaves: false, privateBytes: 1 << 16)).kernel
        func count(_ name: String) -> Int { text.components(separatedBy: name + "(").count - 1 }
        #expect(count("ls_sum_log4") == of4)
        #expect(count("ls_sum_log1p4") == onePlus4)
        #expect(count("ls_sum_log1p8") == onePlus8)
        #expect(count("ls_softplus") == 0)
        // Of the minimum, each for itself.
        #expect(count("ls_log") == rows)
    }
}
