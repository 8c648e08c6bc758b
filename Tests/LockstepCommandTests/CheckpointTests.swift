import Foundation
import Lockstep
import TestSupport
import Testing

/// A program that is killed and begun again comes to what an undisturbed one comes to, to the bit.
@Suite(.serialized) struct CheckpointTests {
    /// What a report says of lanes, without times.
    private static func results(_ program: BuiltProgram, _ file: String) throws -> NSDictionary {
        var report = try program.json(file)
        for name in ["compile_seconds", "run_seconds"] { report[name] = nil }
        return report as NSDictionary
    }

    /// Runs of some seconds.
    private static let runs: [[String]] = [
        ["fit", "eight-schools", "--lanes", "512", "--steps", "30000"],
        ["fit", "eight-schools", "--lanes", "20000", "--steps", "400", "--algorithm", "minimize"],
        // Datasets of their own numbers of rows, of which fits leave the batch one after the other.
        [
            "fit", "light-curve", "--data", Repository.root.appendingPathComponent("Benchmarks/data/light_curves.csv").path, "--group",
            "object_id", "--starts", "32", "--steps", "4000",
        ],
    ]

    @Test(arguments: runs, deviceChoices) func killedRunsGoOn(_ arguments: [String], _ device: String) throws {
        let wanted = TestLevel.count(small: 3, medium: 10, full: 50)
        try withProgram { program in
            let common = arguments + ["--device", device, "--json"]
            let start = Date()
            #expect(try program.run(common + ["whole.json"]).status == 0)
            let seconds = Date().timeIntervalSince(start)
            let whole = try Self.results(program, "whole.json")
            var random = SplitMix64(seed: 5)
            var (kills, ends) = (0, 0)
            while kills < wanted || ends == 0 {
                let running = try program.start(common + ["fit.json", "--checkpoint", "run.checkpoint", "--checkpoint-seconds", "0.02"])
                // From before the first step to the end.
                let moment = Date(timeIntervalSinceNow: kills < wanted ? Double(random.next() % 1000) / 1000 * 1.2 * seconds : 1000)
                while running.process.isRunning, Date() < moment { Thread.sleep(forTimeInterval: 0.002) }
                if running.process.isRunning {
                    kill(running.process.processIdentifier, SIGKILL)
                    kills += 1
                }
                running.process.waitUntilExit()
                let outcome = try running.outcome()
                if outcome.status == 128 + SIGKILL { continue }
                #expect(outcome.status == 0, "\(outcome.error)")
                #expect(try Self.results(program, "fit.json") == whole)
                ends += 1
                try FileManager.default.removeItem(at: program.folder.appendingPathComponent("run.checkpoint"))
            }
            // What was half-written when the program was killed may be left, what is whole is not.
            #expect(ends >= 1 && kills >= wanted)
        }
    }

    /// Ctrl-C saves what there is, whenever the next time to save would have been.
    @Test(arguments: deviceChoices) func interruptedRunsAreSaved(_ device: String) throws {
        try withProgram { program in
            let common = Self.runs[0] + ["--device", device, "--json"]
            let start = Date()
            #expect(try program.run(common + ["whole.json"]).status == 0)
            let seconds = Date().timeIntervalSince(start)
            let saving = common + ["fit.json", "--checkpoint", "run.checkpoint", "--checkpoint-seconds", "1000"]
            let file = program.folder.appendingPathComponent("run.checkpoint")
            var interrupted = 0
            // Sooner each time, until one comes while steps are taken.
            for part in [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1] where interrupted == 0 {
                try? FileManager.default.removeItem(at: file)
                let running = try program.start(saving)
                Thread.sleep(forTimeInterval: part * seconds)
                kill(running.process.processIdentifier, SIGINT)
                running.process.waitUntilExit()
                let status = try running.outcome().status
                #expect(status == 0 || status == 128 + SIGINT)
                if status != 0, FileManager.default.fileExists(atPath: file.path) { interrupted += 1 }
            }
            #expect(interrupted > 0)
            #expect(try program.run(saving).status == 0)
            #expect(try Self.results(program, "fit.json") == Self.results(program, "whole.json"))
        }
    }

    /// A file that belongs to another run is not overwritten.
    @Test func otherRunsAreErrors() throws {
        try withProgram { program in
            let small = ["fit", "eight-schools", "--lanes", "2", "--device", "cpu", "--checkpoint", "run.checkpoint", "--steps"]
            #expect(try program.run(small + ["20"]).status == 0)
            let other = try program.run(small + ["30"])
            #expect(other.status == 1 && other.error.contains("run.checkpoint holds a run of 2 lanes and 20 steps"), "\(other.error)")
            let guide = try program.run(small + ["20", "--guide", "delta"])
            #expect(guide.status == 1 && guide.error.contains("the model, the algorithm"), "\(guide.error)")
            // A run that is finished has nothing left to do.
            #expect(try program.run(small + ["20"]).output.contains("finished 2"))
            try program.write("run.checkpoint", "nothing")
            #expect(try program.run(small + ["20"]).error.contains("holds no saved run"))
        }
    }

    @Test func badNumbersAreErrors() throws {
        try withProgram { program in
            for text in ["0", "-1", "nan"] {
                let outcome = try program.run(["fit", "eight-schools", "--checkpoint", "x", "--checkpoint-seconds", text])
                #expect(outcome.status != 0 && outcome.error.contains("--checkpoint-seconds"), "\(text): \(outcome.error)")
            }
            let unknown = try program.run(["fit", "eight-schools", "--algorithm", "newton"])
            #expect(unknown.status == 1 && unknown.error.contains("unknown algorithm 'newton'; choose from: svi, minimize"))
        }
    }
}
