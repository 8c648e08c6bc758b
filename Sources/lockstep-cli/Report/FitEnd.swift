import Lockstep

/// Whether the fits of a run were done, in one line.
struct FitEnd {
    /// Nil for lanes that were lost.
    let progress: [FitProgress?]

    /// Nil where there is no lane to speak of.
    var text: String? {
        let all = progress.compactMap(\.self)
        if all.isEmpty { return nil }
        func lanes(_ count: Int) -> String { "\(count) of \(all.count) lane\(all.count == 1 ? "" : "s")" }
        func count(_ trend: FitProgress.Trend) -> Int { all.filter { $0.trend == trend }.count }
        let advice: [(trend: FitProgress.Trend, text: String)] = [
            (.falling, "the loss is still falling in @: run more --steps, or raise --learning-rate"),
            (.rising, "the loss is rising in @: lower --learning-rate"),
            (.unknown, "too few steps to tell whether the loss is level in @: run more --steps"),
        ]
        var findings = advice.compactMap { trend, text in
            count(trend) == 0 ? nil : text.replacing("@", with: lanes(count(trend)))
        }
        if findings.isEmpty { findings = ["the loss is level in \(lanes(all.count))"] }
        for kind in [FitProgress.Edge.Kind.bound, .collapsed] {
            let edges = all.map { ($0.edges ?? []).filter { $0.kind == kind }.map(\.site) }.filter { !$0.isEmpty }
            guard let sites = edges.first else { continue }
            findings.append("\(sites.joined(separator: ", ")) \(kind.rawValue) in \(lanes(edges.count)): give a narrower prior")
        }
        let refused = all.filter { ($0.refusedShare ?? 0) > FitProgress.notableShare }.count
        if refused > 0 { findings.append("many of the last steps were refused in \(lanes(refused)): lower --learning-rate") }
        return findings.joined(separator: "; ")
    }
}
