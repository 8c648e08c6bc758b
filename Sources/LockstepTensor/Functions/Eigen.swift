// Eigenvalues and eigenvectors of symmetric matrices, by Jacobi's method in its parallel order.

/// The eigenvalues and eigenvectors of symmetric matrices, A V = V diag(w): as `numpy.linalg.eigh`.
///
/// Rotations of disjoint pairs of rows make a round, and n - 1 rounds (n of an odd n) a sweep, in which each pair has its turn: Golub and Van
/// Loan, Matrix Computations, 4th ed. (2013), section 8.5. The number of sweeps is fixed, 4 ceil(log2 n) - 3: what a model of this
/// needs for all off-diagonal elements to sink below rounding, from 2 to 64 rows in single and double precision, on random, graded, clustered and
/// structured matrices, is at most 4 for 3 rows, 8 for 8, 12 for 16, 16 for 32 and 19 for 64, and that only for multiple eigenvalues in double
/// precision; 5 to 10 elsewhere. A last step makes the vectors orthogonal to a few roundings. Eigenvalues are right to some ten roundings of the
/// largest, which is little for those that are much smaller. Time grows with the third power of n, and then with the number of sweeps.
///
/// Vectors are of length 1. Of v and -v it is that one whose elements, the i-th divided by i + 0.618 (i from 0), have a positive sum: a function of
/// the matrix alone, which is no more than a convention, and jumps where that sum is zero.
///
/// Derivatives are those of Giles, Collected matrix derivative results for forward and reverse mode algorithmic differentiation (2008), section
/// 3.1, to any order. They go to the lower triangle. Vectors of equal eigenvalues are not determined: terms between eigenvalues that are equal to
/// within some sixty roundings of the largest are left out, so that all derivatives are finite; the first ones of the values are right there
/// too if what is made of the values is symmetric in the equal ones.
///
/// - Parameter a: A, `[..., n, n]`; only the lower triangle is read. Where that holds NaN or an infinity, all of that lane and batch is NaN.
/// - Returns: w, `[..., n]`, in ascending order, and V, `[..., n, n]`, with the vectors in its columns; both carry a mistake where the last two axes
///   of A are not equal.
public func symmetricEigen(_ a: Tensor) -> (values: Tensor, vectors: Tensor) {
    if let failed = Matrices.failure("symmetricEigen", square: a) { return (failed, failed) }
    let shape = a.shape, n = shape[shape.count - 1]
    let source = a.asReal
    if a.count == 0 || n == 1 { return (source.reshape(Array(shape.dropLast())), Tensor(repeating: 1, shape: shape)) }
    let whole = source.tril() + source.tril(-1).transposed
    let results = withPullback([whole], { Jacobi.eigen($0[0]) }, pullback: { [Jacobi.derivative($1, $2)] })
    return (results[0], results[1])
}

private enum Jacobi {
    // Batches are the last axis here, so that rows are gathered.

    /// Values and vectors of matrices of two rows or more.
    static func eigen(_ a: Tensor) -> [Tensor] {
        let shape = a.shape, n = shape[shape.count - 1]
        let batch = shape.dropLast(2).elementCount
        let matrices = a.reshape([batch, n, n])
        let order = Order(count: n + n % 2)
        var start = matrices.transposed([1, 2, 0])
        if order.count > n {
            // A row that is never rotated.
            start = .concatenate([start, Tensor(repeating: 0, shape: [1, n, batch])], axis: 0)
            start = .concatenate([start, Tensor(repeating: 0, shape: [order.count, 1, batch])], axis: 1)
        }
        let identity = Matrices.onDiagonal([order.count, n], 0).asReal.expandingShape(at: 2).broadcast(to: [order.count, n, batch])
        let scale = abs(start).max([0, 1])
        // Nobody reads a tape.
        let turned = scan(over: [.iota(sweeps(n))], from: [start, identity], tapeBudget: .max) { carries, _ in
            let sweep = scan(over: order.rounds, from: carries, tapeBudget: .max) { carries, rows in
                let round = Rotations(carries[0], order.partners(rows), scale)
                return ([round.rotated, round.turning(carries[1])], [])
            }
            return (sweep.carries, [])
        }.carries
        let values = turned[0].reshape([order.count * order.count, batch]).gather(places(n, by: order.count + 1)).transposed
        let rows = orthogonal(turned[1].slice(axis: 0, 0..<n).transposed([2, 0, 1]))

        // In ascending order, each in its batch.
        let places = values.argSort() + Tensor(integer: n) * Tensor.iota(batch).reshape([batch, 1])
        let vectors = rows.reshape([batch * n, n]).gather(places)
        let side = select((vectors * Tensor((0..<n).map { 1 / (Double($0) + 0.618) })).sum(axis: 2) .< 0, -1, 1)
        let isFinite = matrices.isFinite.all([1, 2]).reshape([batch, 1])
        return [
            select(isFinite, values.reshape([batch * n]).gather(places), Tensor(.nan)).reshape(Array(shape.dropLast())),
            select(isFinite.expandingShape(at: 2), (vectors * side.expandingShape(at: 2)).transposed, Tensor(.nan)).reshape(shape),
        ]
    }

    static func sweeps(_ n: Int) -> Int {
        let digits = (n - 1).bitWidth - (n - 1).leadingZeroBitCount
        return 4 * digits - 3
    }

    /// 0, step, 2 step, ...
    private static func places(_ count: Int, by step: Int) -> Tensor { Tensor.iota(count) * Tensor(integer: step) }

    /// Rows that are orthonormal to the square of how far these are: a step towards the polar factor (Newton and
    /// Schulz; Higham, Functions of Matrices (2008), section 8.3).
    private static func orthogonal(_ rows: Tensor) -> Tensor {
        rows + 0.5 * matmul(.identity(rows.shape[2]) - matmul(rows, rows.transposed), rows)
    }

    /// Which rows are rotated together: i with r - i, modulo the number of rows less one, and the last with what is left: the half of r.
    private struct Order {
        /// Of rows, even.
        let count: Int

        /// For each round r and the half of it.
        var rounds: [Tensor] { [.iota(count - 1), Tensor(integers: (0..<(count - 1)).map { $0 * (count / 2) % (count - 1) })] }

        func partners(_ round: [Tensor]) -> Tensor {
            let place = Tensor.iota(count), last = Tensor(integer: count - 1)
            let difference = round[0] - place
            let other = select(difference .< Tensor(integer: 0), difference + last, difference)
            return select(place .== last, round[1], select(other .== place, last, other))
        }
    }

    /// A round: of each pair (p, q) the rotation that makes a[p, q] zero.
    private struct Rotations {
        private let partners: Tensor
        /// For each row; a row and its partner have opposite sines.
        private let cosines, sines: Tensor
        let rotated: Tensor

        /// - Parameters:
        ///   - a: symmetric, `[n, n, batch]`.
        ///   - scale: beside which what is only a rounding is left as it is. Such rotations would mix equal eigenvalues' vectors without end.
        init(_ a: Tensor, _ partners: Tensor, _ scale: Tensor) {
            let n = a.shape[0], place = Tensor.iota(n)
            let flat = a.reshape([n * n, a.shape[2]])
            let own = flat.gather(Jacobi.places(n, by: n + 1))
            // One element for both, whatever roundings did.
            let beside = flat.gather(pointwiseMin(place, partners) * Tensor(integer: n) + pointwiseMax(place, partners))
            let isDone = scale + abs(beside) .== scale
            let ratio = (own.gather(partners) - own) / (2 * select(isDone, 1, beside))
            let isFirst = (place .< partners).reshape([n, 1])
            let isUp = (0 .< ratio) .| ((ratio .== 0) .& isFirst)
            let tangents = select(isDone, 0, select(isUp, 1, -1) / (abs(ratio) + sqrt(1 + ratio * ratio)))
            let cosines = 1 / sqrt(1 + tangents * tangents)
            self.partners = partners
            self.cosines = cosines.expandingShape(at: 1)
            self.sines = (tangents * cosines).expandingShape(at: 1)

            let whole = Self.turning(Self.turning(a, self.cosines, self.sines, partners).transposed([1, 0, 2]), self.cosines, self.sines, partners)
            let columns = place.reshape([1, n, 1])
            let isOwn = columns .== place.reshape([n, 1, 1])
            let isPair = (columns .== partners.reshape([n, 1, 1])) .& .!isDone.expandingShape(at: 1)
            rotated = select(isOwn, (own - tangents * beside).expandingShape(at: 1), select(isPair, 0, whole))
        }

        /// The rows of a matrix, rotated.
        func turning(_ matrix: Tensor) -> Tensor { Self.turning(matrix, cosines, sines, partners) }

        private static func turning(_ matrix: Tensor, _ cosines: Tensor, _ sines: Tensor, _ partners: Tensor) -> Tensor {
            cosines * matrix - sines * matrix.gather(partners)
        }
    }

    // MARK: Derivatives

    /// V (diag(wbar) + F o (V^T Vbar)) V^T, where F[i, j] is 1 / (w[j] - w[i]), and zero where these are equal. Of the second term the half of what
    /// it is less its transpose before it is multiplied by F: A is symmetric.
    static func derivative(_ results: [Tensor], _ adjoints: [Tensor]) -> Tensor {
        let (values, vectors) = (results[0], results[1])
        var inner: Tensor?
        if adjoints[0].splat != 0 { inner = adjoints[0].asDiagonal }
        if adjoints[1].splat != 0 {
            let gap = values.expandingShape(at: -2) - values.expandingShape(at: -1)
            let scale = abs(values).max([-1]).expandingShape(at: -1).expandingShape(at: -1)
            let isEqual = scale + 0x1p-7 * abs(gap) .== scale
            let product = matmul(vectors.transposed, adjoints[1])
            let part = select(isEqual, 0, (product - product.transposed) / (2 * select(isEqual, 1, gap)))
            inner = inner.map { $0 + part } ?? part
        }
        guard let inner else { return Tensor(repeating: 0, shape: vectors.shape) }
        return matmul(matmul(vectors, inner), vectors.transposed)
    }
}
