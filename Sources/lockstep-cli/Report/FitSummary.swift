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
        let lines: [(String, String?)] =
            [("model", "\(model), \(count(fits.steps, "step"))"), ("lanes", lanes)] + reasons
            + [
                ("refused", refused), ("loss", loss), ("end", FitEnd(progress: fits.progress).text), ("time", time),
                ("device", "\(fits.deviceName) (\(fits.deviceKind))"),
            ]
        return (head ?? "")
            + lines.compactMap { name, text in text.map { "\(name.padded(to: 8))\($0)\n" } }.joined()
    }

    private var lanes: String {
        var counts = (finished: 0, converged: 0, stalled: 0, unfinished: 0, diverged: 0, noStart: 0, badData: 0)
        for status in fits.status {
            switch status {
            case .finished: counts.finished += 1
            case .converged: counts.converged += 1
            case .stalled: counts.stalled += 1
            case .running, .waiting: counts.unfinished += 1
            case .diverged: counts.diverged += 1
            case .noValidStart: counts.noStart += 1
            case .badData: counts.badData += 1
            }
        }
        let early = [("converged", counts.converged), ("stalled", counts.stalled), ("unfinished", counts.unfinished)]
            .map { $1 > 0 ? "\($0) \($1), " : "" }.joined()
        return "finished \(counts.finished), \(early)diverged \(counts.diverged), no valid start \(counts.noStart)"
            + (counts.badData > 0 ? ", bad data \(counts.badData)" : "")
    }

    /// Why lanes were lost, each reason with what to do about it.
    private var reasons: [(String, String?)] {
        let (most, groups) = (5, fits.reasons)
        let rest = groups.dropFirst(most).reduce(0) { $0 + $1.count }
        return groups.prefix(most).flatMap { [("lost", $0.description), ("", "to do: \($0.reason.advice)")] }
            + (rest > 0 ? [("lost", "\(count(rest, "lane")) for other reasons; --json writes all")] : [])
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
