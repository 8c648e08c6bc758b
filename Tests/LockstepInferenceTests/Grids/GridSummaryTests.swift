import Foundation
import Lockstep
import Testing

@testable import LockstepInference

/// Summaries of many fits are those of each.
@Suite struct GridSummaryTests {
    /// As text, in which NaN equals NaN.
    private static func text(_ row: GridSummary.Row) -> String {
        "\(row.name) \([row.mean, row.sd, row.q05, row.median, row.q95])"
    }

    private static func text(_ row: Summary.Row) -> String {
        "\(row.name) \([row.mean, row.sd, row.q05, row.median, row.q95])"
    }

    @Test(arguments: TestDevice.all) func rowsAreThoseOfTheFits(_ device: TestDevice) throws {
        let grid = try GridCases.run(GridCases.datasets(), device: device.device)
        let summary = try grid.summary(by: "dataset")
        #expect(summary.axis == "dataset" && summary.groups.map(\.label) == GridCases.labels)
        #expect(summary.rows.map(\.site) == Array(repeating: ["slope", "noise", "signal"], count: 4).flatMap { $0 })
        for (dataset, group) in summary.groups.enumerated() {
            let best = try grid.best(of: dataset)
            #expect(group.lane == best.lane && group.status == best.status && group.starts == 3)
            #expect(group.elbo == best.elbo && group.elboError == best.elboError)
            #expect(try summary[group.label].map(Self.text) == best.summary().map(Self.text))
            #expect(summary[group.label].allSatisfy { $0.label == group.label && $0.q05 < $0.median && $0.median < $0.q95 })
        }
        #expect(summary["nothing"].isEmpty)
        // Of one dataset, by a setting and by the start.
        let byRate = try grid.summary(by: "rate", dataset: "last", settings: ["spread": 2])
        #expect(byRate.groups.map(\.label) == ["0.05", "0.01"])
        #expect(try byRate.groups.map(\.lane) == [0.05, 0.01].map { try grid.best(of: "last", settings: ["rate": $0, "spread": 2]).lane })
        #expect(try grid.summary(by: "start", dataset: 0, settings: ["spread": 2, "rate": 0.05]).groups.map(\.lane) == [6, 7, 8])
        #expect(try grid.summary(dataset: "last").rows == Array(summary["last"]))
    }

    /// By hand: starts of the dataset and the settings of the best.
    @Test func startsThatAgreeAreCounted() throws {
        let grid = try GridCases.run(GridCases.datasets(), starts: 6, settings: ["spread": [0.5, 2], "rate": [0.002]])
        let summary = try grid.summary()
        for group in summary.groups {
            let best = try #require(group.lane)
            let starts = (best / 6 * 6)..<(best / 6 * 6 + 6)
            let agreeing = starts.filter { lane in
                let (a, b) = (grid.fits.elboError[lane], grid.fits.elboError[best])
                return grid.fits.elbo[lane] >= grid.fits.elbo[best] - 0.1 - 3 * (a * a + b * b).squareRoot()
            }
            #expect(group.starts == 6 && group.agreeing == Double(agreeing.count) / 6)
        }
        #expect(summary.groups.contains { $0.agreeing < 1 } && summary.groups.allSatisfy { $0.agreeing > 0 })
        var options = GridCases.options
        options.finalDraws = 0
        let without = try GridCases.run(GridCases.datasets(), options: options)
        #expect(try without.summary().groups.allSatisfy { $0.agreeing.isNaN && $0.elbo.isNaN && $0.lane != nil })
        #expect(try without.summary().groups.map(\.lane) == without.best.map { $0?.lane })
    }

    @Test func lostDatasetsHaveNoNumbers() throws {
        let grid = try GridCases.withBadDataset()
        let summary = try grid.summary()
        let lost = summary.groups[1]
        #expect(lost.label == "a,b" && lost.lane == nil && lost.status == .badData && lost.elbo.isNaN && lost.agreeing.isNaN)
        #expect(summary["a,b"].map(Self.text) == ["slope", "noise", "signal"].map { "\($0) [nan, nan, nan, nan, nan]" })
        #expect(summary["last"].allSatisfy { $0.mean.isFinite })
        let lines = "\(summary)".split(separator: "\n").filter { $0.hasPrefix("a,b") }
        #expect(lines.count == 1 && lines[0].contains("bad data") && !lines[0].contains("nan"))
        let csv = summary.csv.components(separatedBy: "\r\n").filter { $0.hasPrefix("\"a,b\"") }
        #expect(csv == ["slope", "noise", "signal"].map { "\"a,b\",bad data,,,3,,\($0),,,,,," })
        // Where nothing is left there is still something to say.
        var options = GridCases.options
        options.badData = .leaveOut
        let nothing = try GridCases.run(GridCases.datasets([[.nan, 0, 0, 0, 0, 0]], ["a"]), options: options)
        #expect(nothing.best.allSatisfy { $0 == nil })
        #expect(try nothing.summary().groups.map(\.status) == [.badData] && nothing.summary().rows.allSatisfy { $0.mean.isNaN })
    }

    @Test func tablesAreForPrograms() throws {
        let grid = try GridCases.run(GridCases.datasets())
        let summary = try grid.summary()
        let lines = summary.csv.components(separatedBy: "\r\n")
        // The last line ends, too.
        #expect(lines.count == 1 + 12 + 1 && lines[13].isEmpty)
        #expect(lines[0] == "dataset,status,elbo,elboError,starts,agreeing,site,index,mean,sd,q05,median,q95")
        #expect(lines[4].hasPrefix("\"a,b\",finished,") && lines[7].hasPrefix("\"say \"\"x\"\"\",finished,"))
        let fields = lines[1].split(separator: ",", omittingEmptySubsequences: false)
        #expect(fields.count == 13 && fields[0] == "NGC 7" && fields[6] == "slope" && fields[7].isEmpty)
        // To the last bit.
        let row = summary.rows[0]
        let numbers: [Double?] = [row.mean, row.sd, row.q05, row.median, row.q95]
        #expect(fields[8...].map { Double($0) } == numbers)
        #expect(Double(fields[2]) == summary.groups[0].elbo)
        let text = "\(summary)"
        #expect(text.contains("NGC 7") && text.contains("slope") && text.contains("agreeing") && !text.contains("are shown"))
    }

    @Test func longTablesAreCut() throws {
        let model = Model { m in
            let mu = m.sample("mu", Normal(0, 1), shape: [2, 7])
            m.observe("obs", Normal(mu[0, 0], 1), m.data("y", shape: []))
        }
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.05))
        let y = (0..<30).map { Double($0) }
        let summary = try svi.run(starts: 1, datasets: Datasets(["y": .perLane(y)]), steps: 5, device: .cpu, options: GridCases.options).summary()
        let text = "\(summary)"
        #expect(text.contains("There are 30 labels; the first 20 are shown.") && text.contains("mu has 14 elements; the first 10 are shown."))
        let lines = text.split(separator: "\n")
        #expect(lines.count == 1 + 20 + 1 + 20 * 10 + 2)
        #expect(text.contains("mu[1,2]") && !text.contains("mu[1,3]"))
        #expect(summary["29"].map(\.name).last == "mu[1,6]" && summary["29"].count == 14)
        #expect(summary.csv.contains("\r\n29,finished,") && summary.csv.contains(",mu,1 6,"))
    }
}
