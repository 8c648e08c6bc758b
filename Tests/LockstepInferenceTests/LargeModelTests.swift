import Foundation
import Lockstep
import TestSupport
import Testing

/// Models whose steps are thousands of operations written out.
@Suite(.serialized) struct LargeModelTests {
    /// Left alone, the largest that drivers are given compile in half of this.
    private static let most = ProcessInfo.processInfo.environment["LOCKSTEP_TEST_ALONE"] == "1" ? 30.0 : .infinity

    private static func fits(_ model: Model, _ device: TestDevice, _ precision: Precision, steps: Int) throws -> Fits {
        var options = RunOptions()
        options.precision = precision
        let svi = SVI(model, guide: AutoDelta(model), optimizer: Adam(learningRate: 0.02))
        let fits = try svi.run(keys: Key(0).split(3), steps: steps, device: device.device, options: options)
        #expect(fits.timings.compileProcessor < Self.most)
        return fits
    }

    /// The mode of a normal latent, and one observation of a function of it, by Newton's method on the gradient.
    private static func mode(_ function: (Double) -> Double, observed: Double) -> Double {
        func loss(_ x: Double) -> Double { x * x / 2 + Foundation.pow(function(x) - observed, 2) / 2 }
        var x = 0.0
        let h = 1e-4
        for _ in 0..<100 {
            let (low, middle, high) = (loss(x - h), loss(x), loss(x + h))
            x -= (high - low) / 2 / h / max((high - 2 * middle + low) / h / h, 0.1)
        }
        return x
    }

    /// log(exp(x) + 1), by as many steps as there are links.
    @Test(arguments: TestDevice.all, Precision.allCases) func aChainOfFunctions(_ device: TestDevice, _ precision: Precision) throws {
        let links = TestLevel.choose(small: 400, medium: 1000, full: 2500)
        let model = Model { m in
            var value = m.sample("x", Normal(0, 1))
            for _ in 0..<links { value = log(exp(value) + Tensor(1 / Double(links))) }
            m.observe("y", Normal(value, 1), 2)
        }
        let fits = try Self.fits(model, device, precision, steps: 1000)
        let wanted = Self.mode({ Foundation.log(Foundation.exp($0) + 1) }, observed: 2)
        for fit in fits { #expect(abs(try fit.median("x")[0] - wanted) < (precision == .float ? 2e-3 : 1e-4)) }
    }

    /// sin(x) + sin(x + d) + ... is sin(n d / 2) / sin(d / 2) * sin(x + (n - 1) d / 2).
    @Test(arguments: TestDevice.all, Precision.allCases) func aSumOfManyTerms(_ device: TestDevice, _ precision: Precision) throws {
        let terms = TestLevel.choose(small: 500, medium: 1000, full: 2500)
        let step = 1 / Double(terms)
        let model = Model { m in
            let x = m.sample("x", Normal(0, 1))
            var sum = Tensor(0)
            for term in 0..<terms { sum = sum + sin(x + Tensor(Double(term) * step)) }
            m.observe("y", Normal(sum * Tensor(step), 1), 1)
        }
        let fits = try Self.fits(model, device, precision, steps: 1000)
        let wanted = Self.mode(
            { sin(0.5) / sin(step / 2) * step * sin($0 + (1 - step) / 2) }, observed: 1)
        for fit in fits { #expect(abs(try fit.median("x")[0] - wanted) < (precision == .float ? 2e-3 : 1e-4)) }
    }

    @Test(arguments: TestDevice.all, Precision.allCases) func sitesOfALoopInSwift(_ device: TestDevice, _ precision: Precision) throws {
        let sites = TestLevel.choose(small: 30, medium: 60, full: 120)
        let model = Model { m in
            for site in 0..<sites {
                let x = m.sample("x\(site)", Normal(0, 1))
                m.observe("y\(site)", Normal(x, 1), Tensor(Double(site % 5)))
            }
        }
        let fits = try Self.fits(model, device, precision, steps: 1000)
        for fit in fits {
            for site in 0..<sites { #expect(abs(try fit.median("x\(site)")[0] - Double(site % 5) / 2) < 2e-3) }
        }
    }
}
