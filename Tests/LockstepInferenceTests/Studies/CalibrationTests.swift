import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Truths are found where posteriors say that they are.
@Suite struct CalibrationTests {
    // MARK: What is drawn

    @Test(arguments: TestDevice.all)
    func datasetsComeFromTheModel(_ device: TestDevice) throws {
        let count = 2000
        let simulation = try Simulation(
            StudyCases.model(priorSD: 2, rows: 3), [:], keys: Key(3).split(count), device: device.device.choice(), options: RunOptions())
        #expect(simulation.truth.map(\.site) == ["mean", "twice"] && simulation.data.keys.sorted() == ["y"])
        let means = try #require(simulation.values("mean")).values
        let y = try #require(simulation.data["y"]?.values.doubles)
        #expect(means.count == count && y.count == 3 * count)
        #expect(zip(means, try #require(simulation.values("twice")).values).allSatisfy { abs(2 * $0 - $1) < 1e-5 })
        let residuals = y.indices.map { y[$0] - means[$0 / 3] }
        // Five standard errors.
        #expect(abs(Statistics.mean(means)) < 5 * 2 / Double(count).squareRoot())
        #expect(abs(Statistics.variance(means) / 4 - 1) < 5 * (2 / Double(count)).squareRoot())
        #expect(abs(Statistics.mean(residuals)) < 5 / Double(3 * count).squareRoot())
        #expect(abs(Statistics.variance(residuals) - 1) < 5 * (2 / Double(3 * count)).squareRoot())
        let covariance = zip(residuals, residuals.dropFirst(3)).map { $0 * $1 }
        #expect(abs(Statistics.mean(covariance)) < 5 / Double(3 * count).squareRoot())
        // A dataset is a function of its key.
        let few = try Simulation(
            StudyCases.model(priorSD: 2, rows: 3), [:], keys: Array(Key(3).split(7).dropFirst(5)), device: device.device.choice(),
            options: RunOptions())
        #expect(few.data["y"]?.values.doubles == Array(y[15..<21]))
    }

    // MARK: Ranks

    /// The posterior is known, and with it the share of its draws below the truth.
    @Test(arguments: TestDevice.all)
    func ranksAreSharesOfThePosterior(_ device: TestDevice) throws {
        let draws = 2000
        let calibration = try StudyCases.exact(priorSD: 2, rows: 2).calibrate(
            datasets: 60, draws: draws, sites: ["mean", "twice"], steps: 1, key: Key(5), device: device.device, options: StudyCases.options())
        let ranks = try calibration.ranks("mean")[0]
        #expect(ranks.count == 60 && calibration.lost.isEmpty && calibration.datasets == 60)
        let truth = try #require(calibration.truth["mean"])
        let y = try #require(calibration.fits.fits.binding.data["y"]?.values.doubles)
        for dataset in 0..<60 {
            let own = StudyCases.posterior([y[2 * dataset], y[2 * dataset + 1]], priorSD: 2)
            let share = StudyCases.normalShare((truth[dataset][0] - own.mean) / own.sd)
            let error = (share * (1 - share) / Double(draws)).squareRoot()
            #expect(abs(Double(ranks[dataset]) / Double(draws) - share) < 5 * error + 2 / Double(draws), "\(dataset)")
        }
        // Twice a number is below twice another where it is below.
        #expect(try zip(calibration.ranks("twice")[0], ranks).allSatisfy { abs($0 - $1) <= 1 })
        #expect(calibration.elements.map(\.name) == ["mean", "twice"])
    }

    /// Of draws that are all the truth any number may count.
    @Test func tiesAreBrokenAtRandom() throws {
        let model = Model { m in
            let a = m.sample("a", Normal(0, 1))
            m.observe("obs", Normal(a, 1), m.data("y", shape: []))
        }
        let fixed = model.substitute(["a": 0.5])
        let svi = SVI(model, guide: AutoDelta(model, initializer: .value(["a": 0.5])), optimizer: Resting())
        let count = 400
        let ranks = try svi.calibrate(
            datasets: count, draws: 9, simulating: fixed, steps: 1, device: .cpu, options: StudyCases.options()
        ).ranks("a")[0]
        #expect(Set(ranks) == Set(0...9))
        // Uniform on 0 ... 9: variance 8.25.
        #expect(abs(Statistics.mean(ranks.map(Double.init)) - 4.5) < 5 * (8.25 / Double(count)).squareRoot())
    }

    // MARK: Verdicts

    /// The exact posterior, found by its family; and a fit whose prior has half the standard deviation of that of the truth: then
    /// (truth - mean) / sd has variance 2, not 1.
    @Test(arguments: TestDevice.all)
    func aWrongPriorIsFound(_ device: TestDevice) throws {
        let datasets = TestLevel.choose(small: 300, medium: 1000, full: 4000)
        let right = try StudyCases.fitted(priorSD: 2, rows: 2).calibrate(
            datasets: datasets, steps: 1500, key: Key(11), device: device.device, options: StudyCases.options())
        #expect(right.isCalibrated(level: 0.01), "\(right)")
        let wrong = try StudyCases.fitted(priorSD: 1, rows: 2).calibrate(
            datasets: datasets, simulating: StudyCases.model(priorSD: 2, rows: 2), steps: 1500, key: Key(11), device: device.device,
            options: StudyCases.options())
        #expect(!wrong.isCalibrated(level: 0.001), "\(wrong)")
        // Both are of the same truths.
        #expect(wrong.truth["mean"]?.values == right.truth["mean"]?.values)
        // Too narrow: ranks pile up at both ends.
        let ends = try wrong.ranks("mean")[0].count { $0 <= 5 || $0 >= 95 }
        #expect(Double(ends) / Double(datasets) > 0.17)
    }

    @Test func exactGuidesPass() throws {
        let calibration = try StudyCases.exact(priorSD: 2, rows: 2).calibrate(
            datasets: 2000, draws: 50, steps: 1, key: Key(2), device: .cpu, options: StudyCases.options())
        #expect(calibration.isCalibrated(level: 0.01), "\(calibration)")
    }

    /// A guide without correlations is too narrow for eight schools (Yao et al. 2018, "Yes, but did it work?", section 4.2).
    @Test(arguments: TestDevice.all)
    func eightSchools(_ device: TestDevice) throws {
        guard TestLevel.current >= .medium else {
            print("calibration of eight schools runs from level medium on")
            return
        }
        let problem = try NumPyroGoldens.problem("eight-schools")
        let svi = SVI(problem.model, guide: AutoNormal(problem.model), optimizer: Adam(learningRate: .cosine(from: 0.1)))
        let calibration = try svi.calibrate(datasets: 1000, steps: 3000, data: problem.data, key: Key(1), device: device.device)
        #expect(calibration.elements.map(\.name) == ["mu", "tau"] + (0..<8).map { "theta_base[\($0)]" })
        #expect(calibration.datasets + calibration.lost.count == 1000 && calibration.lost.count < 100)
        #expect(calibration.elements.allSatisfy { $0.ranks.allSatisfy((0...100).contains) })
        #expect(!calibration.isCalibrated())
    }

    // MARK: What comes out

    @Test func picturesAndTables() throws {
        let calibration = try StudyCases.exact(priorSD: 2, rows: 2).calibrate(
            datasets: 200, draws: 19, steps: 1, key: Key(2), device: .cpu, options: StudyCases.options())
        let even = (0..<200).map { $0 % 20 }
        #expect(calibration.picture(even) == String(repeating: "▄", count: 20))
        #expect(calibration.picture(Array(repeating: 0, count: 200)) == "█" + String(repeating: " ", count: 19))
        #expect(calibration.picture(even.map { $0 < 10 ? 19 : $0 }).hasSuffix("▄▄█"))
        let text = calibration.description
        #expect(text.hasPrefix("site") && text.contains("mean rank") && text.contains("of all 1 elements, from 200 datasets and 19 draws"))
        #expect(text.contains(calibration.picture(calibration.elements[0].ranks)))
        #expect(calibration.pValue == calibration.elements[0].pValue)
        #expect(calibration.isCalibrated(level: calibration.pValue) && !calibration.isCalibrated(level: calibration.pValue + 1e-9))
        #expect(errorText { _ = try calibration.ranks("men") }?.hasPrefix("there are no ranks of a site 'men'; did you mean 'mean'?") == true)
    }

    /// Data that are not finite are no dataset.
    @Test func datasetsAreLost() throws {
        let simulating = Model { m in
            let mean = m.sample("mean", Normal(0, 2))
            m.plate("rows", 2) { m in m.observe("obs", Normal(mean / select(mean .< 1, 1, 0), 1), m.data("y", shape: [2])) }
        }
        let calibration = try StudyCases.exact(priorSD: 2, rows: 2).calibrate(
            datasets: 100, draws: 10, simulating: simulating, steps: 1, device: .cpu, options: StudyCases.options())
        let truth = try #require(calibration.truth["mean"])
        #expect(calibration.lost == (0..<100).filter { truth[$0][0] >= 1 } && !calibration.lost.isEmpty)
        #expect(calibration.datasets == 100 - calibration.lost.count)
        #expect(calibration.description.contains("\(calibration.lost.count) more datasets have no fit"))
    }

    /// Other data are shared, or each dataset has its own.
    @Test func otherDataMayDiffer() throws {
        let model = Model { m in
            let (y, noise) = (m.data("y"), m.data("noise"))
            let mean = m.sample("mean", Normal(0, 1))
            m.plate("rows", y.count) { m in m.observe("obs", Normal(mean, noise), y) }
        }
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01))
        let noise = (0..<40).map { $0 % 2 == 0 ? 1e-3 : 100.0 }
        let calibration = try svi.calibrate(
            datasets: 40, draws: 10, steps: 5, data: ["y": .shared([0, 0, 0]), "noise": .perLane(noise)], device: .cpu,
            options: StudyCases.options())
        let y = try #require(calibration.fits.fits.binding.data["y"]?.values.doubles)
        let truth = try #require(calibration.truth["mean"])
        #expect(y.count == 120)
        for dataset in 0..<40 {
            let distance = (0..<3).map { abs(y[3 * dataset + $0] - truth[dataset][0]) }.max() ?? 0
            #expect(dataset % 2 == 0 ? distance < 0.01 : distance > 1, "\(dataset)")
        }
    }
}
