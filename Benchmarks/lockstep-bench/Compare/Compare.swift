import ArgumentParser
import Foundation
import Lockstep

struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs cases beside their NumPyro twins, in turns.",
        discussion: "A ratio is shown only where the fits agree: \(Agreement.rule).")

    @Option(name: .customLong("case"), help: "A case; may be given several times. Default: all.") var names: [String] = []
    @Option(help: "Fits. Default: a number for each case.") var lanes: Int?
    @Option(help: "Steps of each fit. Default: a number for each case.") var steps: Int?
    @Option(help: "Numbers of lanes, as 256,1024,4096, each of which is measured.") var sweep: String?
    @Option(help: "Turns; in each, both programs run once.") var turns = 3
    @Option(help: "Runs of a program within a turn; their median counts.") var `repeat` = 3
    @Option(help: "auto, opencl, cpu or part of a device's name.") var device = "auto"
    @Option(help: "The Python that has NumPyro. Default: that of Benchmarks/peers/setup.") var python: String?
    @Option(help: "Where a picture of the speeds goes.") var svg: String?
    @Option(help: "Where a page of the results goes.") var markdown: String?
    @OptionGroup var files: DataOptions

    func validate() throws {
        guard turns > 0, `repeat` > 0, (lanes ?? 1) > 0, (steps ?? 1) > 0 else {
            throw ValidationError("--lanes, --steps, --turns and --repeat must be positive")
        }
        _ = try swept()
    }

    private func swept() throws -> [Int]? {
        guard let sweep else { return nil }
        let numbers = sweep.split(separator: ",").map { Int($0) ?? 0 }
        guard !numbers.isEmpty, numbers.allSatisfy({ $0 > 0 }) else { throw ValidationError("--sweep wants numbers, as 256,1024") }
        return numbers
    }

    func run() throws {
        let items = try names.isEmpty ? BenchmarkCase.all : names.map(BenchmarkCase.named)
        let peer = Peer(python: try PeerPython.path(python))
        var comparisons: [Comparison] = []
        var failures: [String] = []
        for item in items {
            for lanes in try swept() ?? [lanes ?? item.lanes] {
                do {
                    guard let comparison = try measure(item, peer, lanes: lanes, steps: steps ?? item.steps) else { continue }
                    comparisons.append(comparison)
                    // The pages so far, since a whole comparison takes long.
                    try write(comparisons, failures)
                } catch let failure as ChildProcess.Failure {
                    failures.append("\(item.name), \(lanes) lanes: not measured: \(failure)")
                }
            }
        }
        print(ComparisonTable(comparisons: comparisons).terminal)
        for failure in failures { print(failure) }
        try write(comparisons, failures)
        if comparisons.isEmpty || !failures.isEmpty { throw ExitCode.failure }
    }

    /// A B A B: what the machine does beside falls on both.
    private func measure(_ item: BenchmarkCase, _ peer: Peer, lanes: Int, steps: Int) throws -> Comparison? {
        var own: [RunReport] = []
        var peers: [String: [PeerReport]] = [:]
        for turn in 1...turns {
            note("\(item.name), \(lanes) lanes, turn \(turn) of \(turns)")
            own.append(try ownReport(item, lanes: lanes, steps: steps))
            for fit in Peer.fits {
                peers[fit, default: []].append(try peer.report(item, fit: fit, lanes: lanes, steps: steps, repeats: `repeat`))
            }
        }
        return Comparison(item, lanes: lanes, steps: steps, own: own, peers: peers)
    }

    /// In a process of its own, as the peer is, and without the kernels that PoCL keeps from other processes: the
    /// peer's compiler starts from nothing too.
    private func ownReport(_ item: BenchmarkCase, lanes: Int, steps: Int) throws -> RunReport {
        let program = Bundle.main.executablePath ?? CommandLine.arguments[0]
        return try RunReport(json: try ChildProcess.output(of: program, [
            "run", "--json", "--case", item.name, "--lanes", "\(lanes)", "--steps", "\(steps)", "--repeat", "\(`repeat`)",
            "--device", device, "--data", files.data,
        ], settings: ["POCL_KERNEL_CACHE": "0"]))
    }

    private func write(_ comparisons: [Comparison], _ failures: [String]) throws {
        if let svg { try Picture(comparisons: comparisons).svg.write(toFile: svg, atomically: true, encoding: .utf8) }
        if let markdown {
            let picture = svg.map { URL(fileURLWithPath: $0).lastPathComponent }
            let page = ComparisonTable(comparisons: comparisons).markdown(
                command: command, machine: Machine.description, picture: picture, failures: failures)
            try page.write(toFile: markdown, atomically: true, encoding: .utf8)
        }
    }

    /// What to type to measure the same; without the places of files, which are this machine's.
    private var command: String {
        var words = ["lockstep-bench compare"]
        words += names.map { "--case \($0)" }
        if let sweep { words.append("--sweep \(sweep)") } else if let lanes { words.append("--lanes \(lanes)") }
        if let steps { words.append("--steps \(steps)") }
        words.append("--turns \(turns) --repeat \(`repeat`) --device \(device.contains(" ") ? "'\(device)'" : device)")
        if markdown != nil { words.append("--markdown RESULTS.md") }
        if let svg { words.append("--svg \(URL(fileURLWithPath: svg).lastPathComponent)") }
        return words.joined(separator: " ")
    }

    private func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

/// Where NumPyro is.
enum PeerPython {
    static func path(_ given: String?) throws -> String {
        let path = given ?? SourceFolder.repository.appendingPathComponent(".venv-peers/bin/python").path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw ValidationError("there is no Python for the peers: run Benchmarks/peers/setup, or pass --python")
        }
        return path
    }
}
