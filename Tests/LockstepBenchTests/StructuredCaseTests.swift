import Lockstep
import Testing

@testable import lockstep_bench

@Suite struct StructuredCaseTests {
    struct Expected: Sendable, CustomTestStringConvertible {
        let name: String
        let latents: Int
        /// What `numpyro_svi.py --checksum` prints: without NumPyro, the data are still held against the twin's.
        let checksum: String
        var testDescription: String { name }
    }

    static let cases: [Expected] = [
        .init(name: "garch", latents: 3, checksum: "00004bf02b9e3cfb"),
        .init(name: "hmm", latents: 21, checksum: "0001ae7949ad7376"),
        .init(name: "arma", latents: 4, checksum: "00054ee95daaf1ff"),
        .init(name: "lotka-volterra", latents: 8, checksum: "70ac47a9ec2b0741"),
        .init(name: "gp", latents: 35, checksum: "b32d8f0dce937ca2"),
        .init(name: "full-rank", latents: 32, checksum: "e6c88e4bbcb11509"),
        .init(name: "local-level", latents: 2002, checksum: "002de293987ada10"),
    ]

    @Test func allAreExpected() {
        #expect(BenchmarkCase.structured.map(\.name) == Self.cases.map(\.name))
    }

    @Test(arguments: cases) func dataAreThoseOfTheTwin(_ expected: Expected) throws {
        let problem = try BenchmarkCase.named(expected.name).problem(dataFolder, 2)
        #expect(DataChecksum.text(problem.data) == expected.checksum)
        #expect(try problem.latents() == expected.latents)
    }

    /// From every start there is a loss, and it falls.
    @Test(arguments: cases) func fitsGetBetter(_ expected: Expected) throws {
        let problem = try BenchmarkCase.named(expected.name).problem(dataFolder, 4)
        func losses(_ steps: Int) throws -> [Double] {
            let fits = try problem.svi.run(keys: Key(0).split(4), steps: steps, data: problem.data, device: .cpu)
            #expect(fits.status.allSatisfy { $0 == .finished })
            return fits.loss
        }
        let (early, late) = (try losses(2), try losses(40))
        for (lane, pair) in zip(early, late).enumerated() {
            #expect(pair.0.isFinite && pair.1.isFinite, "lane \(lane)")
        }
        #expect(late.reduce(0, +) < early.reduce(0, +))
    }
}
