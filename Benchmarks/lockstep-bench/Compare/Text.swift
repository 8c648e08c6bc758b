import Foundation

/// Numbers for people.
enum Text {
    /// About three digits: 0.0123, 4.56, 7890, 1.23e6.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        switch abs(value) {
        case ..<1000: return String(format: "%.3g", value)
        case ..<10_000: return String(format: "%.0f", value)
        default: return String(format: "%.2e", value).replacingOccurrences(of: "e+0", with: "e")
        }
    }

    static func ratio(_ value: Double?) -> String { value.map { String(format: $0 < 10 ? "%.2f" : "%.1f", $0) } ?? "none" }
    static func percent(_ value: Double) -> String { value.isFinite ? String(format: "%.0f %%", 100 * value) : "-" }
    static func loss(_ value: Double) -> String { value.isFinite ? String(format: "%.5g", value) : "-" }

    /// Columns of one width, for a terminal.
    static func aligned(_ rows: [[String]]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
                .trimmingCharacters(in: .whitespaces)
        }.joined(separator: "\n")
    }
}
