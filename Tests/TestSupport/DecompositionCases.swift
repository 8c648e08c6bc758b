import LockstepCompiler
import LockstepRuntime
import LockstepTensor

/// Decompositions of small matrices, and transforms, for programs on every device.
package enum DecompositionCases {
    /// - Parameters:
    ///   - x: five numbers that are not large.
    ///   - n: the extent of the case; a few extents have decompositions, each others.
    package static func values(_ x: Tensor, extent n: Int) -> [(String, Tensor)] {
        guard let size = [3: 3, 17: 5][n] else { return [] }
        // Eigenvalues far enough from each other, so that single precision will do.
        let noise = 0.2 * sin(outer(x[..<size], x[(5 - size)...]) + Tensor.iota(size).asReal)
        let matrix = Tensor((0..<size).map { 1.5 * Double($0) - 2 }).asDiagonal + noise
        let batch = Tensor.stack([matrix, 0.5 * matrix.transposed + .identity(size)])
        let (values, vectors) = symmetricEigen(matrix), (q, r) = qr(Tensor.concatenate([matrix, noise]))
        let (re, im) = fft(Tensor.concatenate([x, cos(x[2...])])), back = inverseFFT(im[..<4], re[..<4], count: 7)
        let all: [(String, Tensor)] = [
            ("eigenvalues", values), ("eigenvectors", vectors), ("eigenvalues of a batch", symmetricEigen(batch).values), ("q", q), ("r", r),
            ("r of a batch", qr(batch).r), ("exponentials", matrixExp(0.5 * batch)), ("transform", re + 2 * im), ("back", back),
            ("transform of rows", fft(batch).im),
        ]
        let loss = 0.1 * all.reduce(Tensor(0)) { $0 + $1.1.weightedSum }
        return all + [("gradient of decompositions", Gradient.of(loss, withRespectTo: [x])[0])]
    }

    /// What the interpreter makes of a matrix in one of two lanes.
    package static func interpreted(
        _ values: [Double], _ shape: Shape, isFloat: Bool = false, _ function: (Tensor) -> [Tensor]
    ) throws -> [[Double]] {
        let results = function(.input(Input(.data, "a", origin: Origin()), shape: shape, dtype: .real))
        var step = StepCase(values: results, perLane: ["a"])
        step.lanes = 2
        step.perLane["a"] = [values.map { 0.5 - $0 }, values]
        let found = try step.interpreted(isFloat ? .float : .double)
        return results.indices.map { found["e\($0)"]?[1] ?? [] }
    }
}
