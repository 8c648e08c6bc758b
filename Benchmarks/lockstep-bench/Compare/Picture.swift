import Foundation

/// Lane-steps per second against lanes, a panel for each case, both axes logarithmic, as SVG. Points are hollow where
/// the fits do not agree.
struct Picture {
    let comparisons: [Comparison]

    private static let panel = (width: 320.0, height: 230.0)
    private static let plot = (left: 58.0, top: 34.0, width: 240.0, height: 150.0)
    private static let sides: [(name: String, color: String, rate: @Sendable (Comparison) -> Double)] = [
        ("Lockstep", "#c2410c", { $0.lockstep.rate }), ("NumPyro", "#1d4ed8", { $0.peer.rate }),
    ]

    var svg: String {
        let names = comparisons.map(\.item.name).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let columns = min(3, max(names.count, 1))
        let lines = (names.count + columns - 1) / columns
        let (width, height) = (Self.panel.width * Double(columns), Self.panel.height * Double(lines) + 24)
        var parts = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(whole(width)) \(whole(height))" \
            font-family="sans-serif" font-size="11" fill="#333">
            """,
            "<rect width=\"\(whole(width))\" height=\"\(whole(height))\" fill=\"white\"/>",
        ]
        for (place, side) in Self.sides.enumerated() {
            let x = 14 + 110 * Double(place)
            parts.append("<circle cx=\"\(whole(x))\" cy=\"14\" r=\"4\" fill=\"\(side.color)\"/>")
            parts.append(text(x + 10, 18, side.name, anchor: "start"))
        }
        parts.append(text(width - 14, 18, "lane-steps per second against lanes; hollow: the fits disagree", anchor: "end"))
        for (place, name) in names.enumerated() {
            let (x, y) = (Double(place % columns) * Self.panel.width, Double(place / columns) * Self.panel.height + 24)
            parts.append("<g transform=\"translate(\(whole(x)),\(whole(y)))\">")
            parts += panel(name, comparisons.filter { $0.item.name == name }.sorted { $0.lanes < $1.lanes })
            parts.append("</g>")
        }
        return (parts + ["</svg>", ""]).joined(separator: "\n")
    }

    private func panel(_ name: String, _ points: [Comparison]) -> [String] {
        let rates = Self.sides.flatMap { side in points.map(side.rate) }.filter { $0.isFinite && $0 > 0 }
        guard let least = rates.min(), let most = rates.max(), let first = points.first, let last = points.last else { return [] }
        let decades = (bottom: floor(log10(least)), top: max(ceil(log10(most)), floor(log10(least)) + 1))
        let span = (first: log2(Double(first.lanes)), last: log2(Double(last.lanes)))
        let plot = Self.plot
        func x(_ lanes: Int) -> Double {
            let share = span.last > span.first ? (log2(Double(lanes)) - span.first) / (span.last - span.first) : 0.5
            return plot.left + share * plot.width
        }
        func y(_ rate: Double) -> Double {
            plot.top + plot.height * (decades.top - log10(rate)) / (decades.top - decades.bottom)
        }
        var parts = [text(plot.left, 20, name, anchor: "start", isBold: true)]
        for decade in stride(from: decades.bottom, through: decades.top, by: 1) {
            let height = y(pow(10, decade))
            parts.append(
                "<path d=\"M\(whole(plot.left)) \(digit(height))h\(whole(plot.width))\" stroke=\"#ddd\" fill=\"none\"/>")
            parts.append(text(plot.left - 6, height + 4, "1e\(Int(decade))", anchor: "end"))
        }
        for point in points { parts.append(text(x(point.lanes), plot.top + plot.height + 16, "\(point.lanes)", anchor: "middle")) }
        for side in Self.sides {
            let shown = points.filter { side.rate($0) > 0 }
            let places = shown.map { (x($0.lanes), y(side.rate($0))) }
            let line = places.map { "\(digit($0.0)),\(digit($0.1))" }.joined(separator: " ")
            parts.append("<polyline points=\"\(line)\" stroke=\"\(side.color)\" stroke-width=\"2\" fill=\"none\"/>")
            parts += zip(shown, places).map { point, place in
                let fill = point.agreement.objection == nil ? side.color : "white"
                return "<circle cx=\"\(digit(place.0))\" cy=\"\(digit(place.1))\" r=\"3\" fill=\"\(fill)\" stroke=\"\(side.color)\"/>"
            }
        }
        return parts
    }

    private func text(_ x: Double, _ y: Double, _ content: String, anchor: String, isBold: Bool = false) -> String {
        "<text x=\"\(digit(x))\" y=\"\(digit(y))\" text-anchor=\"\(anchor)\"\(isBold ? " font-weight=\"bold\"" : "")>\(content)</text>"
    }

    private func whole(_ value: Double) -> String { String(format: "%.0f", value) }
    private func digit(_ value: Double) -> String { String(format: "%.1f", value) }
}
