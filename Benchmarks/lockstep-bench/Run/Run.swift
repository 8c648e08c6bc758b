import ArgumentParser
import Foundation
import Lockstep
import LockstepExamples

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Names the cases.")

    func run() {
        for item in BenchmarkCase.all { print("\(item.name): \(item.summary), \(item.rows) rows") }
    }
}

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs one case and prints what it took, as JSON.")

    @Option(name: .customLong("case"), help: "The case; see list.") var name: String
    @Option(help: "Fits.") var lanes = 4096
    @Option(help: "Steps of each fit.") var steps = 1000
    @Option(help: "auto, opencl, cpu or part of a device's name.") var device = "auto"
    @Option(help: "Runs; the median counts.") var `repeat` = 1
    @OptionGroup var files: DataOptions

    func run() throws {
        let item = try BenchmarkCase.named(name)
        let problem = try item.problem(files.data, lanes)
        let svi = SVI(problem.model, guide: AutoNormal(problem.guided), optimizer: Adam(learningRate: 0.01))
        let chosen: Device = ["auto": .auto, "opencl": .opencl, "cpu": .cpu][device] ?? .named(device)
        var runs: [Fits] = []
        var processorSeconds: [Double] = []
        for _ in 0..<max(`repeat`, 1) {
            let before = ProcessorTime.seconds
            defer { processorSeconds.append(ProcessorTime.seconds - before) }
            runs.append(try svi.run(keys: Key(0).split(lanes), steps: steps, data: problem.data, device: chosen))
        }
        let fits = runs[0]
        let seconds = runs.map(\.timings.run).sorted()[runs.count / 2]
        let losses = fits.loss.filter { !$0.isNaN }
        let mean = losses.reduce(0, +) / Double(losses.count)
        let variance = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(losses.count)
        let report = Report(
            case: name, device: fits.deviceKind, device_name: fits.deviceName, lanes: lanes, rows: item.rows, steps: steps,
            trace_seconds: fits.timings.trace, compile_seconds: fits.timings.compile, run_seconds: seconds,
            cpu_seconds: processorSeconds.sorted()[runs.count / 2],
            lane_steps_per_second: Double(lanes * steps) / seconds,
            loss: .init(mean: mean, sd: variance.squareRoot(), min: losses.min() ?? .nan))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }

    private struct Report: Encodable {
        struct Loss: Encodable { let mean, sd, min: Double }
        let `case`, device, device_name: String
        let lanes, rows, steps: Int
        let trace_seconds, compile_seconds, run_seconds, cpu_seconds, lane_steps_per_second: Double
        let loss: Loss
    }
}

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Prints a case's lane program and kernel.")

    @Option(name: .customLong("case"), help: "The case; see list.") var name: String
    @OptionGroup var files: DataOptions

    func run() throws {
        let item = try BenchmarkCase.named(name)
        let problem = try item.problem(files.data, 16)
        let svi = SVI(problem.model, guide: AutoNormal(problem.guided), optimizer: Adam(learningRate: 0.01))
        let explained = try svi.explain(steps: 1000, lanes: 16, data: problem.data)
        print(explained.laneProgram)
        print()
        print(explained.kernel)
    }
}

/// The processor time of this process on all cores: what a run costs even when others share the machine.
enum ProcessorTime {
    static var seconds: Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return .nan }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
