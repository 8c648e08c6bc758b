import Foundation

/// A posterior as text, a line for each element.
struct PosteriorTable {
    let posterior: PosteriorSummary

    /// Longer arrays are cut in the table; the JSON file has them whole.
    private static let shownElements = 10
    private static let header = ["site", "mean", "sd", "5%", "50%", "95%"]

    var text: String {
        var rows: [[String]] = [Self.header]
        var notes: [String] = []
        for site in posterior.sites {
            let count = site.mean.count
            // Cutting a line or two would save nothing.
            let shown = count <= Self.shownElements + 2 ? count : Self.shownElements
            rows += (0..<shown).map { element in
                [Self.name(site, element)]
                    + [site.mean, site.sd, site.q05, site.q50, site.q95].map { Self.number($0[element]) }
            }
            if shown < count { notes.append("\(site.name) has \(count) elements; the first \(shown) are shown, --json writes all.") }
        }
        let widths = Self.header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            row.indices.map { $0 == 0 ? row[0].padded(to: widths[0]) : row[$0].aligned(to: max(widths[$0], 9)) }
                .joined(separator: "  ")
        }
        return (lines + notes).joined(separator: "\n") + "\n"
    }

    /// `tau`, `theta[3]`, `w[0,2]`.
    private static func name(_ site: PosteriorSummary.Site, _ element: Int) -> String {
        if site.shape.isEmpty { return site.name }
        var rest = element
        var places: [Int] = []
        for extent in site.shape.reversed() {
            places.insert(rest % extent, at: 0)
            rest /= extent
        }
        return "\(site.name)[\(places.map(String.init).joined(separator: ","))]"
    }

    /// Four significant digits.
    static func number(_ value: Double) -> String {
        let size = abs(value)
        return size == 0 || (size >= 1e-3 && size < 1e6)
            ? String(format: "%.\(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4)f", value)
            : String(format: "%.3e", value)
    }
}
