import Foundation

extension GridSummary: CustomStringConvertible {
    /// Labels that tables show; of more there is a note.
    private static let shownLabels = 20
    private static let header = ["site", "mean", "sd", "5%", "50%", "95%"]

    /// A table of the fits, and one of their sites: of the first 20 labels, with the first ten elements of long arrays.
    public var description: String {
        // Cutting a line or two would save nothing.
        let shown = groups.count <= Self.shownLabels + 2 ? groups.count : Self.shownLabels
        var notes = shown < groups.count ? ["There are \(groups.count) labels; the first \(shown) are shown."] : []
        var fits = [[axis, "status", "ELBO", "error", "starts", "agreeing"]]
        var sites = [[axis] + Self.header]
        for (place, group) in groups.prefix(shown).enumerated() {
            let hasFit = group.lane != nil
            fits.append(
                [group.label, "\(group.status)"]
                    + [group.elbo, group.elboError].map { hasFit ? String(format: "%.2f", $0) : "" }
                    + ["\(group.starts)", hasFit ? String(format: "%.0f %%", 100 * group.agreeing) : ""])
            guard hasFit else { continue }
            let own = rows[(place * rowsPerLabel)..<((place + 1) * rowsPerLabel)]
            for (site, rows) in own.bySite {
                let shown = rows.count <= Summary.shownElements + 2 ? rows.count : Summary.shownElements
                sites += rows.prefix(shown).map { row in
                    [row.label, row.name] + [row.mean, row.sd, row.q05, row.median, row.q95].map(Summary.number)
                }
                let note = "\(site) has \(rows.count) elements; the first \(shown) are shown."
                if shown < rows.count, !notes.contains(note) { notes.append(note) }
            }
        }
        return (fits.aligned(words: 2) + [""] + sites.aligned(words: 2) + notes).joined(separator: "\n") + "\n"
    }

    /// All rows, with the group of each, as RFC 4180 has it: lines end with CR and LF, and labels are in quotes where they need be. What is
    /// NaN is left empty, and indices are separated by spaces.
    public var csv: String {
        let header = [axis, "status", "elbo", "elboError", "starts", "agreeing", "site", "index", "mean", "sd", "q05", "median", "q95"]
        var lines = [Self.line(header)]
        for (place, group) in groups.enumerated() {
            let fit = [group.label, "\(group.status)", Self.number(group.elbo), Self.number(group.elboError)]
            let starts = ["\(group.starts)", Self.number(group.agreeing)]
            for row in rows[(place * rowsPerLabel)..<((place + 1) * rowsPerLabel)] {
                let site = [row.site, row.index.map(String.init).joined(separator: " ")]
                lines.append(Self.line(fit + starts + site + [row.mean, row.sd, row.q05, row.median, row.q95].map(Self.number)))
            }
        }
        return lines.map { $0 + "\r\n" }.joined()
    }

    private static func number(_ value: Double) -> String { value.isNaN ? "" : "\(value)" }

    private static func line(_ fields: [String]) -> String { fields.map(field).joined(separator: ",") }

    private static func field(_ text: String) -> String {
        // By scalars: CR and LF together are one character.
        guard text.unicodeScalars.contains(where: { ["\"", ",", "\r", "\n"].contains($0) }) else { return text }
        return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }
}

extension ArraySlice<GridSummary.Row> {
    /// Rows of one site after the other.
    fileprivate var bySite: [(site: String, rows: ArraySlice<GridSummary.Row>)] {
        var sites: [(site: String, rows: ArraySlice<GridSummary.Row>)] = []
        var first = startIndex
        for place in indices where place + 1 == endIndex || self[place + 1].site != self[first].site {
            sites.append((self[first].site, self[first...place]))
            first = place + 1
        }
        return sites
    }
}
