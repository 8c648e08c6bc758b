import Foundation
import TestSupport
import Testing

@testable import LockstepInference
@testable import LockstepTables

/// Tables of many rows take little more memory than their file.
@Suite(.serialized) struct LongTableTests {
    /// Rows of light curves whose groups are interleaved: ids, quarters of days, fluxes of two digits and a band.
    static func write(_ path: String, rows: Int, groups: Int) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path) else {
            throw TableError("\(path): cannot be written")
        }
        var text = Array("object_id,time,flux,band\n".utf8)
        for row in 0..<rows {
            let flux = Self.cents(row)
            text += Array("ZTF\(1_000_000 + row % groups),\(58_000 + row / 4).\([0, 25, 5, 75][row % 4]),".utf8)
            text += Array("\(flux / 100).\(flux % 100 < 10 ? "0" : "")\(flux % 100),\(row % 2 == 0 ? "g" : "r")\n".utf8)
            if text.count > 1 << 20 || row == rows - 1 {
                try file.write(contentsOf: Data(text))
                text.removeAll(keepingCapacity: true)
            }
        }
        try file.close()
    }

    static func cents(_ row: Int) -> Int { row * 7919 % 100_003 }

    /// The most memory that this process has had, in bytes; nil where the system does not tell.
    static var mostMemory: Int? {
        let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").compactMap { Int($0) }.first.map { $0 * 1024 }
    }

    /// In a process of its own, whose memory is not that of other tests.
    @Test func rowsAreReadWithinMemory() async {
        await #expect(processExitsWith: .success) {
            let rows = TestLevel.count(small: 20_000, medium: 200_000, full: 10_000_000)
            let groups = rows / 50
            try withFolder { folder in
                let path = folder.appendingPathComponent("long.csv").path
                try LongTableTests.write(path, rows: rows, groups: groups)
                let start = Date()
                let table = try Table(path: path)
                let grouped = try table.grouped(by: "object_id")
                #expect(grouped.labels.count == groups && grouped.labels.last == "ZTF\(1_000_000 + groups - 1)")
                #expect(grouped.rowCounts.allSatisfy { $0 == 50 })
                let flux = try grouped.ragged("flux")
                let time = try grouped.ragged("time")
                let band = try grouped.ragged(indices: "band")
                let seconds = Date().timeIntervalSince(start)
                // Place k of group g is row g + k * groups.
                var wrong = 0
                for group in stride(from: 0, to: groups, by: 7) {
                    for place in 0..<50 {
                        let row = group + place * groups
                        let number = group * 50 + place
                        if flux.values[number] != Double(LongTableTests.cents(row)) / 100 { wrong += 1 }
                        if time.values[number] != 58_000 + Double(row) / 4 { wrong += 1 }
                        if band.values[number] != Double(row % 2) { wrong += 1 }
                    }
                }
                #expect(wrong == 0)
                let bytes = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
                print("\(rows) rows, \(bytes / 1_000_000) MB: \(Int(Double(bytes) / seconds / 1e6)) MB/s")
                if let most = LongTableTests.mostMemory {
                    print("\(most / 1_000_000) MB of memory")
                    // What the process has anyway, the text, and 8 bytes of each of three columns a few times over.
                    #expect(most < 150_000_000 + bytes + rows * 24 * 4)
                    #expect(most < 2_000_000_000)
                }
            }
        }
    }

    /// Of a file whose columns are mostly left out, memory holds what is kept.
    @Test func columnsThatAreLeftOutTakeNoMemory() async {
        await #expect(processExitsWith: .success) {
            let rows = TestLevel.count(small: 20_000, medium: 200_000, full: 2_000_000)
            try withFolder { folder in
                let path = folder.appendingPathComponent("wide.csv").path
                try Data("a,long,b\n".utf8).write(to: URL(fileURLWithPath: path))
                guard let file = FileHandle(forWritingAtPath: path) else { throw TableError("\(path): cannot be written") }
                try file.seekToEnd()
                let filler = String(repeating: "x", count: 500)
                for first in stride(from: 0, to: rows, by: 1000) {
                    let text = (first..<(first + 1000)).map { "\($0),\(filler),\($0 % 10)\n" }.joined()
                    try file.write(contentsOf: Data(text.utf8))
                }
                try file.close()
                let before = LongTableTests.mostMemory
                let table = try Table(path: path, columns: ["b", "a"])
                #expect(table.rowCount == rows)
                #expect(try table.numbers("a").last == Double(rows - 1))
                if let before, let most = LongTableTests.mostMemory { #expect(most - before < 20_000_000 + rows * 60) }
            }
        }
    }
}
