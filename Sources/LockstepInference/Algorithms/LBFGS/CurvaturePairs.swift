import LockstepTensor

/// The last steps of a lane and what they changed of the gradient, of which L-BFGS makes its direction.
struct CurvaturePairs {
    /// `[memory, count]`, the oldest first.
    let steps: Tensor
    /// Of the gradient; `[memory, count]`.
    let changes: Tensor
    /// `[memory]`: 1 / (step * change), 0 for pairs that are not there.
    let weights: Tensor
    /// Of the identity that the pairs update, a scalar.
    let scale: Tensor

    /// The pair of the last step.
    struct Pair {
        let step: Tensor
        let change: Tensor
        /// step * change.
        let product: Tensor
        /// Whether it takes the place of the oldest one, a mask.
        let isTaken: Tensor

        /// - Parameters:
        ///   - accepts: whether the step is taken at all.
        ///   - epsilon: the relative precision of numbers; a pair whose product is rounding has no curvature, and is not taken.
        init(step: Tensor, change: Tensor, accepts: Tensor, epsilon: Double) {
            (self.step, self.change) = (step, change)
            product = (step * change).sum()
            isTaken = accepts .& (epsilon * sqrt((step * step).sum() * (change * change).sum()) .< product)
        }

        var weight: Tensor { select(isTaken, 1 / product, 0) }
        func scale(_ old: Tensor) -> Tensor { select(isTaken, product / (change * change).sum(), old) }
    }

    /// -H times the gradient (Nocedal and Wright 2006, algorithm 7.4): two passes over the pairs, in which the newest, which is in no row yet,
    /// comes first and last.
    func direction(_ gradient: Tensor, with newest: Pair) -> Tensor {
        let others = Tensor.concatenate([select(newest.isTaken, 0, weights[..<1]), weights[1...]])
        let share = newest.weight * (newest.step * gradient).sum()
        let back = scan(over: [steps, changes, others], from: [gradient - share * newest.change], isReversed: true) { carries, rows in
            let share = rows[2] * (rows[0] * carries[0]).sum()
            return ([carries[0] - share * rows[1]], [share])
        }
        let start = newest.scale(scale) * back.carries[0]
        let forth = scan(over: [steps, changes, others, back.outputs[0]], from: [start]) { carries, rows in
            let share = rows[2] * (rows[1] * carries[0]).sum()
            return ([carries[0] + (rows[3] - share) * rows[0]], [])
        }.carries[0]
        return -(forth + (share - newest.weight * (newest.change * forth).sum()) * newest.step)
    }

    /// With the newest pair, or without any: then the direction is that of steepest descent.
    ///
    /// - Parameter keeps: whether there are pairs at all, a mask.
    func adding(_ newest: Pair, keeps: Tensor) -> CurvaturePairs {
        // Read where the rows are: rows put one after the other would be copied.
        let memory = weights.shape[0]
        let next = Tensor(integers: (1...memory).map { min($0, memory - 1) })
        let isLast = Tensor.iota(memory) .== Tensor(integer: memory - 1)
        func shifted(_ rows: Tensor, _ row: Tensor) -> Tensor {
            let isLast = rows.rank > 1 ? isLast.expandingShape(at: 1) : isLast
            return select(newest.isTaken, select(isLast, row, rows[next]), rows)
        }
        return CurvaturePairs(
            steps: shifted(steps, newest.step), changes: shifted(changes, newest.change),
            weights: select(keeps, shifted(weights, newest.weight), 0), scale: select(keeps, newest.scale(scale), 1))
    }
}
