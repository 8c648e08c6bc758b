/// Names that a user may have meant.
enum Spelling {
    /// - Returns: "did you mean 'tau'? It has 'mu', 'tau'", say.
    static func hint(_ name: String, among known: some Collection<String>) -> String {
        guard !known.isEmpty else { return "it has none" }
        let byDistance = known.map { (distance: distance(name.lowercased(), $0.lowercased()), name: $0) }
            .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
        let nearest = byDistance[0]
        let isNear = nearest.distance <= max(2, name.count / 3)
        let list = byDistance.prefix(12).map { "'\($0.name)'" }.joined(separator: ", ") + (byDistance.count > 12 ? ", ..." : "")
        return (isNear ? "did you mean '\(nearest.name)'? " : "") + "It has \(list)"
    }

    /// Insertions, removals and replacements from one text to the other (Levenshtein 1966).
    static func distance(_ a: String, _ b: String) -> Int {
        // Names are short; a hostile one costs no more than this.
        let (a, b) = (Array(a.prefix(64)), Array(b.prefix(64)))
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (x == y ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = next
            }
        }
        return row[b.count]
    }
}
