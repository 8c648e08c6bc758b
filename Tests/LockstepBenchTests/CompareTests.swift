import Foundation
import TestSupport
import Testing

/// Comparisons beside a peer that this test makes: a script that prints a report. No NumPyro is needed, and what it
/// reports is in the test's hands.
@Suite struct CompareTests {
    /// - Parameters:
    ///   - shift: what the peer's losses are off by.
    ///   - body: gets the comparison's only entry, and what the command printed.
    private func compare(
        shift: Double, checksum: String? = nil, _ body: (_ entry: [String: Any], _ printed: String, BuiltProgram) throws -> Void
    ) throws {
        try withBench { program in
            let own = try BuiltProgram.object(Data(try smallReport(program, device: "cpu", ["--json"]).output.utf8))
            let loss = try #require(own["loss"] as? [String: Double])
            func moved(_ name: String) -> Double { (loss[name] ?? .nan) + shift }
            try program.write(
                "numpyro_svi.py",
                """
                cat <<END
                {"versions": {"numpyro": "0", "jax": "0"}, "device": "test: none", "fit": "run", "compile_seconds": 2,
                 "run_seconds": [4, 5, 6], "cpu_seconds": [4, 5, 6], "lane_steps_per_second": 96,
                 "loss": {"mean": \(moved("mean")), "sd": \(loss["sd"] ?? .nan), "q25": 1, "q50": \(moved("q50")), "q75": 1, "not_finite": 0},
                 "data_checksum": "\(checksum ?? own["data_checksum"] as? String ?? "")"}
                END
                """)
            let outcome = try program.run([
                "compare", "--case", "eight-schools", "--lanes", "8", "--steps", "60", "--turns", "2", "--repeat", "1", "--device", "cpu",
                "--data", dataFolder, "--python", "/bin/sh", "--peers", ".", "--json", "all.json", "--svg", "speeds.svg", "--markdown", "page.md",
            ])
            #expect(outcome.status == 0, "\(outcome.error)")
            let entries = try #require(try program.json("all.json")["comparisons"] as? [[String: Any]])
            #expect(entries.count == 1)
            try body(try #require(entries.first), outcome.output, program)
        }
    }

    @Test func thereIsARatioWhereTheFitsAgree() throws {
        try compare(shift: 0.01) { entry, printed, program in
            let ratio = try #require(entry["ratio"] as? Double)
            // The peer's median run took 5 seconds for 480 lane-steps.
            let own = try #require(entry["lockstep"] as? [[String: Any]])
            let rates = own.compactMap { $0["lane_steps_per_second"] as? Double }
            #expect(rates.count == 2)
            #expect(abs(ratio / (rates.reduce(0, +) / 2 / 96) - 1) < 1e-6)
            #expect(entry["objection"] == nil)
            #expect(!printed.contains("no ratio"))
            #expect((entry["numpyro"] as? [String: [Any]])?.mapValues(\.count) == ["run": 2, "loop": 2])
            #expect(try String(contentsOf: program.folder.appendingPathComponent("speeds.svg"), encoding: .utf8).hasPrefix("<svg"))
            #expect(try String(contentsOf: program.folder.appendingPathComponent("page.md"), encoding: .utf8).contains("| eight-schools | 8 |"))
        }
    }

    @Test func thereIsNoneWhereTheyDoNot() throws {
        try compare(shift: 1000) { entry, printed, _ in
            #expect(entry["ratio"] == nil)
            #expect(entry["cpu_ratio"] == nil)
            #expect((entry["objection"] as? String)?.contains("the losses differ by") == true)
            #expect(printed.contains("eight-schools, 8 lanes: no ratio, because the losses differ by"))
        }
        try compare(shift: 0, checksum: "0000000000000000") { entry, _, _ in
            #expect(entry["ratio"] == nil)
            #expect(entry["objection"] as? String == "the data differ")
        }
    }

    @Test func aPeerThatFailsIsReported() throws {
        try withBench { program in
            try program.write("numpyro_svi.py", "echo 'out of memory' >&2; exit 3\n")
            let outcome = try program.run([
                "compare", "--case", "eight-schools", "--lanes", "8", "--steps", "20", "--turns", "1", "--repeat", "1", "--device", "cpu",
                "--data", dataFolder, "--python", "/bin/sh", "--peers", ".", "--json", "all.json",
            ])
            #expect(outcome.status == 1)
            #expect(outcome.output.contains("eight-schools, 8 lanes: not measured: sh ended with 3: out of memory"))
            let failures = try #require(try program.json("all.json")["failures"] as? [[String: Any]])
            #expect((failures.first?["lockstep"] as? [Any])?.count == 1)
        }
    }
}
