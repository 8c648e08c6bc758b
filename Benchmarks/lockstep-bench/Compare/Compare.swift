import ArgumentParser
import Foundation
import Lockstep

struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs cases beside their NumPyro twins, in turns.",
        discussion: "A ratio is shown only where the fits agree: \(Agreement.rule).")

    @OptionGroup var cases: CaseOptions
    @Option(help: "Fits. Default: a number for each case.") var lanes: Int?
    @Option(help: "Steps of each fit. Default: a number for each case.") var steps: Int?
    @Option(help: "Numbers of lanes, as 256,1024,4096, each of which is measured.") var sweep: LaneCounts?
    @Option(help: "Turns; in each, both programs run once.") var turns = 3
    @Option(help: "Runs of a program within a turn; their median counts.") var `repeat` = 3
    @Option(help: "Where a picture of the speeds goes.") var svg: String?
    @Option(help: "Where a page of the results goes.") var markdown: String?
    @Option(name: .customLong("json"), help: "Where all reports go, as JSON.") var json: String?
    @OptionGroup var devices: DeviceOptions
    @OptionGroup var peers: PeerOptions
    @OptionGroup var files: DataOptions

    func validate() throws {
        guard turns > 0, `repeat` > 0, (lanes ?? 1) > 0, (steps ?? 1) > 0 else {
            throw ValidationError("--lanes, --steps, --turns and --repeat must be positive")
        }
    }

    func run() throws {
        let items = try cases.items()
        let peer = try peers.peer()
        var comparisons: [Comparison] = []
        var failures: [ComparisonFailure] = []
        for item in items {
            for lanes in sweep?.counts ?? [lanes ?? item.lanes] {
                var own: [RunReport] = []
                do {
                    guard let comparison = try measure(item, peer, lanes: lanes, steps: steps ?? item.steps, &own) else { continue }
                    comparisons.append(comparison)
                    // The pages so far, since a whole comparison takes long.
                    try write(comparisons, failures)
                } catch let failure as ChildProcess.Failure {
                    failures.append(ComparisonFailure(case: item.name, lanes: lanes, reason: "\(failure)", lockstep: own))
                    try write(comparisons, failures)
                }
            }
        }
        print(ComparisonTable(comparisons: comparisons).terminal)
        for failure in failures { print(failure.text) }
        try write(comparisons, failures)
        if comparisons.isEmpty || !failures.isEmpty { throw ExitCode.failure }
    }

    /// A B A B: what the machine does beside falls on both.
    ///
    /// - Parameter own: what was measured of Lockstep, also where the peer fails.
    private func measure(
        _ item: BenchmarkCase, _ peer: Peer, lanes: Int, steps: Int, _ own: inout [RunReport]
    ) throws -> Comparison? {
        var peers: [String: [PeerReport]] = [:]
        for turn in 1...turns {
            note("\(item.name), \(lanes) lanes, turn \(turn) of \(turns)")
            // Without cached kernels: the peer's compiler starts from nothing too.
            own.append(
                try OwnRun(
                    item: item, lanes: lanes, steps: steps, repeats: `repeat`, devices: devices, files: files
                ).report(settings: Caches.none))
            for fit in Peer.fits {
                peers[fit, default: []].append(try peer.report(item, fit: fit, lanes: lanes, steps: steps, repeats: `repeat`))
            }
        }
        return Comparison(item, lanes: lanes, steps: steps, own: own, peers: peers)
    }

    private func write(_ comparisons: [Comparison], _ failures: [ComparisonFailure]) throws {
        if let svg { try Picture(comparisons: comparisons).svg.write(toFile: svg, atomically: true, encoding: .utf8) }
        if let markdown {
            let picture = svg.map { URL(fileURLWithPath: $0).lastPathComponent }
            let page = ComparisonTable(comparisons: comparisons).markdown(
                command: command, machine: Machine.description, picture: picture, failures: failures.map(\.text))
            try page.write(toFile: markdown, atomically: true, encoding: .utf8)
        }
        if let json {
            try ReportJSON.write(ComparisonRecord(comparisons: comparisons, command: command, failures: failures), to: json)
        }
    }

    /// What to type to measure the same; without the places of files, which are this machine's.
    private var command: String {
        var words = ["lockstep-bench compare"]
        words += cases.words
        if let sweep { words.append("--sweep \(sweep)") } else if let lanes { words.append("--lanes \(lanes)") }
        if let steps { words.append("--steps \(steps)") }
        words.append("--turns \(turns) --repeat \(`repeat`) \(devices.text)")
        if markdown != nil { words.append("--markdown RESULTS.md") }
        if let svg { words.append("--svg \(URL(fileURLWithPath: svg).lastPathComponent)") }
        return words.joined(separator: " ")
    }
}
