import ArgumentParser
import Foundation

/// What the peer's script reports.
struct PeerReport: Codable {
    struct Loss: Codable {
        let mean, sd, q25, q50, q75: Double?
        let notFinite: Int
    }

    let versions: [String: String]
    let device: String
    let fit: String
    let compileSeconds: Double
    let runSeconds, cpuSeconds: [Double]
    let laneStepsPerSecond: Double
    let loss: Loss
    let dataChecksum: String
}

/// The NumPyro twin of a case, run in a process of its own.
struct Peer {
    /// The two ways to write the fit; the faster one counts.
    static let fits = ["run", "loop"]

    let python: String
    let script: String

    func report(_ item: BenchmarkCase, fit: String, lanes: Int, steps: Int, repeats: Int) throws -> PeerReport {
        let output = try ChildProcess.output(
            of: python,
            [
                script, "--case", item.name, "--lanes", "\(lanes)", "--steps", "\(steps)", "--repeat", "\(repeats)", "--fit", fit,
            ])
        return try ReportJSON.value(from: output)
    }

    func checksum(_ item: BenchmarkCase, lanes: Int) throws -> String {
        let output = try ChildProcess.output(of: python, [script, "--case", item.name, "--lanes", "\(lanes)", "--checksum"])
        return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// Where NumPyro and its script are.
struct PeerOptions: ParsableArguments {
    @Option(help: "The Python that has NumPyro. Default: that of Benchmarks/peers/setup.") var python: String?
    @Option(help: "The folder of numpyro_svi.py.") var peers = SourceFolder.benchmarks.appendingPathComponent("peers").path

    /// - Throws: `ValidationError` where they are not.
    func peer() throws -> Peer {
        let python = python ?? SourceFolder.repository.appendingPathComponent(".venv-peers/bin/python").path
        guard FileManager.default.isExecutableFile(atPath: python) else {
            throw ValidationError("there is no Python for the peers: run Benchmarks/peers/setup, or pass --python")
        }
        let script = peers + "/numpyro_svi.py"
        guard FileManager.default.fileExists(atPath: script) else { throw ValidationError("there is no \(script): pass --peers") }
        return Peer(python: python, script: script)
    }
}
