import Foundation
import LockstepTensor

/// A positive definite matrix, and what was computed of it with more digits: a row of `Tests/Goldens/matrices.json`, whose script makes
/// the same matrices by the same formula.
package struct MatrixCase: Sendable, Decodable, CustomStringConvertible {
    /// Of a system with one of the matrix's own triangles.
    package struct Solution: Sendable, Decodable {
        package let isLower: Bool
        package let isTransposed: Bool
        package let columns: Int
        package let values: [Double]
    }

    package let n: Int
    package let seed: UInt64
    package let shift: Double
    package let condition: Double
    /// The lower triangle of the Cholesky factor, row by row.
    package let factor: [Double]
    package let logDeterminant: Double
    /// Of the system whose right side is `right(n, columns: 1)`.
    package let solution: [Double]
    package let triangular: [Solution]

    package var description: String { "\(n) x \(n), condition \(Int(condition))" }

    package static let all: [MatrixCase] = {
        struct File: Decodable { let cases: [MatrixCase] }
        let url = Repository.tests.appendingPathComponent("Goldens/matrices.json")
        return (try? Data(contentsOf: url)).flatMap { try? JSONDecoder().decode(File.self, from: $0) }?.cases ?? []
    }()

    package var matrix: [Double] { Self.matrix(n, seed: seed, shift: shift) }

    /// (B B^T + shift) / 16 for integers in -6...6, with one column less than rows: exact in single precision for shifts in 256ths.
    package static func matrix(_ n: Int, seed: UInt64, shift: Double) -> [Double] {
        let width = max(n - 1, 1)
        var random = SplitMix64(seed: seed)
        let b = (0..<(n * width)).map { _ in Int(random.next() % 13) - 6 }
        return (0..<(n * n)).map { place in
            let (i, j) = (place / n, place % n)
            var product = 0
            for k in 0..<width { product += b[i * width + k] * b[j * width + k] }
            return (Double(product) + (i == j ? shift : 0)) / 16
        }
    }

    /// Matrices of lanes: those of even ones are well-conditioned, those of odd ones have a condition near 10,000.
    package static func matrix(_ n: Int, lane: Int) -> [Double] {
        matrix(n, seed: UInt64(7_000 + 100 * n + lane), shift: lane % 2 == 0 ? Double(n) : (1.5 * Double(n)).rounded(.up) / 256)
    }

    /// The right side of a system: `[n, columns]`, exact in single precision.
    package static func right(_ n: Int, columns: Int) -> [Double] {
        (0..<(n * columns)).map { place in
            let (i, j) = (place / columns, place % columns)
            let number: Int = (5 * i + 3 * j + i * j) % 17
            return Double(number - 8) / 4
        }
    }
}

/// Functions of a square matrix, and of what stands at its right in a system of equations.
package struct MatrixFunction: Sendable, CustomStringConvertible {
    package let description: String
    /// Whether it is the lower triangle that is read, and the other not.
    package let isLower: Bool
    package let hasRight: Bool
    /// Whether it is one of positive definite matrices only.
    package let isOfDefinite: Bool
    package let apply: @Sendable (_ matrix: Tensor, _ right: Tensor) -> Tensor

    private init(
        _ description: String, isLower: Bool = true, hasRight: Bool = true, isOfDefinite: Bool = false,
        _ apply: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) {
        (self.description, self.isLower, self.hasRight, self.isOfDefinite, self.apply) = (description, isLower, hasRight, isOfDefinite, apply)
    }

    package static let all: [MatrixFunction] = [
        MatrixFunction("factor", hasRight: false, isOfDefinite: true) { a, _ in cholesky(a) },
        MatrixFunction("log determinant", hasRight: false, isOfDefinite: true) { a, _ in logDeterminant(a) },
        MatrixFunction("inverse", hasRight: false, isOfDefinite: true) { a, _ in inverse(a) },
        MatrixFunction("solution", isOfDefinite: true) { a, b in solve(a, b) },
        MatrixFunction("lower") { a, b in triangularSolve(a, b) },
        MatrixFunction("lower, transposed") { a, b in triangularSolve(a, b, isTransposed: true) },
        MatrixFunction("upper", isLower: false) { a, b in triangularSolve(a, b, isLower: false) },
        MatrixFunction("upper, transposed", isLower: false) { a, b in triangularSolve(a, b, isLower: false, isTransposed: true) },
        MatrixFunction("product") { a, b in lowerProduct(a, b) },
        MatrixFunction("product, transposed") { a, b in lowerProduct(a, b, isTransposed: true) },
    ]

    package static let names = all.map(\.description)
    package static func named(_ name: String) -> MatrixFunction? { all.first { $0.description == name } }
}
