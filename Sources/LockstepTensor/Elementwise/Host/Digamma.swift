import RealModule

extension SpecialFunctions {
    /// The positive root of digamma, in two parts.
    private static let root = 1.4616321449683623
    private static let rootRest = 9.549995429965697e-17

    /// Digamma's Taylor coefficients at its root: (-1)^(k+1) zeta(k + 1, root) for k = 1, 2 ... (DLMF 5.15.1).
    private static let atRoot: [Double] = (1...28).map { k in
        (k % 2 == 1 ? 1 : -1) * hurwitzZeta(Double(k + 1), root)
    }

    /// B_2j / 2j of the asymptotic series (DLMF 5.11.2).
    private static let asymptotic: [Double] = [
        1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12, -3617.0 / 8160,
    ]

    /// The logarithmic derivative of Gamma. At 0 it tends to -infinity from above; at negative integers there is
    /// no value.
    package static func digamma(_ x: Double) -> Double {
        if x <= 0 {
            if x == 0 { return x.sign == .minus ? .infinity : -.infinity }
            let fraction = x - x.rounded(.toNearestOrEven)
            if fraction == 0 || !x.isFinite { return .nan }
            // Reflection (DLMF 5.5.4), with the tangent's argument reduced exactly.
            return positiveDigamma(1 - x) - .pi / Double.tan(.pi * fraction)
        }
        return positiveDigamma(x)
    }

    private static func positiveDigamma(_ x: Double) -> Double {
        // Near the root the difference below would cancel.
        let distance = (x - root) - rootRest
        if distance.magnitude < 0.35 {
            var sum = 0.0
            for coefficient in atRoot.reversed() { sum = sum * distance + coefficient }
            return sum * distance
        }
        // Upward recurrence to where the asymptotic series is good to 1e-17.
        var shifted = x
        var sum = 0.0, lost = 0.0
        while shifted < 10 {
            let term = 1 / shifted
            let next = sum + term
            lost += (sum > term ? (sum - next) + term : (term - next) + sum)
            sum = next
            shifted += 1
        }
        let inverse = 1 / shifted
        let square = inverse * inverse
        var series = 0.0
        for coefficient in asymptotic.reversed() { series = (series + coefficient) * square }
        return Double.log(shifted) - sum - (lost + 0.5 * inverse + series)
    }
}
