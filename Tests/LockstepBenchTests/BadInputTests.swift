import TestSupport
import Testing

/// Wrong input gets one line that says what is wrong, and exit code 64; what a run finds out gets one line and 1.
@Suite struct BenchBadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let arguments: String
        let message: String
        var status: Int32 = 64
        var testDescription: String { arguments }
    }

    static let cases: [Case] = [
        .init(arguments: "run --case nine-schools", message: "there is no case 'nine-schools'; there are: eight-schools, logistic"),
        .init(arguments: "run", message: "Missing expected argument '--case <case>'"),
        .init(arguments: "run --case radon --lanes 0", message: "must be positive"),
        .init(arguments: "run --case radon --steps 0", message: "must be positive"),
        .init(arguments: "run --case radon --repeat 0", message: "must be positive"),
        .init(arguments: "run --case radon --lanes many", message: "The value 'many' is invalid"),
        .init(arguments: "run --case radon --schedule E", message: "The value 'E' is invalid"),
        .init(arguments: "run --case radon --fast", message: "Unknown option '--fast'"),
        .init(arguments: "explain --case nine-schools", message: "there is no case 'nine-schools'"),
        .init(arguments: "explain --case eight-schools --lanes 0", message: "must be positive"),
        .init(arguments: "scale --lanes 16,none", message: "The value '16,none' is invalid"),
        .init(arguments: "scale --lanes 16,0", message: "The value '16,0' is invalid"),
        .init(arguments: "scale --within -1", message: "--within"),
        .init(arguments: "start --turns 0", message: "must be positive"),
        .init(arguments: "start --case nine-schools", message: "there is no case 'nine-schools'"),
        .init(arguments: "start --case radon --flat", message: "give either --case or --flat"),
        .init(arguments: "compare --turns 0", message: "must be positive"),
        .init(arguments: "compare --sweep 1,x", message: "The value '1,x' is invalid"),
        .init(arguments: "compare --python /nonexistent/python", message: "there is no Python for the peers"),
        .init(arguments: "compare --python /bin/sh --peers /nonexistent", message: "there is no /nonexistent/numpyro_svi.py"),
        .init(arguments: "measure", message: "Unexpected argument 'measure'"),
        .init(arguments: "run --case eight-schools --device abacus", message: "no OpenCL device matches 'abacus'", status: 1),
        .init(arguments: "run --case radon --data /nonexistent", message: "/nonexistent/radon.csv", status: 1),
    ]

    @Test(arguments: cases) func isReported(_ bad: Case) throws {
        try withBench { program in
            let outcome = try program.run(bad.arguments.split(separator: " ").map(String.init))
            #expect(outcome.status == bad.status)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorLines.count == 1, "\(outcome.error)")
            #expect(outcome.error.contains(bad.message), "\(outcome.error)")
            #expect(try program.files().isEmpty)
        }
    }

    @Test func helpIsNoMistake() throws {
        try withBench { program in
            let outcome = try program.run(["--help"])
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("SUBCOMMANDS"))
        }
    }
}
