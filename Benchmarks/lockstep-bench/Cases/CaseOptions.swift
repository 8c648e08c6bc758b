import ArgumentParser

/// The cases that a command goes through.
struct CaseOptions: ParsableArguments {
    @Option(name: .customLong("case"), help: "A case; may be given several times. Default: all.") var names: [String] = []
    @Flag(name: .customLong("flat"), help: "Only the cases that loop over rows and do nothing else.") var isFlat = false

    func validate() throws {
        if isFlat, !names.isEmpty { throw ValidationError("give either --case or --flat") }
    }

    func items() throws -> [BenchmarkCase] {
        try names.isEmpty ? (isFlat ? BenchmarkCase.flat : BenchmarkCase.all) : names.map(BenchmarkCase.named)
    }

    /// To type the same.
    var words: [String] { isFlat ? ["--flat"] : names.map { "--case \($0)" } }
}
