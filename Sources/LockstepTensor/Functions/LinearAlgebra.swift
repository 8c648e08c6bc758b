// Matrices are the last two axes; those before them are batches, and broadcast against each other.

/// The lower Cholesky factor L of a positive definite matrix, A = L L^T: `[..., n, n]`, zeros above the diagonal.
///
/// Only the lower triangle of A is read, and only it has a gradient (Murray 2016, "Differentiation of the Cholesky
/// decomposition", equation 10). A matrix that is not positive definite makes NaN, for that lane and batch alone.
public func cholesky(_ a: Tensor) -> Tensor {
    if let failed = Matrices.failure("cholesky", square: a) { return failed }
    return Tensor(.cholesky, [a.asReal], shape: a.shape, dtype: .real)
}

/// The solution X of L X = B, or of L^T X = B, for a triangular L, by substitution. NaN or infinite where there is a zero on the diagonal.
///
/// - Parameters:
///   - matrix: L, `[..., n, n]`; the other triangle is not read.
///   - right: B, `[n]` or `[..., n, m]`.
///   - isLower: whether L is a lower triangle rather than an upper one.
///   - isTransposed: whether the system is that of the transpose.
/// - Returns: X, in the shape of B with the batches of both.
public func triangularSolve(_ matrix: Tensor, _ right: Tensor, isLower: Bool = true, isTransposed: Bool = false) -> Tensor {
    Matrices.triangular(
        "triangularSolve", Triangular(.solution, isTransposed: isTransposed == isLower), isLower ? matrix : matrix.transposed, right)
}

/// The solution X of A X = B for a positive definite A, by its Cholesky factor; NaN where A is not positive definite.
///
/// - Parameters:
///   - matrix: A, `[..., n, n]`; only the lower triangle is read.
///   - right: B, `[n]` or `[..., n, m]`.
/// - Returns: X, in the shape of B with the batches of both.
public func solve(_ matrix: Tensor, _ right: Tensor) -> Tensor {
    if let failed = Matrices.failure("solve", square: matrix) { return failed }
    let factor = cholesky(matrix)
    let half = Matrices.triangular("solve", Triangular(.solution), factor, right)
    guard right.failure == nil, right.rank == 1, half.failure == nil else {
        return Matrices.triangular("solve", Triangular(.solution, isTransposed: true), factor, half)
    }
    // With batches a vector has become several.
    let columns = half.expandingShape(at: -1)
    return Matrices.triangular("solve", Triangular(.solution, isTransposed: true), factor, columns).reshape(half.shape)
}

/// log det A of a positive definite matrix `[..., n, n]`, by its Cholesky factor: `[...]`; NaN where it is not positive definite.
public func logDeterminant(_ a: Tensor) -> Tensor {
    if let failed = Matrices.failure("logDeterminant", square: a) { return failed }
    return 2 * log(cholesky(a).diagonal).sum(axis: -1)
}

/// The inverse of a positive definite matrix `[..., n, n]`, by its Cholesky factor; NaN where it is not positive definite. To
/// multiply by an inverse, `solve` is faster and more accurate.
public func inverse(_ a: Tensor) -> Tensor {
    if let failed = Matrices.failure("inverse", square: a) { return failed }
    let half = triangularSolve(cholesky(a), .identity(a.shape[a.rank - 1]))
    return matmul(half.transposed, half)
}

/// The Kronecker product: each element of `a` times all of `b`: `[..., n, m]` and `[..., p, q]` make `[..., n p, m q]`.
public func kronecker(_ a: Tensor, _ b: Tensor) -> Tensor {
    if let failure = a.failure ?? b.failure { return .failed(failure) }
    guard a.rank >= 2, b.rank >= 2, let batches = Shapes.broadcast([Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2))]) else {
        return .failed(TensorError("kronecker", [a.shape, b.shape], "two matrices are needed, whose axes before the last two broadcast"))
    }
    let (n, m, p, q) = (a.shape[a.rank - 2], a.shape[a.rank - 1], b.shape[b.rank - 2], b.shape[b.rank - 1])
    let left = a.reshape(Array(a.shape.dropLast(2)) + [n, 1, m, 1])
    let right = b.reshape(Array(b.shape.dropLast(2)) + [1, p, 1, q])
    return (left * right).reshape(batches + [n * p, m * q])
}

extension Tensor {
    /// The matrix `[n, n]` with ones on the diagonal.
    public static func identity(_ n: Int) -> Tensor {
        guard n >= 0 else { return .failed(TensorError("identity", [], "\(n) is no number of rows")) }
        return Matrices.onDiagonal([n, n], 0).asReal
    }

    /// The diagonal of a matrix: `[..., n, m]` makes `[..., min(n, m)]`.
    public var diagonal: Tensor {
        if failure != nil { return self }
        guard rank >= 2 else { return .failed(TensorError("diagonal", [shape], "a matrix is needed")) }
        if dtype != .real { return elementsOnDiagonal }
        // Zeros are put beside an adjoint where it is used, and not into an array.
        return withPullback([self]) {
            [$0[0].elementsOnDiagonal]
        } pullback: { operands, _, adjoints in
            let shape = operands[0].shape
            let isWide = shape[shape.count - 2] <= shape[shape.count - 1]
            let spread = adjoints[0].expandingShape(at: isWide ? -1 : -2).broadcast(to: shape)
            return [select(Matrices.onDiagonal(shape, 0), spread, 0)]
        }[0]
    }

    private var elementsOnDiagonal: Tensor {
        let (n, m) = (shape[rank - 2], shape[rank - 1])
        let others = Array(shape.dropLast(2))
        let count = Swift.min(n, m)
        guard count > 1 else { return slice(axis: -2, 0..<count).slice(axis: -1, 0..<count).reshape(others + [count]) }
        // Of all elements in a row every (m + 1)-th.
        let flat = reshape(others + [n * m])
        let last = (count - 1) * (m + 1)
        let first = flat.slice(axis: -1, 0..<last).reshape(others + [count - 1, m + 1]).element(0, axis: -1)
        return .concatenate([first, flat.slice(axis: -1, last..<(last + 1))], axis: -1)
    }

    /// The matrix that has this vector as its diagonal: `[..., n]` makes `[..., n, n]`.
    public var asDiagonal: Tensor {
        if failure != nil { return self }
        guard rank >= 1 else { return .failed(TensorError("asDiagonal", [shape], "a vector is needed")) }
        let target = shape + [shape[rank - 1]]
        let source = dtype == .bool ? asReal : self
        return select(Matrices.onDiagonal(target, 0), source.expandingShape(at: -1).broadcast(to: target), source.zero)
    }

    /// What is on and below a diagonal, and zeros elsewhere: the diagonal itself by default, the one above it for 1, the one below for -1.
    public func tril(_ diagonal: Int = 0) -> Tensor { triangle("tril") { Matrices.onOrBelow($0, diagonal) } }

    /// What is on and above a diagonal, and zeros elsewhere; `diagonal` as of `tril(_:)`.
    public func triu(_ diagonal: Int = 0) -> Tensor { triangle("triu") { Matrices.onOrAbove($0, diagonal) } }

    private func triangle(_ name: String, _ isKept: (Shape) -> Tensor) -> Tensor {
        if failure != nil { return self }
        guard rank >= 2 else { return .failed(TensorError(name, [shape], "a matrix is needed")) }
        let source = dtype == .bool ? asReal : self
        return select(isKept(shape), source, source.zero)
    }

    /// Of its own type.
    private var zero: Tensor { dtype == .int ? Tensor(integer: 0) : 0 }
}

/// A product or a system of equations with a triangular matrix, as an operation.
package struct Triangular: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable { case product, solution }

    package let kind: Kind
    package let isTransposed: Bool

    package init(_ kind: Kind, isTransposed: Bool = false) {
        self.kind = kind
        self.isTransposed = isTransposed
    }

    /// That of the transposed matrix.
    var transposed: Triangular { Triangular(kind, isTransposed: !isTransposed) }
}

/// tril(L) B, or tril(L)^T B, for L `[..., n, n]` and B `[n]` or `[..., n, m]`.
package func lowerProduct(_ matrix: Tensor, _ right: Tensor, isTransposed: Bool = false) -> Tensor {
    Matrices.triangular("matmul", Triangular(.product, isTransposed: isTransposed), matrix, right)
}

enum Matrices {
    static func failure(_ name: String, square a: Tensor) -> Tensor? {
        if a.failure != nil { return a }
        guard a.rank >= 2, a.shape[a.rank - 1] == a.shape[a.rank - 2] else {
            return .failed(TensorError(name, [a.shape], "the last two axes must be equal: a square matrix is needed"))
        }
        return nil
    }

    /// A triangular matrix, lower, and a vector or matrices.
    static func triangular(_ name: String, _ op: Triangular, _ matrix: Tensor, _ right: Tensor) -> Tensor {
        if let failed = failure(name, square: matrix) { return failed }
        if right.failure != nil { return right }
        let n = matrix.shape[matrix.rank - 1]
        func failed(_ reason: String) -> Tensor { .failed(TensorError(name, [matrix.shape, right.shape], reason)) }
        let isVector = right.rank == 1
        guard right.rank >= 1, right.shape[isVector ? 0 : right.rank - 2] == n else {
            return failed("the \(isVector ? "only" : "last but one") axis of the right must equal the last of the matrix, which is \(n)")
        }
        let columns = isVector ? right.expandingShape(at: -1) : right
        guard let batches = Shapes.broadcast([Array(matrix.shape.dropLast(2)), Array(columns.shape.dropLast(2))]) else {
            return failed("the axes before the last two do not broadcast; they must be equal or 1, aligned at the right")
        }
        let target = batches + columns.shape.suffix(2)
        let result = Tensor(
            .triangular(op), [matrix.asReal.broadcast(to: batches + [n, n]), columns.asReal.broadcast(to: target)], shape: target, dtype: .real)
        return isVector ? result.reshape(Array(target.dropLast())) : result
    }

    private static func places(_ shape: Shape) -> (row: Tensor, column: Tensor) {
        let (n, m) = (shape[shape.count - 2], shape[shape.count - 1])
        return (Tensor.iota(n).reshape([n, 1]).broadcast(to: shape), Tensor.iota(m).broadcast(to: shape))
    }

    /// Whether a place of a matrix is on a diagonal.
    static func onDiagonal(_ shape: Shape, _ diagonal: Int) -> Tensor {
        let (row, column) = places(shape)
        return column .== row + Tensor(integer: diagonal)
    }

    static func onOrBelow(_ shape: Shape, _ diagonal: Int) -> Tensor {
        let (row, column) = places(shape)
        return column .<= row + Tensor(integer: within(shape, diagonal))
    }

    static func onOrAbove(_ shape: Shape, _ diagonal: Int) -> Tensor {
        let (row, column) = places(shape)
        return row + Tensor(integer: within(shape, diagonal)) .<= column
    }

    /// The number of a diagonal; of those outside of the matrix the nearest to it, so that no sum with it overflows.
    private static func within(_ shape: Shape, _ diagonal: Int) -> Int {
        Swift.min(Swift.max(diagonal, -shape[shape.count - 2]), shape[shape.count - 1])
    }
}
