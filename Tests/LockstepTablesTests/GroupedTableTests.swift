import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepTables

/// Rows that belong to groups, and tables with a dataset in each column or row.
@Suite struct GroupedTableTests {
    static let csv = "id,time,flux,z,band\n007,1,10,0.5,g\n7,2,20,0.1,r\n007,3,30,0.5,r\n7,4,40,0.1,g\n x ,5,50,2,i\n007,6,60,0.5,g\n"

    private func groups(_ csv: String = Self.csv) throws -> GroupedTable { try Table(csv: csv, name: "t.csv").grouped(by: "id") }

    @Test func rowsAreTogetherInTheOrderOfTheFile() throws {
        let groups = try groups()
        #expect(groups.labels == ["007", "7", "x"])
        #expect(groups.rowCounts == [3, 2, 1])
        #expect(try groups.numbers("flux") == [[10, 30, 60], [20, 40], [50]])
        #expect(DataFacts(try groups.ragged("time")) == DataFacts(.ragged([[1, 3, 6], [2, 4], [5]] as [[Double]])))
        let matrix: [[[Double]]] = [[[1, 10], [3, 30], [6, 60]], [[2, 20], [4, 40]], [[5, 50]]]
        #expect(DataFacts(try groups.ragged(matrix: ["time", "flux"])) == DataFacts(.ragged(matrix)))
        #expect(try groups.values("z") == [0.5, 0.1, 2])
        #expect(DataFacts(try groups.perGroup("z")) == DataFacts(.perLane([0.5, 0.1, 2])))
        #expect(DataFacts(try groups.ragged(indices: "band")) == DataFacts(.ragged([[0, 1, 0], [1, 0], [2]] as [[Double]])))
        let levels = try groups.ragged(indices: "band", levels: ["i", "r", "g"])
        #expect(DataFacts(levels) == DataFacts(.ragged([[2, 1, 2], [1, 2], [0]] as [[Double]])))
    }

    /// A group is its text, however that is written.
    @Test func spellingsAreOneGroup() throws {
        let groups = try groups("id,x\na,1\n\"a\",2\n\" a \",3\nb,4\n  a ,5\n\"say \"\"so\"\"\",6\nsay \"\"so\"\",7\nA,8\n")
        #expect(groups.labels == ["a", "b", "say \"so\"", "A"])
        #expect(try groups.numbers("x") == [[1, 2, 3, 5], [4], [6, 7], [8]])
        // More of them than a table of spellings begins with.
        let many = try self.groups("id,x\n" + (0..<3000).map { "\($0 % 1000),\($0)\n" }.joined())
        #expect(many.labels == (0..<1000).map(String.init))
        #expect(try many.numbers("x")[617] == [617, 1617, 2617])
    }

    /// Against sorting by hand.
    @Test func randomGroupsAreSorted() throws {
        for seed in TestLevel.seeds(small: 20, medium: 200, full: 2000) {
            var random = SplitMix64(seed: seed)
            let rows = (0..<(1 + Int(random.next() % 60))).map { row in
                (group: "g\(random.next() % 7)", x: Double(row), y: Double(random.next() % 1000))
            }
            let csv = "id,x,y\n" + rows.map { "\($0.group),\($0.x),\($0.y)\n" }.joined()
            let groups = try groups(csv)
            var wanted: [String] = []
            for row in rows where !wanted.contains(row.group) { wanted.append(row.group) }
            #expect(groups.labels == wanted)
            let parts = wanted.map { label in rows.filter { $0.group == label } }
            #expect(groups.rowCounts == parts.map(\.count))
            #expect(try groups.numbers("y") == parts.map { $0.map(\.y) })
            #expect(DataFacts(try groups.ragged(matrix: ["y", "x"])) == DataFacts(.ragged(parts.map { $0.map { [$0.y, $0.x] } })))
        }
    }

    @Test func mistakesNameTheirPlace() throws {
        let groups = try groups()
        #expect(
            message { _ = try groups.perGroup("flux") }
                == "t.csv: line 4, column 'flux': the value is 30.0, but 10.0 on line 2, in the same group '007'; give one value for each group")
        #expect(message { _ = try groups.ragged("band") } == "t.csv: line 2, column 'band': 'g' is not a number")
        #expect(message { _ = try groups.ragged("mass") }.hasPrefix("t.csv: there is no column 'mass'; there are: id, time"))
        #expect(message { _ = try groups.ragged(matrix: []) }.contains("a matrix needs columns"))
        #expect(
            message { _ = try groups.ragged(indices: "band", levels: ["g", "r"]) }
                == "t.csv: line 6, column 'band': 'i' is none of the levels 'g', 'r'")
        #expect(message { _ = try self.groups("id,x\na,1\n,2\n") } == "t.csv: line 3, column 'id': there is no text")
        #expect(message { _ = try self.groups("id,x\na,1\n\" \",2\n") } == "t.csv: line 3, column 'id': there is no text")
        #expect(message { _ = try self.groups("x,y\n1,2\n") } == "t.csv: there is no column 'id'; there are: x, y")
        #expect(message { _ = try self.groups("id,x\na,1\na,\n").ragged("x") } == "t.csv: line 3, column 'x': there is no number")
        let missing = try self.groups("id,x\na,1\nb,3\na,\n").ragged("x", missing: .nan)
        #expect(DataFacts(missing) == DataFacts(.ragged([[1, .nan], [3]] as [[Double]])))
        #expect(try self.groups("id,z\na,\na,\nb,1\n").values("z", missing: .nan).map(\.isNaN) == [true, false])
        #expect(message { _ = try self.groups("id,z\na,1\na,\n").values("z", missing: .nan) }.contains("the value is nan, but 1.0 on line 2"))
    }

    @Test func wideTablesHaveADatasetInEachColumn() throws {
        let table = try Table(csv: "time,y1,y2,z\n0,1,2,3\n1,4,,6\n", name: "w.csv")
        let some = try table.perLane(columns: ["z", "y1"])
        #expect(some.labels == ["z", "y1"])
        #expect(DataFacts(some.data) == DataFacts(.perLane([[3, 6], [1, 4]])))
        #expect(try table.perLane(columns: ["y*", "y1"], missing: .nan).labels == ["y1", "y2"])
        #expect(message { _ = try table.perLane(columns: ["y*"]) } == "w.csv: line 3, column 'y2': there is no number")
        #expect(message { _ = try table.perLane(columns: ["x*"]) } == "w.csv: there is no column 'x*'; there are: time, y1, y2, z")
    }

    @Test func wideTablesHaveADatasetInEachRow() throws {
        let table = try Table(csv: "id,y1,y2\na,1,2\nb,3,4\na,5,6\n", name: "w.csv")
        let all = try table.perLane(rows: ["y*"])
        #expect(all.labels == ["0", "1", "2"])
        #expect(DataFacts(all.data) == DataFacts(.perLane([[1, 2], [3, 4], [5, 6]])))
        #expect(try Table(csv: "id,y\nb,1\na,2\n", name: "w.csv").perLane(rows: ["y"], labels: "id").labels == ["b", "a"])
        #expect(
            message { _ = try table.perLane(rows: ["y*"], labels: "id") }
                == "w.csv: line 4, column 'id': 'a' is the name of the dataset on line 2 too")
    }
}
