import Foundation
import Testing

@testable import LockstepTables

/// Columns of tables, and what is said of those that are wrong.
@Suite struct TableTests {
    private func table(_ csv: String) throws -> Table { try Table(csv: csv, name: "t.csv") }

    @Test func columnsAreNumbers() throws {
        let table = try table("x, name ,y\n1,a,\"2.5\"\n\n-3e2, b , 4 \n")
        #expect(table.header == ["x", "name", "y"])
        #expect(table.rowCount == 2)
        #expect(try table.numbers("x") == [1, -300])
        #expect(try table.numbers(of: ["y", "x"]) == [[2.5, 4], [1, -300]])
        #expect(try table.levels("name") == ["a", "b"])
        // What the standard library reads, though it is no plain decimal number.
        #expect(try self.table("x\n0x1p3\n123456789012345678901234567890\n").numbers("x") == [8, 0x1.8ee90ff6c373ep+96])
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let csv: String
        let message: String
        var missing = MissingCells.refused
        var testDescription: String { csv.debugDescription }
    }

    @Test(arguments: [
        Bad(csv: "x,y\n1,2\n3,zz\n", message: "t.csv: line 3, column 'y': 'zz' is not a number"),
        Bad(csv: "x,y\n1,2\n\n\"a\nb\",4\n3,\n", message: "t.csv: line 6, column 'y': there is no number"),
        Bad(csv: "x,y\n1,2\n3\n", message: "t.csv: line 3, column 'y': there is no number: the row ends before it"),
        Bad(csv: "x,y\n1,NaN\n", message: "t.csv: line 2, column 'y': the value is NaN; remove the row or fill it in"),
        Bad(csv: "x,y\n1,-inf\n", message: "t.csv: line 2, column 'y': the value is -inf; remove the row or fill it in", missing: .nan),
        Bad(csv: "x,y\n1,none\n", message: "t.csv: line 2, column 'y': 'none' is not a number", missing: .nan),
        Bad(csv: "x,z\n1,2\n", message: "t.csv: there is no column 'y'; there are: x, z"),
        Bad(csv: "x,y\n", message: "t.csv: there are no rows"), Bad(csv: "x,y\n\n , \n", message: "t.csv: there are no rows"),
        Bad(csv: "x,y\n1,\u{1B}[2J\n", message: "t.csv: line 2, column 'y': '\\u{1b}[2J' is not a number"),
    ])
    func mistakesNameTheirPlace(_ bad: Bad) {
        #expect(message { _ = try table(bad.csv).numbers("y", missing: bad.missing) } == bad.message)
    }

    @Test func missingCellsMayBeNaN() throws {
        let values = try table("x,y\n1,\n2,NaN\n3,na\n4,5\n6\n").numbers("y", missing: .nan)
        #expect(values.map(\.isNaN) == [true, true, true, false, true] && values[3] == 5)
    }

    @Test func someColumnsAreKept() throws {
        try withFolder { folder in
            let path = folder.appendingPathComponent("a.csv").path
            try "id,long,x,y\nA,\"1,2\n3\",4,5\n\nB,6,7,8\n".write(toFile: path, atomically: false, encoding: .utf8)
            let table = try Table(path: path, columns: ["y", "id"])
            #expect(table.header == ["id", "y"])
            #expect(try table.numbers("y") == [5, 8])
            #expect(try table.levels("id") == ["A", "B"])
            // Lines are those of the file.
            #expect(message { _ = try table.numbers("id") } == "\(path): line 2, column 'id': 'A' is not a number")
            #expect(table.error(1, "y", "so") == TableError("\(path): line 5, column 'y': so"))
            #expect(message { _ = try Table(path: path, columns: ["id", "z"]) } == "\(path): there is no column 'z'; there are: id, long, x, y")
            #expect(message { _ = try table.numbers("x") } == "\(path): there is no column 'x'; there are: id, y")
            #expect(message { _ = try Table(path: folder.path) } == "\(folder.path): it is a folder; give a CSV file")
            #expect(message { _ = try Table(path: path + "x") } == "\(path)x: there is no such file")
        }
    }
}
