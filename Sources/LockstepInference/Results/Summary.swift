import Foundation
import LockstepTensor

/// Moments and quantiles of one fit's latent and deterministic sites, a row for each element of a site, in the order of
/// the model. Printed, it is a table.
public struct Summary: Sendable {
    /// One element of a site.
    public struct Row: Sendable, Hashable {
        /// The name of the site.
        public let site: String
        /// The element's place in the site's array; empty for a scalar.
        public let index: [Int]
        /// The element's mean and standard deviation.
        public let mean, sd: Double
        /// The 5 %, 50 % and 95 % quantiles.
        public let q05, median, q95: Double

        /// `tau`, `theta[3]`, `w[0,2]`.
        public var name: String { Self.name(site, index) }

        static func name(_ site: String, _ index: [Int]) -> String {
            index.isEmpty ? site : "\(site)[\(index.map(String.init).joined(separator: ","))]"
        }
    }

    /// The lane of the fit.
    public let lane: Int
    /// In the order of the model.
    public let sites: [String]
    private let shapes: [String: Shape]
    private let rows: [Row]
    /// Where the rows of each site are.
    private let places: [String: Range<Int>]

    static let probabilities = [0.05, 0.5, 0.95]

    init(lane: Int, _ statistics: [SiteStatistics]) {
        self.lane = lane
        sites = statistics.map(\.name)
        shapes = Dictionary(statistics.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
        var rows: [Row] = []
        var places: [String: Range<Int>] = [:]
        for site in statistics {
            guard let found = site.lanes.first else { continue }
            let first = rows.count
            for element in 0..<site.shape.elementCount {
                rows.append(
                    Row(
                        site: site.name, index: ElementPlace.index(element, site.shape), mean: found.mean[element], sd: found.sd[element],
                        q05: found.quantiles[0][element], median: found.quantiles[1][element], q95: found.quantiles[2][element]))
            }
            places[site.name] = first..<rows.count
        }
        self.rows = rows
        self.places = places
    }

    /// The rows of one site; none when there is no such site.
    public subscript(site: String) -> ArraySlice<Row> { rows[places[site] ?? 0..<0] }

    /// The shape of a site's array; nil when there is no such site.
    public func shape(of site: String) -> Shape? { shapes[site] }
}

extension Summary: RandomAccessCollection {
    public var startIndex: Int { rows.startIndex }
    public var endIndex: Int { rows.endIndex }
    /// One row; of NaN and without a site where there is none.
    public subscript(position: Int) -> Row {
        rows.indices.contains(position) ? rows[position] : Row(site: "", index: [], mean: .nan, sd: .nan, q05: .nan, median: .nan, q95: .nan)
    }
}

extension Summary: CustomStringConvertible {
    /// Longer arrays are cut in the table.
    static let shownElements = 10
    private static let header = ["site", "mean", "sd", "5%", "50%", "95%"]

    /// A line for each element; of long arrays for the first ten, with a note.
    public var description: String {
        var table = [Self.header]
        var notes: [String] = []
        for site in sites {
            let rows = self[site]
            // Cutting a line or two would save nothing.
            let shown = rows.count <= Self.shownElements + 2 ? rows.count : Self.shownElements
            table += rows.prefix(shown).map { row in
                [row.name] + [row.mean, row.sd, row.q05, row.median, row.q95].map(Self.number)
            }
            if shown < rows.count { notes.append("\(site) has \(rows.count) elements; the first \(shown) are shown.") }
        }
        return (table.aligned(words: 1) + notes).joined(separator: "\n") + "\n"
    }

    /// Four significant digits.
    static func number(_ value: Double) -> String {
        let size = abs(value)
        return size == 0 || (size >= 1e-3 && size < 1e6)
            ? String(format: "%.\(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4)f", value)
            : String(format: "%.3e", value)
    }
}

extension [[String]] {
    /// Lines of a table whose rows have one length: columns of words to the left, then columns of numbers to the right.
    ///
    /// - Parameter words: how many columns of words there are.
    func aligned(words: Int) -> [String] {
        let widths = (first ?? []).indices.map { column in map { $0[column].count }.max() ?? 0 }
        return map { row in
            row.indices.map { $0 < words ? row[$0].padded(to: widths[$0]) : row[$0].aligned(to: Swift.max(widths[$0], 9)) }
                .joined(separator: "  ")
        }
    }
}

extension String {
    /// Spaces at the end.
    package func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }
    /// Spaces at the start.
    package func aligned(to width: Int) -> String { String(repeating: " ", count: Swift.max(0, width - count)) + self }
}
