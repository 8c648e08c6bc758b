import LockstepTensor

/// A square root F of the inverse Hessian F F' that BFGS makes of a diagonal and pairs of steps s and gradient changes y, as a product:
/// F = diag(scale) (1 + a_1 c_1') (1 + a_2 c_2') ..., the oldest pair first.
///
/// BFGS's H+ = (1 - r s y') H (1 - r y s') + r s s' with r = 1 / s'y is a sum of two independent parts of a draw: what H leaves of it
/// where its share along y is taken out, and s times a normal variate of variance r. With H = F F' the first part does not see the direction
/// n = F^-1 s of the draw's variates, so that this one is free for the second: H+ = F+ F+' with F+ = F (1 + a c'),
/// a = sqrt(r) F^-1 s and c = a / |a| - sqrt(r) F' y. Then c'a = |a| - 1, and det F+ = |a| det F. These are the product forms of Brodlie, Gourlay
/// and Greenstadt (1973, "Rank-one and rank-two corrections to positive definite matrices expressed in product form"). The matrix F F' is the one
/// that Pathfinder's compact form has (Zhang et al. 2022, algorithm 4): but it is positive definite whatever the rounding, nothing is inverted
/// or factorised, and it is the same for few latents as for many.
struct CurvatureFactor {
    /// The logarithm of the diagonal's square root, `[count]`.
    let logScale: Tensor
    /// a, `[memory, count]`; a row of zeros is no pair.
    let left: Tensor
    /// c, `[memory, count]`.
    let right: Tensor

    /// F times a vector `[count]`.
    func applied(to vector: Tensor) -> Tensor {
        let turned = scan(over: [left, right], from: [vector], isReversed: true) { carries, rows in
            ([carries[0] + (rows[1] * carries[0]).sum() * rows[0]], [])
        }.carries[0]
        return exp(logScale) * turned
    }

    /// log det F, a scalar.
    var logDeterminant: Tensor {
        let squares = (left * left).sum(axis: 1)
        return logScale.sum() + 0.5 * log(select(0 .< squares, squares, 1)).sum()
    }

    /// - Parameters:
    ///   - pairs: those without a weight do not count.
    ///   - diagonal: of the inverse Hessian that the pairs change, `[count]`.
    ///   - gradient: of the loss, `[count]`.
    /// - Returns: the factor, and F F' times the gradient: Newton's step is its opposite.
    static func of(_ pairs: CurvaturePairs, diagonal: Tensor, gradient: Tensor) -> (factor: CurvatureFactor, newton: Tensor) {
        let root = sqrt(diagonal)
        let memory = pairs.weights.shape[0]
        // F^-1 s of each pair, and F' y, with the factor as far as it has come; the gradient goes along as one more change.
        let steps = pairs.steps / root
        let changes = Tensor.concatenate([pairs.changes, gradient.expandingShape(at: 0)], axis: 0) * root
        let built = scan(over: [.iota(memory), pairs.weights], from: [steps, changes]) { carries, rows in
            let (steps, changes) = (carries[0], carries[1])
            let unit = sqrt(rows[1])
            let left = unit * steps.gather(rows[0])
            let length = sqrt((left * left).sum())
            let inverse = select(0 .< length, 1 / length, 0)
            let right = inverse * left - unit * changes.gather(rows[0])
            // (1 + a c')^-1 = 1 - a c' / |a|.
            let undone = (steps * right).sum(axis: 1) * inverse
            let done = (changes * left).sum(axis: 1)
            return (
                [steps - undone.expandingShape(at: 1) * left, changes + done.expandingShape(at: 1) * right], [left, right]
            )
        }
        let factor = CurvatureFactor(logScale: log(root), left: built.outputs[0], right: built.outputs[1])
        let whitened = built.carries[1].slice(axis: 0, memory..<(memory + 1)).reshape(gradient.shape)
        return (factor, factor.applied(to: whitened))
    }

    /// The diagonal of the inverse Hessian after a further pair: that of the BFGS update of the diagonal matrix's inverse (Gilbert and
    /// Lemaréchal 1989, equation 4.9; Zhang et al. 2022, algorithm 3). Elements that rounding spoils stay.
    static func updated(_ diagonal: Tensor, _ pair: CurvaturePairs.Pair) -> Tensor {
        let (step, change) = (pair.step, pair.change)
        let a = (change * change * diagonal).sum()
        let c = (step * step / diagonal).sum()
        // Its share of c is at most 1.
        let rest = pointwiseMax(1 - step * step / diagonal / c, 0)
        let inverse = (a / diagonal * rest + change * change) / pair.product
        let new = 1 / inverse
        return select(pair.isTaken .& new.isFinite .& (0 .< new), new, diagonal)
    }
}
