/// Comparisons as a table, for a terminal and for Markdown.
struct ComparisonTable {
    let comparisons: [Comparison]

    private static let header = [
        "case", "lanes", "steps", "Lockstep", "+-", "NumPyro", "+-", "fit", "ratio", "CPU ratio", "compile", "loss",
    ]

    private func cells(_ c: Comparison) -> [String] {
        [
            c.item.name, "\(c.lanes)", "\(c.steps)", Text.number(c.lockstep.rate), Text.percent(c.lockstep.spread),
            Text.number(c.peer.rate), Text.percent(c.peer.spread), c.peerFit, Text.ratio(c.ratio), Text.ratio(c.cpuRatio),
            "\(Text.number(c.lockstep.compileSeconds)) / \(Text.number(c.peer.compileSeconds))",
            "\(Text.loss(c.agreement.lockstepCentre)) / \(Text.loss(c.agreement.peerCentre))",
        ]
    }

    /// Why there is no ratio, where there is none.
    private var objections: [String] {
        comparisons.compactMap { c in c.agreement.objection.map { "\(c.item.name), \(c.lanes) lanes: no ratio, because \($0)" } }
    }

    var terminal: String {
        ([Text.aligned([Self.header] + comparisons.map(cells))] + objections).joined(separator: "\n")
    }

    /// The best of each side over the lanes that were tried, which need not be at the same number.
    private var bests: [[String]] {
        var rows: [[String]] = []
        for name in comparisons.map(\.item.name).reduce(into: [String](), { if !$0.contains($1) { $0.append($1) } }) {
            let own = comparisons.filter { $0.item.name == name && $0.agreement.objection == nil }
            guard Set(own.map(\.lanes)).count > 1, let ours = own.max(by: { $0.lockstep.rate < $1.lockstep.rate }),
                let theirs = own.max(by: { $0.peer.rate < $1.peer.rate })
            else { continue }
            rows.append([
                name, Text.number(ours.lockstep.rate), "\(ours.lanes)", Text.number(theirs.peer.rate), "\(theirs.lanes)",
                Text.ratio(ours.lockstep.rate / theirs.peer.rate),
            ])
        }
        return rows
    }

    /// - Parameters:
    ///   - command: what to type to make it again.
    ///   - failures: what could not be measured.
    func markdown(command: String, machine: String, picture: String?, failures: [String]) -> String {
        func table(_ header: [String], _ rows: [[String]]) -> String {
            ([header, header.map { _ in "---" }] + rows).map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
        }
        let versions = comparisons.first?.peerVersions.sorted { $0.key > $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        var parts = [
            "# Results", "Made by",
            "```sh\n\(command)\n```",
            "on \(machine); Lockstep on \(comparisons.first?.deviceName ?? "no device"), beside \(versions ?? "no peer").",
            """
            Speeds are lane-steps per second: medians over the turns, in which the programs take their places one after the \
            other (A B A B), each in a process of its own. `+-` is half the range of the turns. NumPyro's is the better of \
            `svi.run` and a loop over `svi.update`, named under `fit`. The CPU ratio is of lane-steps per second of processor \
            time. Compiling is not part of a speed: `compile` has the seconds of Lockstep / NumPyro, and `loss` the centres of \
            the final losses.
            """,
            "There is a ratio only where the fits agree: \(Agreement.rule).",
            table(Self.header, comparisons.map(cells)),
        ]
        if !bests.isEmpty {
            parts.append("The best of each over the lanes tried:")
            parts.append(table(["case", "Lockstep", "at lanes", "NumPyro", "at lanes", "ratio"], bests))
        }
        parts += (objections + failures).map { "- " + $0 }
        if let picture { parts.append("![Lane-steps per second against lanes](\(picture))") }
        return parts.joined(separator: "\n\n") + "\n"
    }
}
