import Lockstep
import Testing

@testable import LockstepInference

/// Standard problems against the minima that SciPy's L-BFGS-B finds, polished (`Tests/Goldens/minimize.py`).
@Suite struct MinimizeTests {
    /// What a problem is run on, and how close it has to come.
    struct Setting: Sendable, CustomTestStringConvertible {
        let device: TestDevice
        let precision: Precision

        /// Of losses, relative to numbers that are not small.
        var tolerance: Double { precision == .double ? 1e-8 : 1e-4 }
        var testDescription: String { "\(device.testDescription), \(precision)" }

        static let all: [Setting] = TestDevice.all.flatMap { device in
            [Precision.float, .double].filter { $0 == .float || device.hasDouble }.map { Setting(device: device, precision: $0) }
        }
    }

    /// Problems that drivers compile at each level: of several sizes and kinds.
    private static let some: Set = ["rosenbrock 2", "rosenbrock 20", "wood", "chebyquad", "logistic", "eight schools", "radon"]

    @Test(arguments: Setting.all)
    func minimaAreThoseOfSciPy(_ setting: Setting) throws {
        let problems = try MinimizeProblem.all()
        #expect(problems.count == 30)
        let chosen = setting.device.isInterpreter || TestLevel.current == .full ? problems : problems.filter { Self.some.contains($0.name) }
        for problem in chosen { try check(problem, setting) }
    }

    private func check(_ problem: MinimizeProblem, _ setting: Setting) throws {
        let task = try problem.task()
        var options = RunOptions()
        options.precision = setting.precision
        options.finalDraws = 0
        let fits = try task.minimize.run(keys: [Key(0)], steps: 1000, data: task.data, device: setting.device.device, options: options)
        let (status, loss) = (fits.status[0], fits.loss[0])
        // Never worse than SciPy, which does not come to the end of the narrowest valley.
        let allowed = max(setting.tolerance, setting.precision == .double ? problem.peerError : 0)
        #expect(problem.error(loss) <= allowed, "\(problem.name): the loss is \(loss), not \(problem.value)")
        guard case .converged(let evaluations) = status else {
            Issue.record("\(problem.name): \(status)")
            return
        }
        print(
            "minimize \(setting.testDescription): \(problem.name), \(evaluations) evaluations, SciPy \(problem.evaluations), off by "
                + "\(problem.error(loss))")
        #expect(evaluations <= 2 * problem.evaluations.double + 5, "\(problem.name): \(evaluations) evaluations")
        // A loss of hundreds is flat in single precision over a good part of its valley: its place says nothing.
        guard problem.condition <= 1e4, setting.precision == .double || abs(problem.value) <= 10 else { return }
        let place = task.parameters.flatMap { fits.unconstrained($0).first ?? [] }
        let error = NumPyroGoldens.error(place, problem.minimum)
        #expect(error <= (setting.precision == .double ? 1e-5 : 2e-2), "\(problem.name): the place is off by \(error)")
    }
}
