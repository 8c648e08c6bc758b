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

    /// -H times the gradient (Nocedal and Wright 2006, algorithm 7.4): two passes over the pairs.
    func direction(_ gradient: Tensor) -> Tensor {
        let back = scan(over: [steps, changes, weights], from: [gradient], isReversed: true) { carries, rows in
            let share = rows[2] * (rows[0] * carries[0]).sum()
            return ([carries[0] - share * rows[1]], [share])
        }
        let forth = scan(over: [steps, changes, weights, back.outputs[0]], from: [scale * back.carries[0]]) { carries, rows in
            let share = rows[2] * (rows[1] * carries[0]).sum()
            return ([carries[0] + (rows[3] - share) * rows[0]], [])
        }
        return -forth.carries[0]
    }

    /// With a pair more, which takes the place of the oldest.
    func adding(step: Tensor, change: Tensor, product: Tensor) -> CurvaturePairs {
        func shifted(_ rows: Tensor, _ row: Tensor) -> Tensor {
            .concatenate([rows.slice(axis: 0, 1..<rows.shape[0]), row.expandingShape(at: 0)], axis: 0)
        }
        return CurvaturePairs(
            steps: shifted(steps, step), changes: shifted(changes, change), weights: shifted(weights, 1 / product),
            scale: product / (change * change).sum())
    }

    /// Without any pair: the direction is that of steepest descent.
    func emptied() -> CurvaturePairs {
        CurvaturePairs(steps: steps, changes: changes, weights: Tensor(repeating: 0, shape: weights.shape), scale: 1)
    }

    static func select(_ condition: Tensor, _ a: CurvaturePairs, _ b: CurvaturePairs) -> CurvaturePairs {
        func choose(_ part: (CurvaturePairs) -> Tensor) -> Tensor { LockstepTensor.select(condition, part(a), part(b)) }
        return CurvaturePairs(steps: choose(\.steps), changes: choose(\.changes), weights: choose(\.weights), scale: choose(\.scale))
    }
}
