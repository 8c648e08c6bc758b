import Foundation
import LockstepExamples
import TestSupport
import Testing

@testable import lockstep_cli

/// What the argument parser makes of the commands: the version and completions.
@Suite struct InterfaceTests {
    @Test func versionIsThatOfTheChanges() throws {
        let outcome = try withProgram { try $0.run(["--version"]) }
        #expect(outcome.status == 0)
        #expect(outcome.error.isEmpty)
        #expect(outcome.output == LockstepCommand.version + "\n")
        // `## 0.2.0 (unreleased)`, `## 0.1.0 (2026-12-01)`.
        let changes = try String(contentsOf: Repository.root.appendingPathComponent("CHANGELOG.md"), encoding: .utf8)
        let heading = try #require(changes.split(separator: "\n").first { $0.hasPrefix("## ") })
        #expect(heading.split(separator: " ").dropFirst().first.map(String.init) == LockstepCommand.version)
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completionsAreThere(_ shell: String) throws {
        try withProgram { program in
            let outcome = try program.run(["--generate-completion-script", shell])
            #expect(outcome.status == 0)
            let values = Example.all.map(\.name) + GuideChoice.allCases.map(\.rawValue) + ["opencl", "automatic", "--learning-rate"]
            for value in values { #expect(outcome.output.contains(shell == "fish" ? value.trimmed : value), "\(value)") }
            // The shell itself, where there is one, finds nothing wrong with it.
            guard let path = ["/bin/", "/usr/bin/"].map({ $0 + shell }).first(where: FileManager.default.isExecutableFile) else { return }
            try program.write("script", outcome.output)
            let check = try program.start(["-n", "script"], executable: URL(fileURLWithPath: path))
            check.process.waitUntilExit()
            #expect(try check.outcome().status == 0)
        }
    }
}

extension String {
    /// A long option's name, which fish writes without the dashes.
    fileprivate var trimmed: String { hasPrefix("--") ? String(dropFirst(2)) : self }
}
