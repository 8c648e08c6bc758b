import Testing

/// Data flows one way: no module imports a later stage.
@Suite struct ImportTests {
    /// What each module builds on directly. It may import these, and what they build on in turn.
    static let buildsOn: [String: Set<String>] = [
        "KernelSources": [],
        "COpenCL": [],
        "CLanes": [],
        "LockstepTensor": [],
        "LockstepDistributions": ["LockstepTensor"],
        "LockstepModel": ["LockstepDistributions"],
        "LockstepCompiler": ["LockstepTensor", "KernelSources"],
        "LockstepRuntime": ["LockstepCompiler", "COpenCL", "CLanes"],
        "LockstepInference": ["LockstepModel", "LockstepRuntime"],
        "Lockstep": ["LockstepInference"],
        "LockstepTables": ["Lockstep"],
        "LockstepExamples": ["LockstepTables"],
        "lockstep-cli": ["Lockstep", "LockstepExamples"],
        "lockstep-bench": ["Lockstep", "LockstepExamples"],
    ]
    static let packages: [String: Set<String>] = [
        "LockstepTensor": ["Numerics", "RealModule", "ComplexModule"],
        "LockstepRuntime": ["RealModule"],
        "lockstep-cli": ["ArgumentParser"],
        "lockstep-bench": ["ArgumentParser"],
    ]
    static let system: Set<String> = ["Foundation", "Dispatch", "Synchronization", "Glibc", "Darwin", "Musl"]

    static func reach(_ module: String) -> Set<String> {
        (buildsOn[module] ?? []).reduce(into: []) { $0.formUnion(reach($1).union([$1])) }
    }

    /// The module that an import line names; nil for other lines.
    static func imported(_ line: String) -> String? {
        var words = line.split(separator: " ").map(String.init)
        while let first = words.first, first.hasPrefix("@") || ["public", "package", "internal", "private", "fileprivate"].contains(first) {
            words.removeFirst()
        }
        guard words.first == "import", words.count >= 2 else { return nil }
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        let path = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
        return path.split(separator: ".").first.map(String.init)
    }

    @Test func importsOnlyEarlierStages() throws {
        var folders = try ProjectFiles.folders("Sources").map { ($0, "Sources/" + $0) }
        folders += [("KernelSources", "Kernels"), ("lockstep-bench", "Benchmarks")]
        var lines = 0
        for (module, folder) in folders {
            try #require(Self.buildsOn[module] != nil, "the table of modules does not know \(module)")
            let allowed = Self.reach(module).union(Self.packages[module] ?? []).union(Self.system)
            for file in try ProjectFiles.files(folder, ["swift"]) {
                for (number, line) in file.lines.enumerated() {
                    guard let name = Self.imported(line) else { continue }
                    lines += 1
                    #expect(allowed.contains(name), "\(file.path):\(number + 1): \(module) may not import \(name)")
                }
            }
        }
        #expect(lines > 100, "the imports were not found")
    }

    /// Nothing of the C targets reaches for another module either.
    @Test func cFilesIncludeTheirOwn() throws {
        for folder in ["Kernels", "Sources/COpenCL", "Sources/CLanes"] {
            for file in try ProjectFiles.files(folder, ["c", "h", "cl"]) {
                for line in file.lines where line.hasPrefix("#include") {
                    #expect(!line.contains("Lockstep"), "\(file.path): \(line)")
                    #expect(!line.contains(".."), "\(file.path): \(line)")
                }
            }
        }
    }

    @Test func importLinesAreUnderstood() {
        #expect(Self.imported("import LockstepTensor") == "LockstepTensor")
        #expect(Self.imported("@_exported import LockstepModel") == "LockstepModel")
        #expect(Self.imported("@testable public import struct Foundation.Data") == "Foundation")
        #expect(Self.imported("// import Foundation") == nil)
        #expect(Self.imported("important(1)") == nil)
        #expect(Self.reach("LockstepCompiler") == ["LockstepTensor", "KernelSources"])
        #expect(!Self.reach("LockstepModel").contains("LockstepRuntime"))
    }
}
