import Foundation
import TestSupport
import Testing

@testable import lockstep_bench

@Suite struct ScaleAndStartTests {
    @Test func costsAreMediansPerLaneStep() throws {
        let small = try [3.0, 1, 2].map { try RunReport.made(lanes: 1000, steps: 10, run: $0, cpu: 2 * $0) }
        let large = [try RunReport.made(lanes: 4000, steps: 10, run: 9.5, cpu: 16)]
        let report = ScaleReport("wide", [small, large], allowed: 0.2)
        #expect(report.sizes.map(\.nanosecondsPerLaneStep) == [200_000, 237_500])
        #expect(report.sizes.map(\.ratio) == [1, 1.1875])
        #expect(report.sizes.map(\.cpuRatio) == [1, 1])
        #expect(report.isFlat)
        #expect(report.text.contains("\nflat: the dearest costs 19 % more"))
        #expect(!ScaleReport("wide", [small, large], allowed: 0.18).isFlat)
        #expect(ScaleReport("wide", [small, large], allowed: 0.18).text.contains("NOT flat"))
        #expect(!ScaleReport("wide", [], allowed: 0.2).isFlat)
    }

    @Test func eachNumberOfLanesIsMeasured() throws {
        try withBench { program in
            let arguments = [
                "scale", "--lanes", "16,64", "--steps", "40", "--turns", "1", "--device", "cpu", "--data", dataFolder, "--json", "scale.json",
            ]
            let outcome = try program.run(arguments + ["--within", "1e9"])
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("peak MiB"))
            let sizes = try #require(try program.json("scale.json")["sizes"] as? [[String: Any]])
            #expect(sizes.compactMap { $0["lanes"] as? Int } == [16, 64])
            #expect(sizes.allSatisfy { ($0["peak_memory_bytes"] as? Int ?? 0) > 1 << 20 })
        }
    }

    @Test func startsAreHeldAgainstTheirLimits() throws {
        func report(_ fresh: [RunReport], _ second: [RunReport]) -> StartReport {
            StartReport(deviceName: "abacus", starts: [.init("wide", fresh: fresh, second: second, launchLimit: 1, compileLimit: 0.05)])
        }
        let slow = try RunReport.made(compile: 1.1, firstLaunch: 1.2)
        let fast = try RunReport.made(compile: 0.04, firstLaunch: 0.3)
        // The fastest counts.
        #expect(report([slow, fast], [slow, fast]).failures.isEmpty)
        #expect(report([slow, fast], [slow, fast]).text.hasSuffix("all first launches and second processes are within their limits"))
        #expect(report([slow], [fast]).failures == ["wide: the first launch took 1.2 s; the limit is 1 s"])
        #expect(report([fast], [slow]).failures == ["wide: the second process compiled for 1.1 s; the limit is 0.05 s"])
        #expect(report([], []).failures.count == 2)
    }

    @Test(arguments: deviceChoices) func aSecondProcessIsMeasured(_ device: String) throws {
        try withBench { program in
            let outcome = try program.run([
                "start", "--case", "eight-schools", "--lanes", "16", "--turns", "1", "--launch-limit", "600", "--compile-limit", "600",
                "--device", device, "--data", dataFolder, "--json", "start.json",
            ])
            #expect(outcome.status == 0, "\(outcome.error)")
            let start = try #require((try program.json("start.json")["starts"] as? [[String: Any]])?.first)
            let compile = try ["fresh", "second"].map { try #require((start[$0] as? [String: Double])?["compile"]) }
            // The cache is worth something where a driver compiles.
            if device == "opencl" { #expect(compile[1] < 0.7 * compile[0], "\(compile)") }
        }
    }
}
