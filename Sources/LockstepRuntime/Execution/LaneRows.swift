/// Rows of each lane's own number, as parts of numbers that several lanes may have the same of.
package struct LaneRows: Sendable {
    package let values: Numbers
    /// Of each lane; not empty, but where no lane has any.
    package let parts: [Range<Int>]
    /// Numbers of one row.
    let row: Int

    package init(_ values: Numbers, parts: [Range<Int>], row: Int) {
        self.values = values
        self.parts = parts
        self.row = max(row, 1)
    }
}

extension LaneLayout {
    /// Fills the places of blocks with rows: after a lane's own come the last one of them again and again, which is as valid as it is.
    ///
    /// - Parameters:
    ///   - count: numbers that there is room for in each lane.
    ///   - together: rows that are read together, where none are read beyond the most that a lane of the block has: the room for others stays
    ///     as it is. Nil where all are read.
    @inline(__always)
    func place<Change: Conversion>(
        _ change: Change.Type, _ values: UnsafeBufferPointer<Change.Source>, _ rows: LaneRows, count: Int, together: Int?,
        in base: UnsafeMutablePointer<Change.Target>
    ) {
        guard rows.parts.count == lanes, let source = values.baseAddress else { return }
        let row = rows.row
        rows.parts.withUnsafeBufferPointer { parts in
            AllCores.run(blocks) { block in
                let (first, used) = (block * self.filled, self.filled(block))
                let own = (first / copies)..<((first + used + copies - 1) / copies)
                var end = count
                if let together {
                    let granule = together * row
                    end = min(count, ((own.map { parts[$0].count }.max() ?? 0) + granule - 1) / granule * granule)
                }
                // So few numbers of each that all of them stay in a core's cache.
                for from in stride(from: 0, to: end, by: Self.rowSpan) {
                    let span = from..<min(from + Self.rowSpan, end)
                    for place in 0..<used {
                        let part = parts[(first + place) / copies]
                        let target = base + block * count * width + place
                        let known = span.clamped(to: 0..<max(part.count, span.lowerBound))
                        for element in known { target[element * width] = Change.of(source[part.lowerBound + element]) }
                        for element in known.upperBound..<span.upperBound {
                            target[element * width] = part.isEmpty ? 0 : Change.of(source[part.upperBound - row + (element - part.count) % row])
                        }
                    }
                    for place in used..<width {
                        let target = base + block * count * width + place
                        for element in span { target[element * width] = 0 }
                    }
                }
            }
        }
    }

    private static var rowSpan: Int { 64 }
}
