// Orthogonal factors, by Householder's reflections.

/// The reduced QR factors A = Q R of matrices with at least as many rows as columns, with a positive diagonal of R.
///
/// With that sign there is one factorisation of a matrix whose columns are linearly independent, and R is the transpose of the Cholesky factor of
/// A^T A (LAPACK, and so NumPy, takes the signs that its reflections leave: often negative ones). Q has orthonormal columns in any case.
/// Reflections go over the columns one by one, which are scaled so that nothing overflows: Golub and Van Loan, Matrix Computations, 4th ed. (2013),
/// algorithms 5.1.1 and 5.2.1.
///
/// Derivatives are those of Walter and Lehmann, Algorithmic differentiation of linear algebra functions with application in optimum experimental
/// design (2010), and Seeger, Hetzel, Dai, Meissner and Lawrence, Auto-differentiating linear algebra (2017), to any order. Where columns depend on
/// each other they are infinite, NaN or, by roundings, very large.
///
/// - Parameter a: A, `[..., n, m]`, n >= m. Where it holds NaN or an infinity, the factors of that lane and batch hold NaN.
/// - Returns: Q, `[..., n, m]`, and R, `[..., m, m]`, zeros below its diagonal; both carry a mistake where A is no matrix, or has more columns than
///   rows.
public func qr(_ a: Tensor) -> (q: Tensor, r: Tensor) {
    if a.failure != nil { return (a, a) }
    let shape = a.shape
    guard a.rank >= 2, shape[a.rank - 2] >= shape[a.rank - 1] else {
        let failed = Tensor.failed(TensorError("qr", [shape], "a matrix is needed with no more columns than rows, the last two axes"))
        return (failed, failed)
    }
    let source = a.asReal
    let m = shape[a.rank - 1]
    if a.count == 0 { return (source, Tensor(repeating: 0, shape: Array(shape.dropLast(2)) + [m, m])) }
    let factors = withPullback([source], { Householder.factors($0[0]) }, pullback: { [Householder.derivative($1, $2)] })
    return (factors[0], factors[1])
}

private enum Householder {
    /// Q and R.
    static func factors(_ a: Tensor) -> [Tensor] {
        let shape = a.shape, (n, m) = (shape[shape.count - 2], shape[shape.count - 1])
        let batch = shape.dropLast(2).elementCount
        // By columns, and batches last: a column is gathered.
        let columns = a.reshape([batch, n, m]).transposed([2, 1, 0])
        // Nobody reads a tape.
        let reduced = scan(over: [.iota(m)], from: [columns], tapeBudget: .max) { carries, rows in
            let mirror = mirror(carries[0].gather(rows[0]), rows[0])
            return ([reflected(carries[0], mirror)], [mirror])
        }
        let identity = Matrices.onDiagonal([m, n], 0).asReal.expandingShape(at: 2).broadcast(to: [m, n, batch])
        let turned = scan(over: reduced.outputs, from: [identity], isReversed: true, tapeBudget: .max) { ([reflected($0[0], $1[0])], []) }
        let q = turned.carries[0].transposed([2, 1, 0])
        let r = reduced.carries[0].slice(axis: 1, 0..<m).transposed([2, 1, 0]).triu()
        let side = select(r.diagonal .< 0, -1, 1)
        return [
            (q * side.expandingShape(at: 1)).reshape(shape), (r * side.expandingShape(at: 2)).reshape(Array(shape.dropLast(2)) + [m, m]),
        ]
    }

    /// The vector u of the reflection 1 - u u^T that leaves of a column `[n, batch]` nothing below a place, and what is above it as it is.
    private static func mirror(_ column: Tensor, _ number: Tensor) -> Tensor {
        let place = Tensor.iota(column.shape[0]).reshape([column.shape[0], 1])
        let rest = select(number .<= place, column, 0)
        let largest = abs(rest).max([0])
        let isZero = largest .== 0
        let scaled = rest / select(isZero, 1, largest)
        let length = sqrt((scaled * scaled).sum(axis: 0))
        let isPivot = place .== number
        let pivot = select(isPivot, scaled, 0).sum(axis: 0)
        // Away from the pivot's sign nothing cancels.
        let direction = scaled + select(isPivot, select(pivot .< 0, -length, length), 0)
        return direction / sqrt(select(isZero, 1, length * (length + abs(pivot))))
    }

    private static func reflected(_ columns: Tensor, _ mirror: Tensor) -> Tensor {
        columns - (columns * mirror).sum(axis: 1).expandingShape(at: 1) * mirror
    }

    // MARK: Derivatives

    /// (Qbar + Q S) R^-T, where S is the symmetric matrix with the lower triangle of R Rbar^T - Qbar^T Q.
    static func derivative(_ results: [Tensor], _ adjoints: [Tensor]) -> Tensor {
        let (q, r) = (results[0], results[1])
        // What is below the diagonal of R is zero whatever A is.
        let ofR = matmul(r, adjoints[1].triu().transposed)
        let isOfRAlone = adjoints[0].splat == 0
        let product = isOfRAlone ? ofR : ofR - matmul(adjoints[0].transposed, q)
        let inner = matmul(q, product.tril() + product.tril(-1).transposed)
        return triangularSolve(r, (isOfRAlone ? inner : adjoints[0] + inner).transposed, isLower: false).transposed
    }
}
