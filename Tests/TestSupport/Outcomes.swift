/// Comparison of what programs computed.
package enum Outcomes {
    /// The first value that differs by more than `allowed` gives for the two, in words; nil when all agree.
    package static func disagreement(
        _ found: StepCase.Outcome, _ wanted: StepCase.Outcome, within allowed: (Double, Double) -> Double
    ) -> String? {
        for name in wanted.keys.sorted() {
            for (lane, values) in (wanted[name] ?? []).enumerated() {
                guard let own = found[name]?[lane], own.count == values.count else { return "\(name) of lane \(lane) has another count" }
                for (element, (a, b)) in zip(own, values).enumerated() where !agrees(a, b, allowed) {
                    return "\(name)[\(element)] of lane \(lane) is \(a), not \(b)"
                }
            }
        }
        return nil
    }

    /// Relative to the larger of the two values and 1.
    package static func disagreement(_ found: StepCase.Outcome, _ wanted: StepCase.Outcome, relative: Double) -> String? {
        disagreement(found, wanted) { relative * max($0.magnitude, $1.magnitude, 1) }
    }

    private static func agrees(_ a: Double, _ b: Double, _ allowed: (Double, Double) -> Double) -> Bool {
        if a == b || (a.isNaN && b.isNaN) { return true }
        return a.isFinite && b.isFinite && (a - b).magnitude <= allowed(a, b)
    }

    /// The distance of a float from an exact value in units of the last place: of the smallest normal number below it.
    package static func ulps(_ found: Float, exact: Double) -> Double {
        let wanted = Float(exact)
        if found == wanted && !found.isFinite || (found.isNaN && wanted.isNaN) { return 0 }
        guard found.isFinite, wanted.isFinite else { return .infinity }
        return (Double(found) - exact).magnitude / Double(max(wanted.magnitude, .leastNormalMagnitude).ulp)
    }

    package static func ulps(_ found: Double, exact: Double) -> Double {
        if found == exact || (found.isNaN && exact.isNaN) { return 0 }
        guard found.isFinite, exact.isFinite else { return .infinity }
        return (found - exact).magnitude / max(exact.magnitude, .leastNormalMagnitude).ulp
    }
}
