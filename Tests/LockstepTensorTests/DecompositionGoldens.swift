import Foundation
import LockstepTensor
import TestSupport

/// `Tests/Goldens/decompositions.json`, which the script next to it writes.
struct DecompositionGoldens: Decodable {
    struct Matrix: Decodable {
        let size: Int
        /// Square; the values and vectors are those of its lower triangle.
        let matrix, values: [Double]
        /// Of all but the largest.
        let vectors, exponential: [Double]?
        /// Of two more rows than columns.
        let tall, r: [Double]
        let q: [Double]?
    }

    struct Power: Decodable { let matrix, exponential: [Double] }

    struct Vector: Decodable {
        let x, forwardRe, forwardIm: [Double]
        let re, im, inverse: [Double]
    }

    let matrices: [Matrix]
    let powers: [Power]
    let vectors: [Vector]

    static let sizes = [1, 2, 3, 5, 8, 16, 32]

    /// Of a matrix whose interpreter takes its time.
    static let largest = TestLevel.count(small: 0, medium: 64, full: 64)

    /// The root of the sum of squares, of what is left of a matrix when another is taken off.
    static func distance(_ a: [Double], _ b: [Double]) -> Double {
        a.count == b.count ? zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot() : .infinity
    }

    static func load() throws -> DecompositionGoldens {
        try JSONDecoder().decode(
            DecompositionGoldens.self, from: Data(contentsOf: Repository.tests.appendingPathComponent("Goldens/decompositions.json")))
    }

    static func matrix(_ size: Int) throws -> Matrix {
        if let matrix = try load().matrices.first(where: { $0.size == size }) { return matrix }
        throw TensorError("golden", [[size, size]], "there is none")
    }

    /// The largest difference, relative to the larger of the largest number and 1; infinite where there is no number, or another count.
    static func worst(_ found: [Double], _ wanted: [Double]) -> Double {
        guard found.count == wanted.count else { return .infinity }
        let scale = wanted.reduce(1) { max($0, $1.magnitude) }
        return zip(found, wanted).reduce(0) { worst, pair in
            let error = (pair.0 - pair.1).magnitude / scale
            return error.isNaN ? .infinity : max(worst, error)
        }
    }

    /// The product of two matrices.
    static func product(_ a: [Double], _ b: [Double], inner: Int) -> [Double] {
        let columns = b.count / inner
        return (0..<(a.count / inner)).flatMap { row in
            (0..<columns).map { column in (0..<inner).reduce(0) { $0 + a[row * inner + $1] * b[$1 * columns + column] } }
        }
    }

    static func transposed(_ a: [Double], columns: Int) -> [Double] {
        (0..<columns).flatMap { column in stride(from: column, to: a.count, by: columns).map { a[$0] } }
    }

    /// Nodes, those of regions too.
    static func size(_ roots: [Tensor]) -> Int {
        Graph.topologicalOrder(roots).reduce(0) { size, tensor in
            switch tensor.node.op {
            case .call(let region, _), .scan(let region, _): size + 1 + Self.size(region.results)
            default: size + 1
            }
        }
    }

    static func identity(_ n: Int) -> [Double] { (0..<(n * n)).map { $0 % (n + 1) == 0 ? 1 : 0 } }
}
