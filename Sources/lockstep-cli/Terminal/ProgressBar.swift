import Dispatch
import Foundation
import Synchronization

/// A line on standard error that is drawn again and again while fits run.
final class ProgressBar: Sendable {
    private let start = DispatchTime.now().uptimeNanoseconds
    private let isCompiling = Mutex(true)

    /// Nil when nobody would see it.
    init?() {
        guard Terminal.errorWidth != nil else { return nil }
        draw("compiling ...")
        Thread.detachNewThread { [weak self] in
            while self?.showCompiling() == true { Thread.sleep(forTimeInterval: 1) }
        }
    }

    private var seconds: Double { Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9 }

    /// - Returns: whether that goes on.
    private func showCompiling() -> Bool {
        isCompiling.withLock { isCompiling in
            if isCompiling, seconds >= 1 { draw("compiling for \(Self.duration(seconds)) ...") }
            return isCompiling
        }
    }

    func show(_ share: Double) {
        isCompiling.withLock { $0 = false }
        draw(Self.line(share: share, seconds: seconds, width: Terminal.errorWidth ?? 80))
    }

    func clear() {
        isCompiling.withLock { $0 = false }
        Self.clearLine()
    }

    /// Takes the bar away, if there is one.
    static func clearLine() {
        if Terminal.errorWidth != nil { try? Terminal.write("\r\u{1B}[K", to: .error) }
    }

    /// The bar, at most `width - 1` wide so that no terminal wraps it.
    static func line(share: Double, seconds: Double, width: Int) -> String {
        let share = min(max(share, 0), 1)
        let left = share > 0 ? seconds / share - seconds : .infinity
        let note = " \(Int(share * 100))%".aligned(to: 5) + (left.isFinite ? "  \(duration(left)) left" : "")
        let cells = min(max(width - 1 - note.count - 2, 0), 50)
        let full = Int((share * Double(cells)).rounded())
        let bar = cells < 4 ? "" : "[" + String(repeating: "#", count: full) + String(repeating: ".", count: cells - full) + "]"
        return String((bar + note).prefix(max(width - 1, 0)))
    }

    static func duration(_ seconds: Double) -> String {
        guard seconds < 360_000 else { return "days" }
        let whole = Int(seconds.rounded())
        let (minutes, rest) = (whole / 60, whole % 60)
        return switch minutes {
        case 0: "\(rest) s"
        case ..<60: "\(minutes) min \(rest) s"
        default: "\(minutes / 60) h \(minutes % 60) min"
        }
    }

    // A terminal that went away is no reason to stop a fit.
    private func draw(_ line: String) { try? Terminal.write("\r\(line)\u{1B}[K", to: .error) }
}

/// Runs something with a bar, which is gone afterwards.
func withProgressBar<Result>(_ body: (ProgressBar?) throws -> Result) rethrows -> Result {
    let bar = ProgressBar()
    defer { bar?.clear() }
    return try body(bar)
}
