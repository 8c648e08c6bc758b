import Foundation
import LockstepTensor

/// Two states that move linearly and are seen in noise: the log likelihood of what was seen, and the states in the end. As a
/// recurrence whose steps have a Cholesky factor in them, and in plain numbers by another formula.
package enum KalmanFilter {
    private static let motion = [0.9, 0.3, -0.2, 0.8]
    private static let sight = [1, 0, 0.5, 1.0]

    /// - Parameters:
    ///   - seen: `[times, 2]`.
    ///   - walk: the logarithm of the variance that each step adds.
    ///   - noise: that of what is seen.
    /// - Returns: the log likelihood, the mean of the states and its covariance matrix.
    package static func tensors(_ seen: Tensor, walk: Tensor, noise: Tensor, _ recur: ScanCase.Recurrence) -> [Tensor] {
        let (f, h) = (Tensor(motion, shape: [2, 2]), Tensor(sight, shape: [2, 2]))
        let (q, r) = (exp(walk) * .identity(2), exp(noise) * .identity(2))
        let result = recur([seen], [0, Tensor(repeating: 0, shape: [2]), .identity(2)], false) { carries, rows in
            let mean = matmul(f, carries[1])
            let covariance = matmul(matmul(f, carries[2]), f.transposed) + q
            let crossed = matmul(h, covariance)
            let spread = matmul(crossed, h.transposed) + r
            let miss = rows[0] - matmul(h, mean)
            let factor = cholesky(spread)
            let z = triangularSolve(factor, miss)
            let density = -0.5 * (z * z).sum() - log(factor.diagonal).sum() - log(Tensor(2 * Double.pi))
            let gain = solve(spread, crossed).transposed
            return ([carries[0] + density, mean + matmul(gain, miss), covariance - matmul(gain, crossed)], [])
        }
        return result.carries
    }

    package static func numbers(_ seen: [Double], walk: Double, noise: Double) -> [[Double]] {
        typealias Matrix = [Double]
        func product(_ a: Matrix, _ b: Matrix) -> Matrix {
            [a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3]]
        }
        func moved(_ a: Matrix, _ x: [Double]) -> [Double] { [a[0] * x[0] + a[1] * x[1], a[2] * x[0] + a[3] * x[1]] }
        func transposed(_ a: Matrix) -> Matrix { [a[0], a[2], a[1], a[3]] }
        func sum(_ a: [Double], _ b: [Double], _ factor: Double = 1) -> [Double] { zip(a, b).map { $0 + factor * $1 } }
        let one: Matrix = [1, 0, 0, 1]
        var (total, mean, covariance) = (0.0, [0.0, 0], one)
        for time in 0..<(seen.count / 2) {
            mean = moved(motion, mean)
            covariance = sum(product(product(motion, covariance), transposed(motion)), one, Foundation.exp(walk))
            let spread = sum(product(product(sight, covariance), transposed(sight)), one, Foundation.exp(noise))
            let determinant = spread[0] * spread[3] - spread[1] * spread[2]
            let inverse = [spread[3] / determinant, -spread[1] / determinant, -spread[2] / determinant, spread[0] / determinant]
            let miss = sum(Array(seen[(2 * time)..<(2 * time + 2)]), moved(sight, mean), -1)
            let weighed = moved(inverse, miss)
            total -= 0.5 * (miss[0] * weighed[0] + miss[1] * weighed[1] + Foundation.log(determinant)) + Foundation.log(2 * Double.pi)
            let gain = product(product(covariance, transposed(sight)), inverse)
            mean = sum(mean, moved(gain, miss))
            covariance = product(sum(one, product(gain, sight), -1), covariance)
        }
        return [[total], mean, covariance]
    }
}
