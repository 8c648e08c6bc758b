import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Predictions of rows that were left out, against closed forms and against fits of data without them.
@Suite struct CrossValidationTests {
    static let y: [Double] = [0.4, -1.2, 2.5, 0.1, 1.6, -0.3, 3.8, 0.9]
    static let groups = [7, 3, 7, 3, 9, 9, 9, 7]

    /// The log predictive density of a row under the posterior of those that do not share its fold.
    static func expected(_ folds: [Int], priorSD: Double = 2) -> [Double] {
        y.indices.map { row in
            let own = StudyCases.posterior(y, priorSD: priorSD, weights: folds.map { $0 == folds[row] ? 0 : 1 })
            return StudyCases.normalDensity(y[row], own.mean, variance: own.sd * own.sd + 1)
        }
    }

    private func run(
        _ folds: Folds, _ device: TestDevice, steps: Int = 4000, starts: Int = 1, draws: Int = 1 << 14,
        _ configure: (inout RunOptions) -> Void = { _ in }
    ) throws -> CrossValidation {
        try StudyCases.fitted(priorSD: 2, rows: 8).crossValidate(
            folds, starts: starts, steps: steps, data: ["y": .shared(Self.y)], draws: draws, key: Key(6), device: device.device,
            options: StudyCases.options(configure))
    }

    @Test(arguments: TestDevice.all)
    func densitiesAreThoseOfClosedForms(_ device: TestDevice) throws {
        for (folds, labels, own) in [
            (Folds.random(8), (0..<8).map(String.init), nil), (.numbers(Self.groups), ["3", "7", "9"], Self.groups),
        ] as [(Folds, [String], [Int]?)] {
            let result = try run(folds, device)
            #expect(result.folds.map(\.label) == labels)
            #expect(result.folds.flatMap(\.rows).sorted() == Array(0..<8))
            let expected = Self.expected(own ?? Array(0..<8))
            for (value, expected) in zip(result.pointwise, expected) { #expect(abs(value - expected) < 0.08, "\(result.pointwise)") }
            // Far from that of a fit that saw the row.
            let inside = StudyCases.posterior(Self.y, priorSD: 2)
            #expect(abs(StudyCases.normalDensity(Self.y[6], inside.mean, variance: inside.sd * inside.sd + 1) - expected[6]) > 0.8)
            #expect(abs(result.elpd - result.pointwise.reduce(0, +)) < 1e-9)
            for fold in result.folds {
                #expect(abs(fold.elpd - fold.rows.map { result.pointwise[$0] }.reduce(0, +)) < 1e-9)
                if let own { #expect(Set(fold.rows.map { own[$0] }) == [Int(fold.label) ?? -1]) }
            }
            let mean = result.elpd / 8
            let squares = result.pointwise.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
            #expect(abs(result.elpdError - (8 * squares / 7).squareRoot()) < 1e-9)
        }
    }

    /// What is left out takes no part: a fit of the other rows by themselves goes the same way.
    @Test(arguments: TestDevice.all.filter(\.hasDouble))
    func leftOutRowsCountForNothing(_ device: TestDevice) throws {
        let result = try run(.numbers(Self.groups), device, steps: 150, draws: 32) { $0.precision = .double }
        for (number, group) in [3, 7, 9].enumerated() {
            let kept = Self.y.indices.filter { Self.groups[$0] != group }.map { Self.y[$0] }
            let alone = try StudyCases.fitted(priorSD: 2, rows: kept.count).run(
                keys: [Key(6).fold(number).fold(0)], steps: 150, data: ["y": .shared(kept)], device: device.device,
                options: StudyCases.options { $0.precision = .double })
            let (own, other) = try (result.fits.fit(dataset: number, start: 0).parameters(), alone[0].parameters())
            #expect(own.keys.sorted() == other.keys.sorted() && !own.isEmpty)
            for (name, values) in own {
                for (a, b) in zip(values, other[name] ?? []) { #expect(abs(a - b) < 1e-5, "\(name)") }
            }
        }
    }

    @Test func foldsAreDealtEvenly() throws {
        let folds = try Folds.random(4).assigned(22, [:], key: Key(1))
        #expect(folds.labels == ["0", "1", "2", "3"])
        #expect((0..<4).map { fold in folds.folds.count { $0 == fold } } == [6, 6, 5, 5])
        #expect(folds.folds != (0..<22).map { $0 % 4 })
        #expect(try Folds.random(4).assigned(22, [:], key: Key(1)).folds == folds.folds)
        #expect(try Folds.random(4).assigned(22, [:], key: Key(2)).folds != folds.folds)
        let groups = try Folds.groups("g").assigned(5, ["g": .shared([4, -2, 4, 30, -2])], key: Key(1))
        #expect(groups.labels == ["-2", "4", "30"] && groups.folds == [1, 0, 1, 2, 0])
    }

    /// Rows along one of two axes: all that is observed of a row is left out together.
    @Test func rowsOfAPlate() throws {
        let table: [[Double]] = [[1, 2], [-1, 0.5], [3, 2.5]]
        let model = Model { m in
            let y = m.data("y", shape: [3, 2])
            let mean = m.sample("mean", Normal(0, 2))
            m.plate("columns", 2, dim: -1) { m in
                m.plate("items", 3, dim: -2) { m in m.observe("obs", Normal(mean, 1), y) }
            }
        }
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: .cosine(from: 0.1)), loss: TraceELBO(particles: 16))
        let result = try svi.crossValidate(
            .random(3), plate: "items", starts: 1, steps: 2000, data: ["y": .shared(table)], draws: 1 << 14, device: .cpu,
            options: StudyCases.options())
        for row in 0..<3 {
            let others = table.indices.filter { $0 != row }.flatMap { table[$0] }
            let own = StudyCases.posterior(others, priorSD: 2)
            let expected = table[row].map { StudyCases.normalDensity($0, own.mean, variance: own.sd * own.sd + 1) }.reduce(0, +)
            #expect(abs(result.pointwise[row] - expected) < 0.1, "\(row): \(result.pointwise[row]), \(expected)")
        }
    }

    @Test func theBestStartIsTaken() throws {
        let result = try run(.random(2), .interpreter, steps: 40, starts: 3, draws: 64)
        #expect(result.fits.fits.lanes == 6 && result.fits.axes.map(\.count) == [2, 3])
        #expect(try result.folds.map(\.lane) == (0..<2).map { try result.fits.best(of: $0).lane })
    }

    @Test func tablesAndDifferences() throws {
        let (one, other) = try (run(.random(8), .interpreter, steps: 40, draws: 64), run(.random(8), .interpreter, steps: 400, draws: 64))
        let text = one.description
        #expect(text.hasPrefix("left out") && text.contains("all") && text.components(separatedBy: "\n").count == 11)
        let difference = try other.difference(from: one)
        #expect(abs(difference.elpd - (other.elpd - one.elpd)) < 1e-9 && difference.error > 0)
        #expect(try one.difference(from: one) == (0, 0))
        let fewer = CrossValidation.error([1, 2, 4])
        #expect(abs(fewer - (3 * 7.0 / 3).squareRoot()) < 1e-12 && CrossValidation.error([1]).isNaN)
    }

    /// 85 counties, each left out by itself.
    @Test(arguments: TestDevice.all)
    func leaveOneCountyOut(_ device: TestDevice) throws {
        guard TestLevel.current >= (device.isInterpreter ? .full : .medium) else {
            print("radon is cross-validated from level medium on, by the interpreter from level full on")
            return
        }
        let problem = try NumPyroGoldens.problem("radon")
        let svi = SVI(problem.model, guide: AutoNormal(problem.model), optimizer: Adam(learningRate: .cosine(from: 0.05)))
        let result = try svi.crossValidate(.groups("county"), starts: 8, steps: 2000, data: problem.data, draws: 512, device: device.device)
        #expect(result.fits.fits.lanes == 85 * 8 && result.folds.count == 85 && result.pointwise.count == 919)
        #expect(result.folds.allSatisfy { $0.lane != nil } && result.elpd.isFinite)
        let all = try svi.run(keys: Key(0).split(8), steps: 2000, data: problem.data, device: device.device)
        let inside = try #require(all.logPredictiveDensities()["obs"]?[all.best.lane]).reduce(0, +)
        // Rows are predicted worse by fits that did not see them.
        #expect(result.elpd < inside - 10, "\(result.elpd), \(inside)")
    }

    @Test func mistakesAreNamed() {
        let model = StudyCases.model(priorSD: 2, rows: 8)
        let data: [String: LaneData] = ["y": .shared(Self.y)]
        func text(_ folds: Folds, plate: String? = nil, _ model: Model = model, _ data: [String: LaneData] = data) -> String? {
            errorText {
                _ = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01)).crossValidate(
                    folds, plate: plate, starts: 1, steps: 2, data: data, draws: 4, device: .cpu, options: StudyCases.options())
            }
        }
        #expect(text(.random(8)) == nil && text(.random(2), plate: "rows") == nil)
        #expect(text(.random(1)) == "cannot make 1 folds of 8 rows; give 2 to 8")
        #expect(text(.random(9))?.contains("9 folds of 8 rows") == true)
        #expect(text(.numbers([1, 2]))?.contains("the folds given have 2 numbers, and there are 8 rows") == true)
        #expect(text(.numbers(Array(repeating: 1, count: 8)))?.contains("all rows are of one group") == true)
        #expect(text(.groups("yy"))?.contains("no data 'yy' whose groups are left out; did you mean 'y'?") == true)
        #expect(text(.groups("y"))?.contains("data 'y' is to say the groups of rows, and holds 0.4") == true)
        #expect(text(.random(2), plate: "row")?.contains("nothing is observed in a plate 'row'; there are 'rows'") == true)
        #expect(text(.random(2), model, ["y": .perLane([Self.y, Self.y])])?.contains("data 'y' differ by lane") == true)
        let two = Model { m in
            let mean = m.sample("mean", Normal(0, 1))
            m.plate("rows", 8) { m in m.observe("obs", Normal(mean, 1), m.data("y")) }
            m.observe("one", Normal(mean, 1), 0.5)
        }
        #expect(text(.random(2), two)?.contains("site 'one': its log density has shape [], where site 'obs' has 8 rows") == true)
        #expect(text(.random(2), plate: "rows", two) == nil)
        let factor = Model { m in
            let mean = m.sample("mean", Normal(0, 1))
            m.plate("rows", 8) { m in m.factor("term", Normal(mean, 1).logProb(m.data("y"))) }
        }
        #expect(text(.random(2), factor)?.hasPrefix("site 'term': it is a factor, which has no predictive density") == true)
        #expect(text(.random(2), Model { m in m.sample("mean", Normal(0, 1)) }, [:])?.contains("the model observes nothing") == true)
        let ragged = Model { m in
            let mean = m.sample("mean", Normal(0, 1))
            m.plate("rows", rowsOf: "y") { m in m.observe("obs", Normal(mean, 1), m.data("y")) }
        }
        #expect(text(.random(2), ragged, ["y": .ragged([Self.y])])?.contains("differ by lane") == true)
    }
}
