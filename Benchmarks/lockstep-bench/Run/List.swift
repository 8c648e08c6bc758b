import ArgumentParser

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Names the cases.")

    func run() {
        for item in BenchmarkCase.all { print("\(item.name): \(item.summary), \(item.rows) rows") }
    }
}
