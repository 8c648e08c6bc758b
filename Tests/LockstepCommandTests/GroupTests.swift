import Foundation
import LockstepTables
import TestSupport
import Testing

@testable import lockstep_cli

/// Many datasets from one table: `lockstep fit MODEL --group COLUMN`.
@Suite struct GroupTests {
    /// Lines of known slope and intercept, with residuals that are orthogonal to both; rows of the groups are interleaved.
    private struct Lines {
        let labels = ["b", "a, \"x\"", "007", "c"]
        let slopes = [2.0, -1.0, 0.5, 3.0]
        let intercepts = [1.0, 4.0, -2.0, 0.0]
        let counts = [24, 8, 40, 16]
        let size = 0.1

        /// Of 8 rows in turn: their sums with 1 and with x, over eight on end, are 0.
        private static let residuals = [1.0, -1, -1, 1, -1, 1, 1, -1]

        var csv: String {
            var lines: [String] = []
            for row in 0..<(counts.max() ?? 0) {
                for group in labels.indices where row < counts[group] {
                    let x = Double(row) / 4
                    let y = intercepts[group] + slopes[group] * x + size * Self.residuals[row % 8]
                    lines.append("\"\(labels[group].replacing("\"", with: "\"\""))\",\(x),\(y)")
                }
            }
            return "name,x,y\n" + lines.joined(separator: "\n") + "\n"
        }
    }

    private static let fit = [
        "fit", "line", "--data", "lines.csv", "--group", "name", "--device", "cpu", "--steps", "3000", "--starts", "3", "--convergence", "none",
    ]

    @Test func eachGroupIsFittedByItself() throws {
        let lines = Lines()
        try withProgram { program in
            try program.write("lines.csv", lines.csv)
            let outcome = try program.run(Self.fit + ["--csv", "answers", "--json", "fit.json"])
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(outcome.error.isEmpty)
            for label in lines.labels { #expect(outcome.output.contains("\n\(label) "), "\(outcome.output)") }
            #expect(outcome.output.hasPrefix("name "))
            #expect(outcome.output.contains("data    4 datasets, 3 starts of each\n"))
            #expect(outcome.output.contains("finished 12, diverged 0, no valid start 0"))
            #expect(try program.files() == ["answers", "fit.json", "lines.csv"])

            // Least squares gives slope and intercept themselves, as priors are wide.
            let folder = program.folder.appendingPathComponent("answers")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["fits.csv", "summary.csv"])
            let summary = try Table(path: folder.path + "/summary.csv").grouped(by: "name")
            #expect(summary.labels == lines.labels)
            #expect(summary.table.header == ["name", "parameter", "mean", "sd", "q05", "median", "q95"])
            #expect(try summary.table.levels("parameter") == ["intercept", "slope", "sigma"])
            let (mean, sd) = (try summary.numbers("mean"), try summary.numbers("sd"))
            for group in lines.labels.indices {
                #expect(abs(mean[group][0] - lines.intercepts[group]) < 0.05, "\(lines.labels[group])")
                #expect(abs(mean[group][1] - lines.slopes[group]) < 0.03, "\(lines.labels[group])")
                #expect(abs(mean[group][2] - lines.size) < 0.06, "\(lines.labels[group])")
                #expect(sd[group].allSatisfy { $0 > 0 && $0 < 0.1 })
            }
            let fits = try Table(path: folder.path + "/fits.csv").grouped(by: "name")
            #expect(fits.labels == lines.labels && fits.rowCounts == [3, 3, 3, 3])
            #expect(fits.table.header == ["name", "start", "status", "elbo", "loss", "steps"])
            #expect(try fits.numbers("start") == Array(repeating: [0, 1, 2], count: 4))
            #expect(try fits.table.levels("status") == ["finished"])
            #expect(try fits.table.numbers("steps").allSatisfy { $0 == 3000 })
            let elbo = try fits.numbers("elbo")

            let json = try program.json("fit.json")
            #expect(json["datasets"] as? Int == 4 && json["starts"] as? Int == 3 && json["lanes"] as? Int == 12)
            #expect(json["group"] as? String == "name")
            let results = try #require(json["results"] as? [[String: Any]])
            #expect(results.map { $0["label"] as? String } == lines.labels)
            for (group, result) in results.enumerated() {
                #expect(Set(result.keys) == ["label", "status", "reason", "best_start", "elbo", "elbo_error", "starts_near", "posterior"])
                #expect(result["status"] as? String == "finished")
                let best = try #require(result["best_start"] as? Int)
                #expect(elbo[group].indices.max { elbo[group][$0] < elbo[group][$1] } == best)
                #expect(result["elbo"] as? Double == elbo[group][best])
                #expect(result["starts_near"] as? Int == elbo[group].count { $0 >= elbo[group][best] - 0.1 })
                let posterior = try #require(result["posterior"] as? [String: [String: Double]])
                #expect(posterior["slope"]?["mean"] == mean[group][1])
                #expect(Set(posterior["slope"]?.keys.map { $0 } ?? []) == ["mean", "sd", "q05", "q50", "q95"])
            }
        }
    }

    /// The keys are others, so that fits agree as those of other seeds do.
    @Test func aTableIsOneGroupWithoutTheOption() throws {
        try withProgram { program in
            let lines = (0..<16).map { "only,\(Double($0) / 4),\(1 + Double($0) / 2 + ($0 % 2 == 0 ? 0.1 : -0.1))" }.joined(separator: "\n")
            try program.write("lines.csv", "name,x,y\n\(lines)\n")
            let arguments = ["fit", "line", "--data", "lines.csv", "--device", "cpu", "--steps", "3000", "--convergence", "none"]
            #expect(try program.run(arguments + ["--lanes", "3", "--json", "one.json"]).status == 0)
            #expect(try program.run(arguments + ["--group", "name", "--starts", "3", "--csv", "group"]).status == 0)
            let one = try #require(try program.json("one.json")["elbo"] as? [Double])
            let group = try Table(path: program.folder.path + "/group/fits.csv").numbers("elbo")
            #expect(one.count == 3 && group.count == 3 && (one + group).allSatisfy { abs($0 - one[0]) < 0.5 }, "\(one) \(group)")
        }
    }

    /// Fits stop once they only wander, unless they are told not to; of one dataset they do not, unless they are told to.
    @Test func fitsOfGroupsStopByThemselves() throws {
        try withProgram { program in
            try program.write("lines.csv", Lines().csv)
            let arguments = ["fit", "line", "--data", "lines.csv", "--group", "name", "--device", "cpu", "--starts", "3", "--csv", "out"]
            #expect(try program.run(arguments + ["--steps", "20000"]).status == 0)
            let steps = try Table(path: program.folder.path + "/out/fits.csv").numbers("steps")
            #expect(steps.allSatisfy { $0 < 20000 } && Set(steps).count > 1, "\(steps)")
            let one = ["fit", "eight-schools", "--lanes", "4", "--device", "cpu", "--steps", "20000"]
            #expect(try program.run(one + ["--convergence", "automatic"]).output.contains("finished 0, converged 4"))
            let unknown = try program.run(arguments + ["--convergence", "soon"])
            #expect(unknown.status == 1 && unknown.error.contains("unknown convergence 'soon'; choose from: automatic, none"))
        }
    }

    @Test func manyGroupsAreCutToAScreen() throws {
        try withProgram { program in
            let rows = (0..<60).map { row in "g\(row % 30)\u{1B}[2J,\(row),\(row)" }
            try program.write("lines.csv", "name,x,y\n" + rows.joined(separator: "\n") + "\n")
            let arguments = ["fit", "line", "--data", "lines.csv", "--group", "name", "--device", "cpu", "--steps", "5"]
            let outcome = try program.run(arguments)
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("g19\\u{1b}[2J ") && !outcome.output.contains("g20"))
            #expect(outcome.output.contains("and 10 more; --csv DIR writes all"))
            #expect(outcome.output.contains("data    30 datasets, 8 starts of each"))
            #expect(!outcome.output.unicodeScalars.contains { $0.value == 27 })
            // JSON alone on standard output.
            let json = try program.run(arguments + ["--json", "-"])
            #expect((try BuiltProgram.object(Data(json.output.utf8))["results"] as? [Any])?.count == 30)
        }
    }

    /// Data of one group that cannot be used cost the others nothing.
    @Test func aLostGroupSaysWhy() throws {
        try withProgram { program in
            try program.write("lines.csv", "name,x,y\na,0,1\na,1,2\na,2,3\nb,0,1e30\nb,1,0\nb,2,1\n")
            let arguments = [
                "fit", "line", "--data", "lines.csv", "--group", "name", "--device", "cpu", "--steps", "50", "--csv", "out", "--json", "fit.json",
            ]
            let outcome = try program.run(arguments)
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(outcome.output.contains("none of the starts finished in 1"))
            let results = try #require(try program.json("fit.json")["results"] as? [[String: Any]])
            #expect(results[0]["status"] as? String == "finished" && results[0]["reason"] is NSNull)
            #expect(results[1]["status"] as? String != "finished")
            #expect((results[1]["reason"] as? String)?.contains("site 'obs'") == true)
            #expect(
                results[1]["best_start"] is NSNull && results[1]["elbo"] is NSNull && (results[1]["posterior"] as? [String: Any])?.isEmpty == true)
            let folder = program.folder.path + "/out"
            #expect(try Table(path: folder + "/summary.csv").levels("name") == ["a"])
            let elbo = try Table(path: folder + "/fits.csv").numbers("elbo", missing: .nan)
            #expect(elbo.map(\.isNaN) == Array(repeating: false, count: 8) + Array(repeating: true, count: 8))
        }
    }

    /// The parameters that the made-up light curves were made of.
    @Test func lightCurvesAreRecovered() throws {
        let data = Repository.benchmarks.appendingPathComponent("data/light_curves.csv").path
        try withProgram { program in
            let arguments = ["fit", "light-curve", "--data", data, "--group", "object_id", "--starts", "8", "--csv", "out"]
            let outcome = try program.run(arguments)
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(outcome.output.contains("data    30 datasets, 8 starts of each"))
            let summary = try Table(path: program.folder.path + "/out/summary.csv").grouped(by: "object_id")
            let names = try summary.table.levels("parameter")
            #expect(Set(names) == ["amplitude", "t0", "rise", "fall", "plateau", "scatter"])
            let (fall, amplitude) = (try #require(names.firstIndex(of: "fall")), try #require(names.firstIndex(of: "amplitude")))
            let medians = try summary.numbers("median")
            // Of those with many rows, as Benchmarks/data/light_curves.py drew them.
            let truth: [(label: String, amplitude: Double, fall: Double)] = [
                ("SN05", 82, 11.5), ("SN09", 295, 20.9), ("SN14", 82, 19.8), ("SN15", 313, 12.7), ("SN20", 156, 15.9), ("SN27", 1151, 16.3),
            ]
            for object in truth {
                let place = try #require(summary.labels.firstIndex(of: object.label))
                #expect(abs(medians[place][amplitude] / object.amplitude - 1) < 0.15, "\(object.label): \(medians[place])")
                #expect(abs(medians[place][fall] / object.fall - 1) < 0.15, "\(object.label): \(medians[place])")
            }
        }
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let arguments: String
        let message: String
        var data = "name,x,y\na,0,1\n"
        var testDescription: String { arguments }
    }

    @Test(arguments: [
        Bad(arguments: "line --data data.csv --group id", message: "data.csv: there is no column 'id'; there are: name, x, y"),
        Bad(arguments: "line --group name", message: "--group name needs a table: pass --data FILE.csv"),
        Bad(arguments: "radon --data data.csv --group name", message: "the model 'radon' is not fitted by groups; choose from: line, light-curve"),
        Bad(arguments: "line --data data.csv --group name --lanes 7", message: "--lanes follows from --group; give --starts"),
        Bad(arguments: "line --data data.csv --starts 7", message: "--starts is of each group; give --lanes, or --group COLUMN"),
        Bad(arguments: "line --data data.csv --csv out", message: "--csv writes tables of groups; give --group COLUMN"),
        Bad(arguments: "line --data data.csv --group name --starts 0", message: "--starts is 0; give 1 to"),
        Bad(
            arguments: "line --data data.csv --group name --starts 16777216", message: "2 groups of 16777216 starts are more than 16777216 fits",
            data: "name,x,y\na,0,1\nb,0,1\n"),
        Bad(arguments: "line --data data.csv --group name --csv data.csv", message: "cannot write to data.csv: it is not a folder"),
        Bad(arguments: "line --data data.csv --group name --csv no/out", message: "cannot make the folder no/out: no such file or directory"),
        Bad(
            arguments: "line --data data.csv --group name", message: "data.csv: line 3, column 'name': there is no text",
            data: "name,x,y\na,0,1\n,0,1\n"),
        Bad(
            arguments: "line --data data.csv --group name", message: "data.csv: line 3, column 'y': there is no number",
            data: "name,x,y\na,0,1\nb,0,\n"),
        Bad(
            arguments: "light-curve --data data.csv --group name", message: "line 2, column 'flux_error': 0.0 is not a standard deviation",
            data: "name,time,flux,flux_error\na,0,1,0\n"),
        Bad(arguments: "light-curve", message: "the model 'light-curve' needs data: pass --data FILE.csv"),
    ])
    func mistakesAreOneLine(_ bad: Bad) throws {
        try withProgram { program in
            try program.write("data.csv", bad.data)
            let outcome = try program.run(["fit"] + bad.arguments.split(separator: " ").map(String.init) + ["--device", "cpu"])
            #expect(outcome.status == 1)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorLines.count == 1 && outcome.error.contains(bad.message), "\(outcome.error)")
            #expect(try program.files() == ["data.csv"])
        }
    }

    /// Columns of a CSV report are read back as they were.
    @Test func tablesAreQuoted() throws {
        let texts = ["a", "b,c", "say \"so\"", "two\nlines", ""]
        var csv = CSVText()
        csv.row([.text("name"), .text("n"), .text("x")])
        for (number, text) in texts.enumerated() { csv.row([.text("=" + text), .whole(number), .number(number == 1 ? .nan : 0.1)]) }
        let table = try Table(csv: String(decoding: csv.bytes, as: UTF8.self), name: "t")
        #expect(try table.levels("name") == texts.map { "=" + $0 })
        #expect(try table.numbers("n") == [0, 1, 2, 3, 4])
        #expect(try table.numbers("x", missing: .nan).map { $0.isNaN ? -1 : $0 } == [0.1, -1, 0.1, 0.1, 0.1])
    }
}
