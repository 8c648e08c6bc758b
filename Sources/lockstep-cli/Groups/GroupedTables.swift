import Lockstep

/// The fits of many datasets as tables.
struct GroupedTables {
    let grouped: GroupedFits
    let results: [DatasetResult]

    /// A row for each lane.
    var fits: [UInt8] {
        var csv = CSVText()
        csv.row([grouped.column, "start", "status", "elbo", "loss", "steps"].map(CSVText.Cell.text))
        let (elbo, loss, status) = (grouped.fits.elbo, grouped.fits.loss, grouped.fits.status)
        for result in results {
            for lane in result.lanes {
                csv.row([
                    .text(result.label), .whole(lane - result.lanes.lowerBound), .text("\(status[lane])"), .number(elbo[lane]),
                    .number(loss[lane]), .whole(status[lane].steps(of: grouped.fits.steps)),
                ])
            }
        }
        return csv.bytes
    }

    /// A row for each element of a site, of the best start of each dataset; none for a dataset whose starts were all lost.
    var summary: [UInt8] {
        var csv = CSVText()
        csv.row([grouped.column, "parameter", "mean", "sd", "q05", "median", "q95"].map(CSVText.Cell.text))
        for result in results {
            guard let summary = result.summary else { continue }
            for row in summary {
                csv.row([
                    .text(result.label), .text(row.name), .number(row.mean), .number(row.sd), .number(row.q05), .number(row.median),
                    .number(row.q95),
                ])
            }
        }
        return csv.bytes
    }
}

/// A table as RFC 4180 has it, but for lines, which end as on other systems than Windows.
struct CSVText {
    enum Cell {
        case text(String)
        case whole(Int)
        /// An empty cell where it is no number.
        case number(Double)
    }

    private(set) var bytes: [UInt8] = []

    mutating func row(_ cells: [Cell]) {
        for (place, cell) in cells.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            switch cell {
            case .text(let text): append(text)
            case .whole(let number): bytes.append(contentsOf: String(number).utf8)
            case .number(let number): if number.isFinite { bytes.append(contentsOf: Float(number).description.utf8) }
            }
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    private mutating func append(_ text: String) {
        let needsQuotes = text.utf8.contains { [UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains($0) }
        bytes.append(contentsOf: (needsQuotes ? "\"\(text.replacing("\"", with: "\"\""))\"" : text).utf8)
    }
}

extension FitStatus {
    /// The steps that were taken, of so many that were asked for.
    fileprivate func steps(of steps: Int) -> Int {
        switch self {
        case .finished: steps
        case .converged(let step), .stalled(let step), .running(let step), .diverged(let step): step
        case .waiting, .noValidStart, .badData: 0
        }
    }
}
