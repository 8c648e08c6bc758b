import Foundation
import Lockstep
import LockstepTables

/// What the fits of many datasets came to, as text: a line for each dataset, as many as a screen has room for.
struct GroupedSummary {
    let model: String
    let grouped: GroupedFits
    let results: [DatasetResult]

    /// Datasets that are shown; of one or two more, all are.
    private static let shown = 20

    var text: String {
        let shown = results.count <= Self.shown + 2 ? results.count : Self.shown
        var table = [["\(ShownText(grouped.column))", "status", "best ELBO", "starts near it"]]
        table += results.prefix(shown).map { result in
            [
                "\(ShownText(result.label))", "\(result.status)", result.elbo.isNaN ? "-" : String(format: "%.6g", result.elbo),
                result.best == nil ? "-" : "\(result.near) of \(grouped.starts)",
            ]
        }
        let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        let lines = table.map { row in
            "\(row[0].padded(to: widths[0]))  \(row[1].padded(to: widths[1]))  \(row[2].aligned(to: widths[2]))  \(row[3].aligned(to: widths[3]))\n"
        }
        let rest = results.count - shown
        let lost = results.count { $0.best == nil }
        let some = results.count { $0.best != nil && $0.near == 1 && grouped.starts > 1 }
        return lines.joined() + (rest > 0 ? "and \(rest) more; --csv DIR writes all\n" : "") + "\n"
            + "data    \(count(results.count, "dataset")), \(count(grouped.starts, "start")) of each\(lost > 0 ? "; none of the starts finished in \(lost)" : "")\n"
            + (some > 0 ? "starts  the best ELBO was found once only in \(count(some, "dataset")): run more --starts, or more --steps\n" : "")
            + FitSummary(model: model, fits: grouped.fits, posterior: nil).text
    }

    private func count(_ number: Int, _ thing: String) -> String { "\(number) \(thing)\(number == 1 ? "" : "s")" }
}
