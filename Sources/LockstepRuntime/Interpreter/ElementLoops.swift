import LockstepTensor

/// Elementwise operations that have no vectorised loop: the host's functions, lane by lane. Each computes in Double and rounds
/// once: in Float the result is within a whisker of half an ulp.
extension BlockFrame {
    func function(_ step: MapStep) {
        let (result, a, b, c) = (reals(step.result.index), reals(step.a.index), reals(step.b.index), reals(step.c.index))
        /// Strides of the operands.
        let (i, j, k) = (step.a.isUniform ? 0 : 1, step.b.isUniform ? 0 : 1, step.c.isUniform ? 0 : 1)
        let lanes = 0..<count(step.result)
        switch step.function {
        case .unary(let function): for lane in lanes { result[lane] = Real(function(a[lane &* i].wide)) }
        case .binary(let function): for lane in lanes { result[lane] = Real(function(a[lane &* i].wide, b[lane &* j].wide)) }
        case .ternary(let function):
            for lane in lanes { result[lane] = Real(function(a[lane &* i].wide, b[lane &* j].wide, c[lane &* k].wide)) }
        }
    }
}
