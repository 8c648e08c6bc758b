import Testing

/// Bad input gets one line that says what to do, and exit code 1; bad usage gets 64.
@Suite struct BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let arguments: String
        let message: String
        var status: Int32 = 1
        /// The content of `data.csv`.
        var data: String?
        var environment: [String: String] = [:]

        var testDescription: String { "\(arguments) \(data ?? "")" }
    }

    static let cases: [Case] = [
        .init(arguments: "fit nine-schools", message: "unknown model 'nine-schools'; choose from: eight-schools, radon"),
        .init(arguments: "fit eight-schools --guide full", message: "unknown guide 'full'; choose from: normal, delta"),
        .init(arguments: "fit eight-schools --device abacus", message: "unknown device 'abacus'; choose from: auto, opencl, cpu"),
        .init(arguments: "fit eight-schools --lanes 0", message: "--lanes is 0"),
        .init(arguments: "fit eight-schools --lanes -3", message: "--lanes is -3"),
        .init(arguments: "fit eight-schools --lanes 99999999999", message: "--lanes is 99999999999"),
        .init(arguments: "fit eight-schools --steps 0", message: "--steps is 0"),
        .init(arguments: "fit eight-schools --steps 5000000", message: "--steps is 5000000; give 1 to 4194304"),
        .init(arguments: "fit eight-schools --particles 0", message: "--particles is 0"),
        .init(arguments: "fit eight-schools --learning-rate nan", message: "--learning-rate is nan"),
        .init(arguments: "fit eight-schools --learning-rate -0.1", message: "--learning-rate is -0.1; give a positive number, or two, as 0.1:0.001"),
        .init(arguments: "fit eight-schools --learning-rate 0", message: "--learning-rate is 0;"),
        .init(arguments: "fit eight-schools --learning-rate 1e39", message: "--learning-rate is 1e39;"),
        .init(arguments: "fit eight-schools --learning-rate 1e-310", message: "--learning-rate is 1e-310;"),
        .init(arguments: "fit eight-schools --learning-rate 0.1:", message: "--learning-rate is 0.1:;"),
        .init(arguments: "fit eight-schools --learning-rate 0.1:0", message: "--learning-rate is 0.1:0;"),
        .init(arguments: "fit eight-schools --learning-rate inf:0.1", message: "--learning-rate is inf:0.1;"),
        .init(arguments: "fit eight-schools --learning-rate 0.1:0.01:0.001", message: "--learning-rate is 0.1:0.01:0.001;"),
        .init(arguments: "fit eight-schools --learning-rate fast", message: "--learning-rate is fast;"),
        .init(arguments: "fit eight-schools --json none/fit.json", message: "cannot write none/fit.json: no such file or directory"),
        .init(arguments: "fit eight-schools --json .", message: "it is a folder"),
        .init(arguments: "fit eight-schools --data none.csv", message: "none.csv: there is no such file"),
        .init(arguments: "fit radon", message: "the model 'radon' needs data: pass --data FILE.csv"),
        .init(arguments: "fit eight-schools --data data.csv", message: "data.csv: there is no column 'sigma'; there are: y", data: "y\n1\n"),
        .init(arguments: "fit eight-schools --data data.csv", message: "line 3, column 'y': 'two' is not a number", data: "y,sigma\n1,2\ntwo,2\n"),
        .init(arguments: "fit eight-schools --data data.csv", message: "line 2, column 'y': the value is NaN", data: "y,sigma\nNaN,2\n"),
        .init(arguments: "fit eight-schools --data data.csv", message: "line 4, column 'sigma': there is no number", data: "y,sigma\n1,2\n\n3\n"),
        .init(
            arguments: "fit eight-schools --data data.csv", message: "line 2, column 'sigma': 0.0 is not a standard deviation", data: "y,sigma\n1,0\n"
        ),
        .init(arguments: "fit eight-schools --data data.csv", message: "data.csv: there are no rows", data: "y,sigma\n"),
        .init(arguments: "fit logistic --data data.csv", message: "line 2, column 'y': 2.0 is neither 0 nor 1", data: "x0,y\n1,2\n"),
        .init(
            arguments: "fit radon --data data.csv", message: "line 2, column 'county': 0.5 is not an index", data: "county,floor,log_radon\n0.5,1,1\n"
        ),
        .init(arguments: "fit radon --data data.csv", message: "too large an index", data: "county,floor,log_radon\n27053,1,1\n"),
        .init(arguments: "fit blocked-deterministic --data data.csv", message: "takes no data", data: "y\n1\n"),
        .init(
            arguments: "fit eight-schools --device opencl", message: "OpenCL is switched off",
            environment: ["LOCKSTEP_OPENCL_LIBRARY": "none"]),
        .init(
            arguments: "fit eight-schools --device opencl", message: "No OpenCL on this machine: there is no loader library",
            environment: ["LOCKSTEP_OPENCL_LIBRARY": "/nonexistent/libOpenCL.so"]),
        .init(arguments: "fit", message: "Missing expected argument '<model>'", status: 64),
        .init(arguments: "fit eight-schools --lanes many", message: "The value 'many' is invalid", status: 64),
        .init(arguments: "fit eight-schools --verbose", message: "Unknown option '--verbose'", status: 64),
        .init(arguments: "tell", message: "Unexpected argument 'tell'", status: 64),
    ]

    @Test(arguments: cases) func isReported(_ bad: Case) throws {
        try withProgram { program in
            if let data = bad.data { try program.write("data.csv", data) }
            let before = try program.files()
            let outcome = try program.run(bad.arguments.split(separator: " ").map(String.init), environment: bad.environment)
            #expect(outcome.status == bad.status)
            #expect(outcome.output.isEmpty)
            let line = try #require(outcome.errorLines.first)
            #expect(line.contains(bad.message))
            // Usage errors go on with the usage.
            if bad.status == 1 { #expect(outcome.errorLines.count == 1) }
            #expect(try program.files() == before)
        }
    }
}
