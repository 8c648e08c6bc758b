import ArgumentParser
import Foundation

struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures how long a fit takes to start, with nothing cached and in a second process.",
        discussion: StartReport.meaning + " Exit code 1: a case is over a limit.")

    @OptionGroup var cases: CaseOptions
    @Option(help: "Fits. Default: a number for each case.") var lanes: Int?
    @Option(help: "Steps of each fit; they are not measured.") var steps = 50
    @Option(help: "Turns, of which the fastest counts.") var turns = 3
    @Option(help: "Seconds that the first launch may take with nothing cached. Default: a number for each case.") var launchLimit: Double?
    @Option(help: "Seconds that compiling may take in the second process. Default: a number for each case.") var compileLimit: Double?
    @Option(name: .customLong("json"), help: "Where the results go, as JSON.") var file: String?
    @OptionGroup var devices: DeviceOptions
    @OptionGroup var files: DataOptions

    func validate() throws {
        guard (lanes ?? 1) > 0, steps > 0, turns > 0 else { throw ValidationError("--lanes, --steps and --turns must be positive") }
    }

    func run() throws {
        let items = try cases.items() + (cases.names.isEmpty ? BenchmarkCase.scaling : [])
        var starts: [StartReport.Start] = []
        var deviceName = "no device"
        for item in items {
            note(item.name)
            let run = OwnRun(item: item, lanes: lanes ?? item.lanes, steps: steps, devices: devices, files: files)
            var fresh: [RunReport] = []
            var second: [RunReport] = []
            for _ in 0..<turns {
                let (first, next) = try twoProcesses(run)
                fresh.append(first)
                second.append(next)
            }
            starts.append(
                .init(
                    item.name, fresh: fresh, second: second, launchLimit: launchLimit ?? item.launchLimit,
                    compileLimit: compileLimit ?? item.compileLimit))
            deviceName = fresh[0].deviceName
        }
        let report = StartReport(deviceName: deviceName, starts: starts)
        print(report.text)
        if let file { try ReportJSON.write(report, to: file) }
        if !report.failures.isEmpty { throw ExitCode.failure }
    }

    /// A first one and a second, whose caches are in a folder of their own.
    private func twoProcesses(_ run: OwnRun) throws -> (RunReport, RunReport) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lockstep-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let settings = Caches.kept(in: folder)
        try run.opensDevice(settings: settings)
        return (try run.report(settings: settings), try run.report(settings: settings))
    }
}
