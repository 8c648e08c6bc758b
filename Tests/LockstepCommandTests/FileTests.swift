import Foundation
import LockstepExamples
import TestSupport
import Testing

@testable import LockstepTables
@testable import lockstep_cli

/// Where reports are written.
@Suite struct ReportFileTests {
    private static let fit = ["fit", "eight-schools", "--lanes", "2", "--steps", "5", "--device", "cpu", "--json"]

    /// Nothing that stands at a temporary name already is followed, a link to somebody's file least of all.
    @Test func aPlantedLinkIsNotFollowed() throws {
        try withProgram { program in
            try program.write("victim", "precious")
            let planted = program.folder.appendingPathComponent("planted.tmp").path
            try FileManager.default.createSymbolicLink(atPath: planted, withDestinationPath: "victim")
            #expect(throws: SystemError.self) { try TemporaryFile(path: planted).create() }
            #expect(try String(contentsOf: program.folder.appendingPathComponent("victim"), encoding: .utf8) == "precious")
        }
    }

    @Test func temporaryNamesCannotBeGuessed() {
        let names = Set((0..<100).map { _ in TemporaryFile(besides: "fit.json").path })
        #expect(names.count == 100)
        #expect(!names.contains { $0.contains("\(getpid())") && $0.contains("fit.json") })
    }

    /// The link stays, and leads to the file that is made.
    @Test(arguments: ["target.json", "folder/../target.json"]) func aDanglingLinkIsFollowed(_ destination: String) throws {
        try withProgram { program in
            let files = FileManager.default
            try files.createDirectory(atPath: program.folder.appendingPathComponent("folder").path, withIntermediateDirectories: false)
            let link = program.folder.appendingPathComponent("link.json").path
            try files.createSymbolicLink(atPath: link, withDestinationPath: destination)
            let outcome = try program.run(Self.fit + ["link.json"])
            #expect(outcome.status == 0)
            #expect(try files.destinationOfSymbolicLink(atPath: link) == destination)
            #expect(try program.files() == ["folder", "link.json", "target.json"])
            #expect(try program.json("target.json")["lanes"] as? Int == 2)
        }
    }

    @Test func aCircleOfLinksIsRefused() throws {
        try withProgram { program in
            let files = FileManager.default
            for (name, other) in [("a", "b"), ("b", "a")] {
                try files.createSymbolicLink(atPath: program.folder.appendingPathComponent(name).path, withDestinationPath: other)
            }
            let outcome = try program.run(Self.fit + ["a"])
            #expect(outcome.status == 1)
            #expect(outcome.error.contains("cannot write a:"))
        }
    }

    /// As long as a name may be: the temporary name is not made of it.
    @Test(arguments: [250, 255]) func longNamesAreWritten(_ length: Int) throws {
        try withProgram { program in
            let name = String(repeating: "n", count: length)
            let outcome = try program.run(Self.fit + [name])
            #expect(outcome.status == 0)
            #expect(try program.files() == [name])
            #expect(try program.json(name)["lanes"] as? Int == 2)
        }
    }

    @Test func tooLongNamesAreRefused() throws {
        try withProgram { program in
            let outcome = try program.run(Self.fit + [String(repeating: "n", count: 256)])
            #expect(outcome.status == 1)
            #expect(outcome.errorLines.count == 1)
            #expect(outcome.output.isEmpty)
        }
    }

    /// JSON alone, whole, whatever standard output is: a file that is replaced would lose what went to the old one.
    @Test(arguments: ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "out", "./out"]) func standardOutputByName(_ path: String) throws {
        try withProgram { program in
            let command = "\"\(try program.executable().path)\" \(Self.fit.joined(separator: " ")) \(path) > out"
            let running = try program.start(["-c", command], executable: URL(fileURLWithPath: "/bin/sh"))
            running.process.waitUntilExit()
            #expect(try running.outcome().status == 0)
            #expect(try program.files() == ["out"])
            #expect(try program.json("out")["lanes"] as? Int == 2)
        }
    }

    /// Behind what was there.
    @Test func anOpenDescriptorIsWrittenTo() throws {
        try withProgram { program in
            let command = "{ echo first; \"\(try program.executable().path)\" \(Self.fit.joined(separator: " ")) /dev/fd/3 > table; } 3> out >&3"
            let running = try program.start(["-c", command], executable: URL(fileURLWithPath: "/bin/sh"))
            running.process.waitUntilExit()
            #expect(try running.outcome().status == 0)
            let lines = try String(contentsOf: program.folder.appendingPathComponent("out"), encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 2 && lines[0] == "first")
            #expect(try BuiltProgram.object(Data(lines[1].utf8))["lanes"] as? Int == 2)
            #expect(try program.files() == ["out", "table"])
        }
    }

    @Test func aClosedDescriptorIsRefused() throws {
        try withProgram { program in
            let outcome = try program.run(Self.fit + ["/dev/fd/77"])
            #expect(outcome.status == 1)
            #expect(outcome.error.contains("cannot write /dev/fd/77: bad file descriptor"))
        }
    }

    /// Whenever it is stopped, from its start on.
    @Test func nothingIsLeftBehind() throws {
        signal(SIGINT, SIG_DFL)
        try withProgram { program in
            for moment in 0..<12 {
                let running = try program.start(
                    ["fit", "eight-schools", "--lanes", "20000", "--steps", "5", "--device", "cpu", "--json", "fit.json"])
                Thread.sleep(forTimeInterval: Double(moment) * 0.05)
                kill(running.process.processIdentifier, SIGINT)
                running.process.waitUntilExit()
                #expect(try program.files().allSatisfy { $0 == "fit.json" })
                if try program.files() == ["fit.json"] { #expect(try program.json("fit.json")["lanes"] as? Int == 20000) }
            }
        }
    }
}

/// Tables as people have them.
@Suite struct TableFileTests {
    private static let fit = ["fit", "--lanes", "2", "--steps", "5", "--device", "cpu"]

    struct Good: Sendable, CustomTestStringConvertible {
        let model: String
        let csv: String
        var testDescription: String { csv }
    }

    @Test(arguments: [
        Good(model: "eight-schools", csv: "y,sigma,,\n1,2,,\n3,4,,\n"), Good(model: "eight-schools", csv: "y,sigma, , \n1,2,,x\n3,4,,\n"),
        Good(model: "eight-schools", csv: ",y,,sigma\n,1,,2\n,3,,4\n"), Good(model: "logistic", csv: "x0,,x1,,y\n1,,2,,0\n2,,1,,1\n"),
    ])
    func columnsWithoutANameDoNoHarm(_ table: Good) throws {
        try withProgram { program in
            try program.write("data.csv", table.csv)
            let outcome = try program.run(Self.fit + [table.model, "--data", "data.csv"])
            #expect(outcome.status == 0)
            #expect(outcome.error.isEmpty)
        }
    }

    @Test func standardInputIsRead() throws {
        try withProgram { program in
            try program.write("data.csv", "y,sigma\n1,2\n3,4\n")
            let file = try program.run(Self.fit + ["eight-schools", "--data", "data.csv", "--json", "-"])
            let piped = try program.run(Self.fit + ["eight-schools", "--data", "-", "--json", "-"], input: "data.csv")
            #expect(piped.status == 0)
            let loss = { (outcome: BuiltProgram.Outcome) in try BuiltProgram.object(Data(outcome.output.utf8))["loss"] as? [Double] }
            #expect(try loss(piped) == loss(file))
            #expect(try loss(piped)?.count == 2)
        }
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let model: String
        let csv: String
        let message: String
        var testDescription: String { String(csv.prefix(60)) }
    }

    static let bad: [Bad] = [
        .init(model: "logistic", csv: "x0,x2,y\n1,2,0\n", message: "there is no column 'x1'; there are: x0, x2, y"),
        .init(model: "logistic", csv: "x1,x2,y\n1,2,0\n", message: "there is no column 'x0'"),
        .init(model: "logistic", csv: "x0,X1,y\n1,2,0\n", message: "there is no column 'x1'"),
        .init(model: "logistic", csv: "x0,x01,y\n1,2,0\n", message: "there is no column 'x1'"),
        .init(model: "logistic", csv: "x0,x99999999999,y\n1,2,0\n", message: "there is no column 'x1'"),
        .init(model: "logistic", csv: "a,y\n1,0\n", message: "there is no column 'x0'"),
        .init(model: "eight-schools", csv: "y,sigma,y\n1,2,3\n", message: "two columns have the same name, 'y'"),
        .init(model: "eight-schools", csv: ",\n1,2\n", message: "there is no column 'y'; the columns have no names"),
        // A terminal would obey what stands in a cell.
        .init(model: "eight-schools", csv: "y,sigma\n\u{1B}[2J\u{7}1,2\n", message: "'\\u{1b}[2J\\u{7}1' is not a number"),
        .init(model: "eight-schools", csv: "y,\u{1B}]0;x\u{7}\n1,2\n", message: "there are: y, \\u{1b}]0;x\\u{7}"),
        .init(
            model: "eight-schools", csv: "y,sigma\n" + String(repeating: "a", count: 5_000_000) + ",2\n",
            message: "'" + String(repeating: "a", count: 40) + "...' is not a number"),
        .init(
            model: "eight-schools", csv: (0..<300).map { "column\($0)" }.joined(separator: ",") + "\n1\n", message: "column19 and 280 more"),
    ]

    @Test(arguments: bad) func isReportedInOneLine(_ bad: Bad) throws {
        try withProgram { program in
            try program.write("data.csv", bad.csv)
            let outcome = try program.run(Self.fit + [bad.model, "--data", "data.csv"])
            #expect(outcome.status == 1)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorLines.count == 1)
            #expect(outcome.error.contains(bad.message))
            #expect(outcome.error.utf8.count < 1000)
            #expect(!outcome.error.dropLast().unicodeScalars.contains { $0.value < 32 })
        }
    }

    @Test func aFolderIsNoTable() throws {
        try withProgram { program in
            let outcome = try program.run(Self.fit + ["radon", "--data", "."])
            #expect(outcome.status == 1)
            #expect(outcome.error.contains(".: it is a folder; give a CSV file"))
        }
    }

    /// Columns are found by name at once, however many there are.
    @Test(.timeLimit(.minutes(1))) func manyColumns() throws {
        let count = 20_000
        let names = (0..<count).map { "x\($0)" } + ["y"]
        let row = (0..<count).map { "\($0 % 7)" }.joined(separator: ",")
        let table = try Table(csv: names.joined(separator: ",") + "\n\(row),0\n\(row),1\n", name: "wide")
        let columns = try table.numberedColumns("x")
        #expect(columns.count == count)
        #expect(columns[12_345] == [Double(12_345 % 7), Double(12_345 % 7)])
        #expect(try Example.named("logistic")?.problem(table).data["x"] != nil)
    }
}
