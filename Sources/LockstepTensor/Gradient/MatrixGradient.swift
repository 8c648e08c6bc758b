// The adjoints of matrix operations, in terms of the same operations: so they have adjoints themselves.

enum MatrixGradient {
    /// Of A in L = cholesky(A), of whose A the lower triangle is read: with S = L^-T Phi(L^T Lbar) L^-1, where Phi keeps the lower
    /// triangle and halves its diagonal, the lower triangle of S + S^T, the diagonal once (Murray 2016, equation 10).
    static func cholesky(_ factor: Tensor, _ adjoint: Tensor) -> Tensor {
        let product = lowerProduct(factor, adjoint.tril(), isTransposed: true)
        let isDiagonal = Matrices.onDiagonal(product.shape, 0)
        let half = select(isDiagonal, 0.5 * product, product).tril()
        let left = triangularSolve(factor, half, isTransposed: true)
        let s = triangularSolve(factor, left.transposed, isTransposed: true).transposed
        return select(isDiagonal, s, s + s.transposed).tril()
    }

    /// Of an operand of `result`, a product or solution of `operands`: the triangular matrix, and what stands at its right
    /// (Giles 2008, "Collected matrix derivative results", section 2.3).
    static func triangular(_ op: Triangular, _ operands: [Tensor], _ result: Tensor, _ adjoint: Tensor, _ position: Int) -> Tensor {
        let ofRight = Tensor(.triangular(op.transposed), [operands[0], adjoint], shape: adjoint.shape, dtype: .real)
        if position == 1 { return ofRight }
        // Of L: of a product tril(adjoint B^T), of a solution -tril(ofRight X^T); of L^T its transpose.
        let (rows, columns, sign) = op.kind == .product ? (adjoint, operands[1], 1.0) : (ofRight, result, -1.0)
        let outer = op.isTransposed ? matmul(columns, rows.transposed) : matmul(rows, columns.transposed)
        return (sign == 1 ? outer : -outer).tril()
    }
}
