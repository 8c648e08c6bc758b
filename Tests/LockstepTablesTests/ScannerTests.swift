import Foundation
import TestSupport
import Testing

@testable import LockstepTables

/// CSV as people and programs write it, in pieces of any size.
@Suite struct ScannerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let csv: String
        let rows: [[String]]
        let lines: [Int]
        var testDescription: String { csv.debugDescription }

        init(_ csv: String, _ rows: [[String]], lines: [Int]? = nil) {
            self.csv = csv
            self.rows = rows
            self.lines = lines ?? rows.indices.map { $0 + 2 }
        }
    }

    static let cases: [Case] = [
        Case("a,b\n1,2\n", [["1", "2"]]),
        // The last line without its end, and of other systems.
        Case("a,b\n1,2", [["1", "2"]]), Case("a,b\r\n1,2\r\n3,4", [["1", "2"], ["3", "4"]]), Case("a\r1\r2\r", [["1"], ["2"]]),
        // A byte order mark.
        Case("\u{FEFF}a\n1\n", [["1"]]), Case("\u{FEFF}\"a\"\n1\n", [["1"]]),
        // Blank lines are left out and counted, those of commas too.
        Case("a,b\n\n1,2\n  \n,\n3,4\n\n", [["1", "2"], ["3", "4"]], lines: [3, 6]),
        Case("a\n1\r\n\r\n2\r\n", [["1"], ["2"]], lines: [2, 4]),
        // Quotes, doubled ones, and what they protect.
        Case("a,b\n\"1,5\",\"say \"\"so\"\"\"\n", [["1,5", "say \"so\""]]), Case("a,b\n\"\"\"\"\"\",x\n", [["\"\"", "x"]]),
        Case("a,b\n\"x\ny\",2\n3,4\n", [["x\ny", "2"], ["3", "4"]], lines: [2, 4]),
        Case("a,b\n\"x\r\ny\rz\",2\r\n3,4\r\n", [["x\r\ny\rz", "2"], ["3", "4"]], lines: [2, 5]),
        Case("a,b\n say \"\"so\"\" ,2\n", [["say \"so\"", "2"]]), Case("a,b\n\"\",2\n", [["", "2"]]),
        // Blanks around fields, and in them.
        Case("a,b\n  1 ,\t2 \n\" x \" , y z \n", [["1", "2"], [" x ", "y z"]]),
        // Rows of other lengths, and empty fields at their ends.
        Case("a,b\n1\n2,3,4\n,\n5,\n", [["1"], ["2", "3", "4"], ["5", ""]], lines: [2, 3, 5]),
        Case("a\né,\u{1F600}\n", [["é", "\u{1F600}"]]),
    ]

    @Test(arguments: cases) func rowsAreFound(_ test: Case) throws {
        for pieces in [[1], [2], [3], [1, 4, 2], [7], [1000]] {
            let (fields, lines) = try TableReader.read(Array(test.csv.utf8), pieces: pieces).cells()
            #expect(fields == test.rows, "in pieces of \(pieces)")
            #expect(lines == test.lines, "in pieces of \(pieces)")
        }
    }

    @Test(arguments: [
        ("a,b\n1,2\n\"x,3\n4,5\n", "t: not a CSV table: line 3: a quote is opened and never closed"),
        ("a,b\n\"x\ny\"z,3\n", "t: not a CSV table: line 3: 'z' follows a closing quote"),
        ("a\nx\"y\n", "t: not a CSV table: line 2: 'y' follows a single quote in a field without quotes around it"),
        ("a\nx\"", "t: not a CSV table: line 2: the end follows a single quote in a field without quotes around it"),
        ("a\n\"x\"\u{1B}\n", "t: not a CSV table: line 2: '\\u{1b}' follows a closing quote"),
        ("a,b,a\n1,2,3\n", "t: two columns have the same name, 'a'"), ("", "t: there are no rows"),
    ])
    func mistakesHaveALine(_ csv: String, _ expected: String) throws {
        for pieces in [[1], [3], [1000]] {
            #expect(message { _ = try TableReader.read(Array(csv.utf8), pieces: pieces) } == expected, "in pieces of \(pieces)")
        }
    }

    @Test func otherEncodingsAreRefused() throws {
        for bytes: [UInt8] in [[0xE9], [0xC3], [0xFF, 0xFE, 0x41], [0xC3, 0x28], [0x80]] {
            for pieces in [[1], [1000]] {
                let file = Array("a,b\n1,x".utf8) + bytes + Array("\n2,y\n".utf8)
                #expect(message { _ = try TableReader.read(file, pieces: pieces) } == "t: cannot be read as UTF-8 text", "\(bytes)")
            }
        }
        // Where it is no CSV either, what matters most is said.
        let archive: [UInt8] = Array("a\n\"x\"".utf8) + [0xFF, 0x00] + Array("\n".utf8)
        #expect(message { _ = try TableReader.read(archive, pieces: [1000]) } == "t: cannot be read as UTF-8 text")
    }

    /// What is written as RFC 4180 has it is read back, whatever it is and wherever pieces end.
    @Test func tablesAreReadBack() throws {
        let alphabet = ["a", "Z", "7", ".", "-", " ", "\t", ",", "\"", "\n", "\r\n", "\r", "é", "\u{1F600}", "'", ";"]
        for seed in TestLevel.seeds(small: 100, medium: 1000, full: 20_000) {
            var random = SplitMix64(seed: seed)
            func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
            let columns = 1 + below(5)
            let end = ["\n", "\r\n", "\r"][below(3)]
            let rows = (0..<(1 + below(8))).map { _ in
                (0..<columns).map { _ in (0..<below(6)).map { _ in alphabet[below(alphabet.count)] }.joined() }
            }
            func written(_ text: String) -> String {
                let isPlain = !text.unicodeScalars.contains { ",\"\n\r \t".unicodeScalars.contains($0) }
                return isPlain && below(3) > 0 ? text : "\"" + text.replacing("\"", with: "\"\"") + "\""
            }
            // A first column that is never empty, so that no row is blank.
            let lines = rows.map { row in (["=" + (row.first ?? "")] + row).map(written).joined(separator: ",") }
            let header = (0...columns).map { "c\($0)" }.joined(separator: ",")
            var csv = ([header] + lines).joined(separator: end)
            if below(2) == 0 { csv += end }
            let pieces = (0..<5).map { _ in 1 + below(30) }
            let (fields, starts) = try TableReader.read(Array(csv.utf8), pieces: pieces).cells()
            #expect(fields == rows.map { ["=" + ($0.first ?? "")] + $0 }, "seed \(seed): \(csv.debugDescription)")
            // Lines as a text editor counts them.
            var line = 2
            let wanted = lines.map { text in
                defer { line += 1 + text.count { ["\n", "\r", "\r\n"].contains($0) } }
                return line
            }
            #expect(starts == wanted, "seed \(seed): \(csv.debugDescription)")
            // Of some columns only, in the order of the file.
            let some = (0...columns).filter { _ in below(2) == 0 }
            if some.isEmpty { continue }
            let part = try TableReader.read(Array(csv.utf8), pieces: pieces, columns: some.reversed().map { "c\($0)" })
            #expect(part.header == some.map { "c\($0)" })
            let cells = try part.cells()
            #expect(cells.fields == fields.map { row in some.map { row[$0] } } && cells.lines == starts, "seed \(seed): \(some)")
        }
    }
}

/// Numbers are those that the standard library reads, to the last bit.
@Suite struct NumberTextTests {
    private func simple(_ text: String) -> Double? {
        Array(text.utf8).withUnsafeBufferPointer { NumberText.simple($0, 0..<$0.count) }
    }

    @Test func commonNumbersAreSimple() {
        let texts = [
            "0", "-0", "1", "+1", "-12.5", "0.1", "1e5", "1E-5", "2.5e+3", "58123.456789", ".5", "5.0", "9007199254740991", "1e22", "0.000001",
        ]
        for text in texts {
            #expect(simple(text)?.bitPattern == Double(text)?.bitPattern && simple(text) != nil, "\(text)")
        }
    }

    @Test func allElseIsLeftAlone() {
        let texts = [
            "", "-", ".", "e5", "1e", "1e+", "--1", "1.2.3", "1 2", "nan", "inf", "0x10", "1_000", "9007199254740993", "1e23", "1e-30",
            "123456789012345678901234567890", "1e1234", "1,5", "1d5", "0.1234567890123456789012345",
        ]
        for text in texts { #expect(simple(text) == nil, "\(text)") }
    }

    @Test func bitsAreThoseOfTheStandardLibrary() {
        var random = SplitMix64(seed: 3)
        var (simpler, count) = (0, 0)
        for _ in 0..<TestLevel.count(small: 20_000, medium: 200_000, full: 5_000_000) {
            func digits(_ most: Int) -> String { (0..<Int(random.next() % UInt64(most + 1))).map { _ in "\(random.next() % 10)" }.joined() }
            var text = ["", "-", "+"][Int(random.next() % 3)] + digits(12)
            if random.next() % 4 > 0 { text += "." + digits(12) }
            if random.next() % 3 == 0 { text += ["e", "E"][Int(random.next() % 2)] + ["", "-", "+"][Int(random.next() % 3)] + digits(3) }
            count += 1
            guard let value = simple(text) else { continue }
            simpler += 1
            #expect(Double(text)?.bitPattern == value.bitPattern, "\(text)")
        }
        #expect(simpler > count / 3)
    }
}
