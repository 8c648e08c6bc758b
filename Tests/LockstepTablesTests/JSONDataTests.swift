import Foundation
import Lockstep
import Testing

@testable import LockstepTables

/// Data in the form that CmdStan reads, of one dataset and of many.
@Suite struct JSONDataTests {
    private func data(_ json: String) throws -> JSONData { try JSONData(json: json, name: "d.json") }

    @Test func oneObjectIsOneDataset() throws {
        let found = try data("{\"J\": 2, \"y\": [28, 8.5], \"x\": [[1, 2, 3], [4, 5, 6]], \"none\": []}")
        #expect(found.labels == ["0"])
        #expect(Set(found.data.keys) == ["J", "y", "x", "none"])
        #expect(DataFacts(found.data["J"]) == DataFacts(.shared([2], shape: [])))
        #expect(DataFacts(found.data["y"]) == DataFacts(.shared([28, 8.5], shape: [2])))
        #expect(DataFacts(found.data["x"]) == DataFacts(.shared([1, 2, 3, 4, 5, 6], shape: [2, 3])))
        #expect(DataFacts(found.data["none"]) == DataFacts(.shared([Double](), shape: [0])))
    }

    @Test func wordsAreNumbers() throws {
        let found = try data("{\"a\": [\"NaN\", \"Infinity\", \"-Infinity\", \"+Inf\", 1], \"b\": NaN, \"c\": [-Infinity, 2]}")
        #expect(DataFacts(found.data["a"]).values == DataFacts(.shared([.nan, .infinity, -.infinity, .infinity, 1])).values)
        #expect(DataFacts(found.data["b"]).values == DataFacts(.shared([Double.nan])).values)
        #expect(DataFacts(found.data["c"]).values == [-.infinity, 2])
    }

    @Test func manyDatasetsAreTold() throws {
        let found = try data(
            """
            [{"time": [0, 1], "n": 3, "y": [1, 2], "f": [1], "x": [[1, 2]]},
             {"time": [0, 1], "n": 4, "y": [3, 4], "f": [2, 3], "x": [[3, 4], [5, 6]]},
             {"time": [0, 1], "n": 5, "y": [5, 6], "f": [], "x": []}]
            """)
        #expect(found.labels == ["0", "1", "2"])
        #expect(DataFacts(found.data["time"]) == DataFacts(.shared([0, 1], shape: [2])))
        #expect(DataFacts(found.data["n"]) == DataFacts(.perLane([[3], [4], [5]], shape: [])))
        #expect(DataFacts(found.data["y"]) == DataFacts(.perLane([[1, 2], [3, 4], [5, 6]], shape: [2])))
        #expect(DataFacts(found.data["f"]) == DataFacts(.ragged([[1], [2, 3], []] as [[Double]])))
        #expect(DataFacts(found.data["x"]) == DataFacts(.ragged([[[1, 2]], [[3, 4], [5, 6]], []] as [[[Double]]])))
    }

    @Test func filesOfAFolderAreDatasets() throws {
        try withFolder { folder in
            func write(_ name: String, _ text: String) throws {
                try text.write(to: folder.appendingPathComponent(name), atomically: false, encoding: .utf8)
            }
            try write("b.json", "{\"y\": [1, 2]}")
            try write("a.json", "{\"y\": [3]}")
            try write("notes.txt", "nothing")
            let found = try JSONData(path: folder.path)
            #expect(found.labels == ["a", "b"])
            #expect(DataFacts(found.data["y"]) == DataFacts(.ragged([[3], [1, 2]] as [[Double]])))
            #expect(try JSONData(path: folder.path + "/b.json").labels == ["0"])
            try write("lines.jsonl", "{\"y\": 1}\n\n{\"y\": 2}\r\n")
            let lines = try JSONData(path: folder.path + "/lines.jsonl")
            #expect(lines.labels == ["0", "1"])
            #expect(DataFacts(lines.data["y"]) == DataFacts(.perLane([[1], [2]], shape: [])))
            try write("bad.jsonl", "{\"y\": 1}\n{\"y\": tru}\n")
            #expect(message { _ = try JSONData(path: folder.path + "/bad.jsonl") } == "\(folder.path)/bad.jsonl: line 2: this is not valid JSON")
            try write("c.json", "[1]")
            #expect(message { _ = try JSONData(path: folder.path) }.hasPrefix("\(folder.path)/c.json: give an object of names and numbers"))
            #expect(message { _ = try JSONData(path: folder.path + "/none") } == "\(folder.path)/none: there is no such file")
        }
        try withFolder { folder in #expect(message { _ = try JSONData(path: folder.path) }.contains("there are no files *.json")) }
    }

    @Test(arguments: [
        ("{\"a\": [1, [2]]}", "'a': element 1 has shape [1], where element 0 has []"),
        ("{\"a\": [[1, 2], [3]]}", "'a': element 1 has shape [1], where element 0 has [2]; rows are of one length"),
        ("{\"a\": [1, null]}", "'a[1]': it is neither a number nor an array of numbers"),
        ("{\"a\": null}", "'a': it is neither a number nor an array of numbers"),
        ("{\"a\": true}", "'a': it is neither a number nor an array of numbers"),
        ("{\"a\": [[1], [\"x\\u001b\"]]}", "'a[1][0]': 'x\\u{1b}' is not a number"),
        ("[{\"a\": 1}, {\"a\": {}}]", "dataset '1': 'a': it is neither a number"),
        ("[{\"a\": 1}, {\"b\": 2}]", "dataset '1' has no 'a', which '0' has"),
        ("[{\"a\": [1]}, {\"a\": 2}]", "'a' has shape [] in dataset '1', but [1] in '0'; only the first extent may differ"),
        ("[{\"a\": [[1, 2]]}, {\"a\": [[1], [2]]}]", "'a' has shape [2, 1] in dataset '1', but [1, 2] in '0'; only the first extent may differ"),
        ("[{\"a\": [[[1]]]}, {\"a\": [[[1]], [[2]]]}]", "have two axes at most"), ("[]", "there are no datasets"),
        ("[1, 2]", "give an object of names and numbers"), ("7", "give an object of names and numbers"), ("{\"a\": [1,", "this is not valid JSON"),
        ("", "this is not valid JSON"),
    ])
    func mistakesNameTheirPlace(_ json: String, _ expected: String) {
        let text = message { _ = try data(json) }
        #expect(text.hasPrefix("d.json: ") && text.contains(expected), "\(text)")
    }
}
