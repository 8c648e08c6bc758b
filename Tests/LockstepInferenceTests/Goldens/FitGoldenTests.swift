import Lockstep
import LockstepExamples
import Testing

@testable import LockstepInference

/// AutoDelta fits from given starts, step by step against NumPyro in double precision.
@Suite struct FitGoldenTests {
    /// Held against the file: steps 1, 10, 200. Double agrees to rounding (which 200 steps of Adam magnify where a
    /// gradient is nearly zero); float to what its 24 bits leave of a gradient that sums up to 919 rows, as the
    /// steps carry it on.
    struct Setting: Sendable, CustomTestStringConvertible {
        let device: TestDevice
        let precision: Precision
        let tolerance: Double
        let testDescription: String

        static let all: [Setting] = TestDevice.all.flatMap { device in
            let precisions: [Precision] = device.hasDouble ? [.float, .double] : [.float]
            return precisions.map { precision in
                Setting(
                    device: device, precision: precision, tolerance: precision == .double ? 1e-9 : 2e-3,
                    testDescription: "\(device.testDescription), in \(precision)")
            }
        }
    }

    @Test(arguments: Setting.all)
    func stepsAreThoseOfNumPyro(_ setting: Setting) throws {
        var worst = 0.0
        for row in try NumPyroGoldens.rows("fits") {
            let name = "\(row["case"].text), \(row["optimizer"].text)"
            let problem = try NumPyroGoldens.problem(row["case"].text)
            let rate = Hyperparameter.constant(row["learning_rate"].number)
            let optimizer: any Optimizer = row["optimizer"].text == "Adam" ? Adam(learningRate: rate) : SGD(learningRate: rate)
            let start = NumPyroGoldens.tensors(row["start"]["constrained"])
            let svi = SVI(problem.model, guide: AutoDelta(problem.guided, initializer: .value(start)), optimizer: optimizer)
            var options = RunOptions()
            options.precision = setting.precision
            options.lossInterval = 1
            for step in row["steps"].elements {
                let count = Int(step["step"].number)
                let fits = try svi.run(
                    keys: [Key(0)], steps: count, data: problem.data, device: setting.device.device, options: options)
                let losses = try fits.losses(lane: 0)
                #expect(losses.count == count)
                var errors = [
                    ("first loss", NumPyroGoldens.error([fits.initialLoss[0]], row["start"]["loss"].numbers)),
                    ("loss", NumPyroGoldens.error([losses[count - 1]], step["loss"].numbers)),
                ]
                let parameters = try fits.parameters()
                for (site, value) in step["constrained"].members {
                    errors.append((site, NumPyroGoldens.error(parameters[site + "_auto_loc"]?[0] ?? [], value.numbers)))
                }
                for (site, value) in step["unconstrained"].members {
                    let found = fits.unconstrained(site + "_auto_loc").first ?? []
                    errors.append(("unconstrained \(site)", NumPyroGoldens.error(found, value.numbers)))
                }
                for (what, error) in errors {
                    #expect(error <= setting.tolerance, "\(name), step \(count): \(what) is off by \(error)")
                    worst = max(worst, error)
                }
            }
        }
        print("NumPyro fits on \(setting.testDescription): largest relative error \(worst)")
    }

    /// What the optimiser starts from, whatever its rate.
    @Test func startsAreInsideTheSupports() throws {
        for row in try NumPyroGoldens.rows("fits") where row["optimizer"].text == "Adam" {
            let problem = try NumPyroGoldens.problem(row["case"].text)
            let start = NumPyroGoldens.tensors(row["start"]["constrained"])
            var options = RunOptions()
            options.precision = .double
            let fits = try SVI(
                problem.model, guide: AutoDelta(problem.guided, initializer: .value(start)), optimizer: Resting()
            ).run(keys: [Key(1)], steps: 1, data: problem.data, device: .cpu, options: options)
            for (site, value) in row["start"]["unconstrained"].members {
                #expect(NumPyroGoldens.error(fits.unconstrained(site + "_auto_loc").first ?? [], value.numbers) < 1e-12)
            }
        }
    }
}
