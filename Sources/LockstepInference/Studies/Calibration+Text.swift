import Foundation

extension Calibration: CustomStringConvertible {
    private static let header = ["site", "ranks", "mean rank", "p"]
    private static let mostBins = 20

    /// A line for each element: a picture of its ranks, the mean of rank / draws, and the p-value. Of long arrays the elements with the smallest
    /// p-values are shown.
    public var description: String {
        var table = [Self.header]
        var notes: [String] = []
        for site in sites {
            let own = elements.filter { $0.site == site }
            let isCut = own.count > Summary.shownElements + 2
            let shown = isCut ? Array(own.sorted { $0.pValue < $1.pValue }.prefix(Summary.shownElements)) : own
            table += shown.map { element in
                let mean = Double(element.ranks.reduce(0, +)) / Double(max(element.ranks.count, 1) * draws)
                return [element.name, picture(element.ranks), String(format: "%.3f", mean), String(format: "%.2g", element.pValue)]
            }
            if isCut { notes.append("\(site) has \(own.count) elements; the \(shown.count) with the smallest p-values are shown.") }
        }
        let verdict = isCalibrated() ? "Ranks may be uniform" : "Ranks are not uniform"
        let p = String(format: "%.2g", pValue)
        notes.append("\(verdict): p = \(p) of all \(elements.count) elements, from \(datasets) datasets and \(draws) draws.")
        if !lost.isEmpty { notes.append("\(lost.count) more datasets have no fit.") }
        return (table.aligned(words: 2) + notes).joined(separator: "\n") + "\n"
    }

    private var sites: [String] { elements.reduce(into: []) { if $0.last != $1.site { $0.append($1.site) } } }

    /// Columns of blocks, of half the height where ranks are uniform.
    func picture(_ ranks: [Int]) -> String {
        let bins = min(Self.mostBins, draws + 1)
        var counts = Array(repeating: 0, count: bins)
        var widths = Array(repeating: 0, count: bins)
        for rank in 0...draws { widths[rank * bins / (draws + 1)] += 1 }
        for rank in ranks { counts[rank * bins / (draws + 1)] += 1 }
        let blocks = Array(" ▁▂▃▄▅▆▇█")
        return String(
            zip(counts, widths).map { count, width in
                // Of what the bin's ranks would be if all were as likely.
                let share = Double(count * (draws + 1)) / Double(max(ranks.count * width, 1))
                return blocks[min(max(Int((share * 4).rounded()), count > 0 ? 1 : 0), 8)]
            })
    }
}
