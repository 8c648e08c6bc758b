import Foundation
import Lockstep

/// What a run came to, as text.
struct FitSummary {
    let model: String
    let fits: Fits
    /// Of the best lane; nil when no lane finished.
    let posterior: Summary?

    var text: String {
        let head = posterior.map { posterior in
            "The best of \(count(fits.lanes, "lane")) is lane \(posterior.lane), with \(elbo(fits[posterior.lane])):\n\n\(posterior)\n"
        }
        let lines: [(String, String?)] = [
            ("model", "\(model), \(count(fits.steps, "step"))"), ("lanes", lanes), ("refused", refused), ("loss", loss), ("time", time),
            ("device", "\(fits.deviceName) (\(fits.deviceKind))"),
        ]
        return (head ?? "")
            + lines.compactMap { name, text in text.map { "\(name.padded(to: 8))\($0)\n" } }.joined()
    }

    private var lanes: String {
        let diverged = fits.status.filter { if case .diverged = $0 { true } else { false } }.count
        let finished = fits.status.filter { $0 == .finished }.count
        return "finished \(finished), diverged \(diverged), no valid start \(fits.lanes - finished - diverged)"
    }

    private var refused: String? {
        let losses = fits.refusedLosses.reduce(0, +)
        let gradients = fits.refusedGradients.reduce(0, +)
        guard losses + gradients > 0 else { return nil }
        return "\(count(losses, "step")) for a loss that was not finite, \(gradients) for a gradient"
    }

    /// Over the lanes that have one.
    private var loss: String? {
        let losses = fits.loss.filter { !$0.isNaN }.sorted()
        guard let best = losses.first else { return nil }
        let median = losses.quantile(0.5)
        return "best \(number(best)), median \(number(median)) (means of the last \(count(min(50, fits.steps), "step")))"
    }

    private var time: String {
        let timings = fits.timings
        let rate = Double(fits.lanes) * Double(fits.steps) / max(timings.run, 1e-9)
        return String(
            format: "compiled in %.2f s, ran in %.2f s, %.3g lane-steps per second, ranked in %.2f s", timings.trace + timings.compile,
            timings.run, rate, timings.final)
    }

    private func elbo(_ fit: Fit) -> String {
        if fit.elbo.isNaN { return "no final draw whose density is finite" }
        return "an ELBO of \(number(fit.elbo))" + (fit.elboError > 0 ? " +- " + String(format: "%.2g", fit.elboError) : "")
    }

    private func count(_ number: Int, _ thing: String) -> String { "\(number) \(thing)\(number == 1 ? "" : "s")" }
    private func number(_ value: Double) -> String { String(format: "%.6g", value) }
}
