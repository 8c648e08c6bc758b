import ArgumentParser
import Foundation

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Names the cases.")

    @Flag(name: .customLong("json"), help: "With the lanes and steps that a comparison takes, for programs.") var isJSON = false
    @Flag(name: .customLong("flat"), help: "Only the cases that loop over rows and do nothing else.") var isFlat = false

    private struct Entry: Encodable {
        let name, summary: String
        let rows, lanes, largeLanes, steps: Int
    }

    func run() throws {
        let items = isFlat ? BenchmarkCase.flat : BenchmarkCase.all
        guard isJSON else {
            for item in items { print("\(item.name): \(item.summary), \(item.rows) rows") }
            return
        }
        print(
            try ReportJSON.text(
                items.map {
                    Entry(name: $0.name, summary: $0.summary, rows: $0.rows, lanes: $0.lanes, largeLanes: $0.largeLanes, steps: $0.steps)
                }))
    }
}
