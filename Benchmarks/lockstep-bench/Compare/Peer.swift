import Foundation

/// What the peer's script reports.
struct PeerReport: Decodable {
    struct Loss: Decodable {
        let mean, sd, q25, q50, q75: Double?
        let notFinite: Int
    }

    let versions: [String: String]
    let fit: String
    let compileSeconds: Double
    let runSeconds, cpuSeconds: [Double]
    let laneStepsPerSecond: Double
    let loss: Loss
    let dataChecksum: String

    init(json: Data) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(PeerReport.self, from: json)
    }
}

/// The NumPyro twin of a case, run in a process of its own.
struct Peer {
    /// The two ways to write the fit; the faster one counts.
    static let fits = ["run", "loop"]

    let python: String
    private var script: String { SourceFolder.benchmarks.appendingPathComponent("peers/numpyro_svi.py").path }

    func report(_ item: BenchmarkCase, fit: String, lanes: Int, steps: Int, repeats: Int) throws -> PeerReport {
        let output = try ChildProcess.output(of: python, [
            script, "--case", item.name, "--lanes", "\(lanes)", "--steps", "\(steps)", "--repeat", "\(repeats)", "--fit", fit,
        ])
        return try PeerReport(json: output)
    }

    func checksum(_ item: BenchmarkCase, lanes: Int) throws -> String {
        let output = try ChildProcess.output(of: python, [script, "--case", item.name, "--lanes", "\(lanes)", "--checksum"])
        return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
