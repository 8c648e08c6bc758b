import Foundation

/// A multivariate normal distribution on the host, with loops written out.
struct DenseNormal {
    let mean: [Double]
    /// Rows.
    let covariance: [[Double]]
    private let factor: [[Double]]

    init(mean: [Double], covariance: [[Double]]) {
        (self.mean, self.covariance) = (mean, covariance)
        factor = Self.cholesky(covariance)
    }

    /// The posterior of u ~ N(`mean`, diag(`variances`)) given y ~ N(`design` u, `noise`^2).
    ///
    /// - Returns: it, and the logarithm of the evidence.
    static func posterior(
        mean: [Double], variances: [Double], design: [[Double]], noise: Double, y: [Double]
    ) -> (posterior: DenseNormal, evidence: Double) {
        // Of y; and its covariance with u.
        let predicted = design.map { row in zip(row, mean).reduce(0) { $0 + $1.0 * $1.1 } }
        let shared = design.map { row in zip(row, variances).map { $0 * $1 } }
        let ofY = design.indices.map { i in
            design.indices.map { j in zip(shared[i], design[j]).reduce(i == j ? noise * noise : 0) { $0 + $1.0 * $1.1 } }
        }
        let marginal = DenseNormal(mean: predicted, covariance: ofY)
        let residual = marginal.solved(zip(y, predicted).map { $0 - $1 })
        let columns = mean.indices.map { d in marginal.solved(shared.map { $0[d] }) }
        let moved = mean.indices.map { d in mean[d] + zip(shared, residual).reduce(0) { $0 + $1.0[d] * $1.1 } }
        let covariance = mean.indices.map { a in
            mean.indices.map { b in (a == b ? variances[a] : 0) - zip(shared, columns[b]).reduce(0) { $0 + $1.0[a] * $1.1 } }
        }
        return (DenseNormal(mean: moved, covariance: covariance), marginal.logDensity(y))
    }

    func logDensity(_ x: [Double]) -> Double {
        let half = lower(zip(x, mean).map { $0 - $1 })
        let squares = half.reduce(0) { $0 + $1 * $1 }
        return -0.5 * squares - logDeterminant / 2 - Double(x.count) * 0.5 * log(2 * Double.pi)
    }

    /// Of the covariance.
    var logDeterminant: Double { factor.indices.reduce(0) { $0 + 2 * log(factor[$1][$1]) } }

    /// KL(self | other).
    func divergence(from other: DenseNormal) -> Double {
        let trace = mean.indices.reduce(0) { sum, place in sum + other.solved(covariance.map { $0[place] })[place] }
        let way = zip(mean, other.mean).map { $0 - $1 }
        let distance = zip(way, other.solved(way)).reduce(0) { $0 + $1.0 * $1.1 }
        return 0.5 * (trace + distance - Double(mean.count) + other.logDeterminant - logDeterminant)
    }

    // MARK: Linear algebra

    static func cholesky(_ a: [[Double]]) -> [[Double]] {
        var l = a.map { $0.map { _ in 0.0 } }
        for i in a.indices {
            for j in 0...i {
                let rest = (0..<j).reduce(a[i][j]) { $0 - l[i][$1] * l[j][$1] }
                l[i][j] = i == j ? rest.squareRoot() : rest / l[j][j]
            }
        }
        return l
    }

    /// L^-1 x.
    private func lower(_ x: [Double]) -> [Double] {
        var found: [Double] = []
        for i in x.indices { found.append((0..<i).reduce(x[i]) { $0 - factor[i][$1] * found[$1] } / factor[i][i]) }
        return found
    }

    /// The covariance's inverse times a vector.
    func solved(_ x: [Double]) -> [Double] {
        var found = lower(x)
        for i in x.indices.reversed() { found[i] = ((i + 1)..<x.count).reduce(found[i]) { $0 - factor[$1][i] * found[$1] } / factor[i][i] }
        return found
    }

    /// F F' of F = diag(scale) times the product of all 1 + left right', in the order of the rows.
    static func product(scale: [Double], left: [Double], right: [Double]) -> [[Double]] {
        let count = scale.count
        var f = (0..<count).map { i in (0..<count).map { $0 == i ? scale[i] : 0 } }
        for first in stride(from: 0, to: left.count, by: count) {
            let (a, c) = (Array(left[first..<(first + count)]), Array(right[first..<(first + count)]))
            f = f.map { row in
                let along = zip(row, a).reduce(0) { $0 + $1.0 * $1.1 }
                return zip(row, c).map { $0 + along * $1 }
            }
        }
        return f.map { a in f.map { b in zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } } }
    }
}
