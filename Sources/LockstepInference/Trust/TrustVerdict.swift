import Foundation
import LockstepRuntime

/// What there is to be said of a lane's draws.
struct TrustFindings: Sendable {
    let smoothing: ParetoSmoothing
    let elbo: Double
    let elboError: Double
    let nonFinite: Double
    let movement: WeightedSums.Values.Movement
    let draws: Int

    init(_ logWeights: [Double], _ movement: WeightedSums.Values.Movement, _ precision: Precision) {
        smoothing = ParetoSmoothing(logWeights, rounding: precision.weightRounding(logWeights))
        let finite = logWeights.filter(\.isFinite)
        let mean = finite.reduce(0, +) / Double(finite.count)
        let squares = finite.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        elbo = mean
        elboError = finite.count > 1 ? (squares / Double(finite.count - 1) / Double(finite.count)).squareRoot() : .nan
        draws = logWeights.count
        nonFinite = Double(draws - finite.count) / Double(max(draws, 1))
        self.movement = movement
    }

    // MARK: The rule

    /// - Parameter unrest: why the fit was not at rest; nil where it was.
    func trust(unrest: String?) -> Trust {
        if let refusal { return trust(.notTrusted, refusal) }
        let doubts = doubts + (unrest.map { [$0] } ?? [])
        return doubts.isEmpty ? trust(.good, praise) : trust(.usableWithResampling, doubts.joined(separator: "; "))
    }

    private func trust(_ verdict: Trust.Verdict, _ reason: String) -> Trust {
        Trust(
            verdict: verdict, reason: reason, paretoShape: smoothing.shape, effectiveSampleSize: smoothing.effectiveSampleSize, elbo: elbo,
            elboError: elboError, nonFiniteDraws: nonFinite, largestShift: movement.worst, draws: draws)
    }

    /// Why weights do not help; nil where they do.
    private var refusal: String? {
        if let point = movement.point {
            return "the guide gives '\(point)' no spread: a point is no posterior"
        }
        let undefined = Double(smoothing.undefinedDraws) / Double(draws)
        if undefined > Trust.strayShare { return "\(share(undefined)) of the draws have a log weight that is no number" }
        if smoothing.shape.isNaN { return "too few draws have a finite log weight to tell: \(draws - Int((nonFinite * Double(draws)).rounded()))" }
        let limit = Trust.shapeLimit(draws)
        if smoothing.shape >= limit {
            return "\(shape), and weights are of no use from \(text(limit)) on: the guide's tails are too light, or it misses a part of the "
                + "posterior"
        }
        return nil
    }

    /// Why plain draws will not do.
    private var doubts: [String] {
        var doubts: [String] = []
        if smoothing.shape >= Trust.goodShape {
            doubts.append("\(shape), and \(text(Trust.goodShape)) or more says that the guide's tails are too light")
        }
        if smoothing.effectiveSampleSize < Trust.goodShare * Double(draws) {
            doubts.append("\(draws) draws are worth \(Int(smoothing.effectiveSampleSize.rounded())) of the posterior")
        }
        if let worst = movement.worst, worst.isNotable {
            let place = "'\(worst.site)\(ElementPlace.text(worst.element))'"
            doubts.append(
                worst.value.isFinite && worst.error.isFinite
                    ? "weights move the mean of \(place) by \(text(worst.value)) standard deviations, give or take \(text(worst.error))"
                    : "how far weights move the mean of \(place) is more than numbers hold")
        }
        if nonFinite > Trust.strayShare { doubts.append("\(share(nonFinite)) of the draws are where the posterior is not") }
        return doubts
    }

    private var praise: String {
        let weights =
            smoothing.shape == -.infinity
            ? "the draws have equal weights" : "\(shape), and \(draws) draws are worth \(Int(smoothing.effectiveSampleSize.rounded()))"
        guard let worst = movement.worst else { return weights }
        return "\(weights); they move no mean by more than \(text(abs(worst.value))) standard deviations"
    }

    // MARK: Words

    private var shape: String { "the Pareto shape is \(text(smoothing.shape))" }
    private func text(_ value: Double) -> String { value.isFinite ? String(format: "%.2f", value) : "\(value)" }
    private func share(_ value: Double) -> String { String(format: "%.1f", 100 * value) + " %" }
}

extension Trust {
    /// Of a lane that was lost.
    init(lost status: FitStatus, _ mistake: DataError?, draws: Int) {
        self.init(
            verdict: .failed, reason: "the lane has no result: \(status)\(mistake.map { ": \($0)" } ?? "")", paretoShape: .nan,
            effectiveSampleSize: .nan, elbo: .nan, elboError: .nan, nonFiniteDraws: .nan, largestShift: nil, draws: draws)
    }
}
