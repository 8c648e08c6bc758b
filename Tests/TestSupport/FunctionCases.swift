import Foundation
import LockstepTensor

/// Functions of elements that are made of others, with values of the host's library to hold them against.
package struct FunctionCase: Sendable {
    package let name: String
    package let apply: @Sendable (Tensor, Tensor) -> Tensor
    package let exact: @Sendable (Double, Double) -> Double
    /// Whether the derivative exists at most places, and finite differences find it.
    package let isSmooth: Bool

    package static let all: [FunctionCase] = [
        FunctionCase(name: "atan2", apply: { atan2($0, $1) }, exact: { Foundation.atan2($0, $1) }, isSmooth: true),
        FunctionCase(name: "logAddExp", apply: { logAddExp($0, $1) }, exact: logAddExpOfHost, isSmooth: true),
        FunctionCase(name: "round", apply: { x, _ in round(x) }, exact: { x, _ in x.rounded() }, isSmooth: true),
        FunctionCase(name: "remainder", apply: { remainder($0, $1) }, exact: floorRemainder, isSmooth: true),
        FunctionCase(
            name: "clip", apply: { clip($0, -0.75, $1) },
            exact: { x, high in
                x.isNaN || high.isNaN ? .nan : min(max(x, -0.75), high)
            }, isSmooth: true),
        FunctionCase(
            name: "clamped", apply: { x, _ in x.clamped(to: -0.5...0.25) }, exact: { x, _ in x.isNaN ? .nan : min(max(x, -0.5), 0.25) },
            isSmooth: true),
    ]

    /// Pairs of all of these: signed zeros, halves, infinities, and numbers of each size and sign; exact in single precision.
    package static let edges: [Double] = [
        0, -0.0, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 0.25, 1, -1, 3, -3, 7.75, -7.75, 1e-20, -1e-20, 8_388_609, -8_388_609, .infinity, -.infinity, .nan,
        Double(Float(0.5).nextDown), -Double(Float(0.5).nextDown), 40, -40,
    ].map { Double(Float($0)) }

    package static var pairs: (first: [Double], second: [Double]) {
        (edges.flatMap { a in edges.map { _ in a } }, edges.flatMap { _ in edges })
    }

    private static let logAddExpOfHost: @Sendable (Double, Double) -> Double = { a, b in
        let high = max(a, b), low = min(a, b)
        return a.isNaN || b.isNaN ? .nan : high == low && high.isInfinite ? high : high + log1p(exp(low - high))
    }

    /// As NumPy: the truncated remainder, moved to the sign of the divisor.
    private static let floorRemainder: @Sendable (Double, Double) -> Double = { a, b in
        let left = fmod(a, b)
        return left != 0 && (left < 0) != (b < 0) ? left + b : left
    }
}
