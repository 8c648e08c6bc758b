import Foundation
import Lockstep
import TestSupport
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

    /// x * c^n + d * (1 - c^n) / (1 - c), by hand.
    @Test(arguments: TestDevice.all) func aChainThatCompiles(_ device: TestDevice) throws {
        let length = TestLevel.choose(small: 600, medium: 2000, full: 4000)
        let (c, d) = (1 - 1 / Double(length), 1 / Double(length))
        let fits = try Self.chain(length) { $0 * Tensor(c) + Tensor(d) }.run(keys: Key(0).split(3), steps: 2000, device: device.device)
        let power = Foundation.pow(c, Double(length))
        let offset = d * (1 - power) / (1 - c)
        // The maximum of -x^2 / 2 - (power x + offset - 0.5)^2 / 2.
        let wanted = power * (0.5 - offset) / (1 + power * power)
        for lane in 0..<3 {
            let found = try fits[lane].median("x")[0]
            #expect(Swift.abs(found - wanted) < 2e-3)
        }
    }

    /// What a driver's compiler does not get through is refused in time, and `auto` takes the interpreter.
    @Test(.enabled(if: Device.whyNoOpenCL == nil, "there is no OpenCL device")) func aChainThatIsTooLong() throws {
        let links: [@Sendable (Tensor) -> Tensor] = [{ sin($0) }, { exp(-$0) }, { $0 * 0.999 + 0.001 }]
        let lengths = TestLevel.choose(small: 1, medium: 1, full: 3)
        for (link, length) in zip(links, [20_000, 20_000, 100_000]).prefix(lengths) {
            let svi = Self.chain(length, link)
            let text = errorText { _ = try svi.run(keys: [Key(0)], steps: 2, device: .opencl) }
            #expect(text?.contains("use the cpu device") == true, "\(text ?? "nothing was thrown")")
            let fits = try svi.run(keys: [Key(0)], steps: 2)
            #expect(fits.deviceKind == "cpu")
            #expect(fits.fallbackReason?.contains("OpenCL's compilers get through") == true)
        }
    }
}
