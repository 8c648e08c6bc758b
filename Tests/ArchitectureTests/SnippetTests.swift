import Foundation
import Testing

/// The code of README.md and of the articles is that of `Snippets`, which is built and run.
@Suite struct SnippetTests {
    struct Snippet {
        let name: String
        /// What is shown, by the name of its slice.
        let slices: [String: String]

        init(_ file: ProjectFiles.File) {
            name = (file.path as NSString).lastPathComponent.replacingOccurrences(of: ".swift", with: "")
            var lines: [String: [String]] = [:]
            var (open, isHidden): (String?, Bool) = (nil, false)
            for line in file.lines {
                let text = line.trimmingCharacters(in: .whitespaces)
                if text.hasPrefix("// snippet.") {
                    switch String(text.dropFirst("// snippet.".count)) {
                    case "hide": isHidden = true
                    case "show": isHidden = false
                    case "end": open = nil
                    case let name: open = name
                    }
                } else if let open, !isHidden {
                    lines[open, default: []].append(line)
                }
            }
            slices = lines.mapValues(Self.text)
        }

        /// Without the indentation that all lines share, and without empty lines around it.
        static func text(_ lines: [String]) -> String {
            let indent = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
            return lines.map { String($0.dropFirst(indent)) }.joined(separator: "\n").trimmingCharacters(in: .newlines)
        }
    }

    static func snippets() throws -> [Snippet] { try ProjectFiles.files("Snippets", ["swift"]).map(Snippet.init) }

    /// The Swift code between fences.
    static func blocks(_ lines: [String]) -> [String] {
        var blocks: [String] = []
        var block: [String]?
        for line in lines {
            if line.hasPrefix("```") {
                if let done = block { blocks.append(done.joined(separator: "\n")) }
                block = block == nil && line == "```swift" ? [] : nil
            } else {
                block?.append(line)
            }
        }
        return blocks
    }

    @Test func codeOfTheReadmeIsRun() throws {
        let readme = try String(contentsOf: ProjectFiles.root.appendingPathComponent("README.md"), encoding: .utf8)
        let shown = try Self.snippets().flatMap(\.slices.values)
        // Lines of a manifest are no program.
        let blocks = Self.blocks(readme.components(separatedBy: "\n")).filter { !$0.hasPrefix(".package(") }
        #expect(blocks.count > 5)
        for block in blocks { #expect(shown.contains(block), "README.md has code that no snippet has:\n\(block)") }
    }

    @Test func articlesShowSnippets() throws {
        let snippets = Dictionary(uniqueKeysWithValues: try Self.snippets().map { ($0.name, $0) })
        let reference = /@Snippet\(path: "lockstep\/Snippets\/(\w+)", slice: "(\w+)"\)/
        var shown: Set<String> = []
        for article in try ProjectFiles.files("Sources/Lockstep/Lockstep.docc", ["md"]) {
            #expect(Self.blocks(article.lines).isEmpty, "\(article.path) has code that is not run; move it to a snippet")
            for line in article.lines where line.hasPrefix("@Snippet") {
                let match = try #require(line.wholeMatch(of: reference), "\(article.path): \(line)")
                #expect(snippets[String(match.1)]?.slices[String(match.2)] != nil, "\(article.path): there is no such slice: \(line)")
                shown.insert("\(match.1)/\(match.2)")
            }
        }
        for (name, snippet) in snippets where name != "Readme" {
            for slice in snippet.slices.keys { #expect(shown.contains("\(name)/\(slice)"), "no article shows \(name)/\(slice)") }
        }
    }

    @Test func slicesAreUnderstood() {
        let lines = ["a", "// snippet.one", "    b", "", "      c", "    // snippet.hide", "d", "// snippet.show", "// snippet.end", "e"]
        #expect(Snippet(.init(path: "Snippets/X.swift", lines: lines)).slices == ["one": "b\n\n  c"])
        #expect(Self.blocks(["```sh", "a", "```", "```swift", "b", "```"]) == ["b"])
    }
}
