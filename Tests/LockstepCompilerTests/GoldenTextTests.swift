import Foundation
import LockstepCompiler
import TestSupport
import Testing

/// The text of two small kernels, so that a change of it is seen. `LOCKSTEP_RECORD=1` writes the files anew.
@Suite struct GoldenTextTests {
    static let folder = Repository.tests.appendingPathComponent("LockstepCompilerTests/Goldens")

    @Test(arguments: ["small", "logistic"]) func kernelText(_ name: String) throws {
        let step = name == "small" ? StatisticalModels.small() : StatisticalModels.logisticRegression(rows: 300, columns: 20)
        var options = LoweringOptions()
        // Shorter to read.
        options.longTileSize = 4
        let program = try Lowering.lower(step.function, options: options)
        let text = try program.kernelText(KernelOptions(width: 16, isDouble: false, interleaves: false, privateBytes: 1 << 16))
        let found = "/*\n\(program)\n*/\n" + text.kernel
        let file = Self.folder.appendingPathComponent("\(name).cl")
        if ProcessInfo.processInfo.environment["LOCKSTEP_RECORD"] == "1" {
            try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
            try found.write(to: file, atomically: true, encoding: .utf8)
        }
        let golden = try String(contentsOf: file, encoding: .utf8)
        let difference = zip(found.split(separator: "\n"), golden.split(separator: "\n")).first { $0 != $1 }
        #expect(
            found == golden, "\(name).cl: first difference \(difference.map { "\($0)" } ?? "in length"); look, then record with LOCKSTEP_RECORD=1")
    }
}
