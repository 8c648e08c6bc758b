import Testing

/// What no source may hold.
@Suite struct SourceTextTests {
    static let longest = 450

    static func sources() throws -> [ProjectFiles.File] {
        let extensions: Set<String> = ["swift", "c", "h", "cl", "py"]
        return try ["Sources", "Kernels", "Benchmarks", "Tests", "Snippets"].flatMap { try ProjectFiles.files($0, extensions) }
    }

    @Test func filesAreShort() throws {
        let files = try Self.sources()
        #expect(files.count > 100)
        for file in files { #expect(file.lines.count <= Self.longest + 1, "\(file.path) has \(file.lines.count) lines") }
    }

    /// Bad input never traps the process.
    @Test func sourcesDoNotTrap() throws {
        // In parts, so that this file does not hold them.
        let words = ["fatal" + "Error(", "try" + "!", "precondition" + "Failure(", "precondition" + "(", " as" + "! ", "unsafe" + "lyUnwrapped"]
        for file in try ProjectFiles.files("Sources", ["swift"]) + ProjectFiles.files("Benchmarks", ["swift"]) {
            for (number, line) in file.lines.enumerated() where !line.drop(while: { $0 == " " }).hasPrefix("//") {
                for word in words { #expect(!line.contains(word), "\(file.path):\(number + 1): \(word)") }
            }
        }
    }

    /// Nothing of the machine that it was written on.
    @Test func noPathsOfAMachine() throws {
        let folders = ["home", "work", "root", "Users", "opt", "tmp", "mnt", "farm"].map { "/" + $0 + "/" }
        for file in try Self.sources() where !file.path.hasPrefix("Tests/ArchitectureTests") {
            for (number, line) in file.lines.enumerated() {
                for folder in folders {
                    guard let place = line.range(of: folder) else { continue }
                    // A folder of the project may bear such a name: only paths that start there count.
                    let before = line[..<place.lowerBound].last
                    let isAbsolute = before.map { !$0.isLetter && !$0.isNumber && !"._-/}".contains($0) } ?? true
                    #expect(!isAbsolute, "\(file.path):\(number + 1): \(line)")
                }
            }
        }
    }
}
