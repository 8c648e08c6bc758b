import LockstepTensor

/// Elementwise operations that have no vectorised loop: functions of the C library and of our own, lane by lane.
extension BlockFrame {
    func function(_ step: MapStep) {
        typealias F = ElementFunctions
        switch step.op {
        case .exp: unary(step, F.exp)
        case .expMinusOne: unary(step, F.expMinusOne)
        case .log: unary(step, F.log)
        case .logOnePlus: unary(step, F.logOnePlus)
        case .sin: unary(step, F.sin)
        case .cos: unary(step, F.cos)
        case .tan: unary(step, F.tan)
        case .asin: unary(step, F.asin)
        case .acos: unary(step, F.acos)
        case .atan: unary(step, F.atan)
        case .sinh: unary(step, F.sinh)
        case .cosh: unary(step, F.cosh)
        case .tanh: unary(step, F.tanh)
        case .sigmoid: unary(step, F.sigmoid)
        case .softplus: unary(step, F.softplus)
        case .logGamma: unary(step, F.logGamma)
        case .digamma: unary(step, F.digamma)
        case .erf: unary(step, F.erf)
        case .erfc: unary(step, F.erfc)
        case .erfInverse: unary(step, F.erfInverse)
        case .power: binary(step, F.power)
        case .hurwitzZeta: binary(step, F.hurwitzZeta)
        case .stirlingError: unary(step, F.stirlingError)
        case .digammaError: unary(step, F.digammaError)
        case .deviance: ternary(step, F.deviance)
        case .logRatio: ternary(step, F.logRatio)
        case .poissonLogMass: ternary(step, F.poissonLogMass)
        // Loops that every precision has.
        case .negate, .abs, .sign, .floor, .ceil, .sqrt, .add, .subtract, .multiply, .divide, .minimum, .maximum, .isFinite,
            .less, .lessOrEqual, .equal, .and, .or, .not, .select, .toReal, .toInt:
            break
        }
    }

    @inline(__always) private func unary(_ step: MapStep, _ function: (Real) -> Real) {
        let (result, a) = (reals(step.result.index), reals(step.a.index))
        for lane in 0..<count(step.result) { result[lane] = function(a[lane]) }
    }

    @inline(__always) private func binary(_ step: MapStep, _ function: (Real, Real) -> Real) {
        let (result, a, b) = (reals(step.result.index), reals(step.a.index), reals(step.b.index))
        for lane in 0..<count(step.result) {
            result[lane] = function(a[step.a.isUniform ? 0 : lane], b[step.b.isUniform ? 0 : lane])
        }
    }

    @inline(__always) private func ternary(_ step: MapStep, _ function: (Real, Real, Real) -> Real) {
        let (result, a, b, c) = (reals(step.result.index), reals(step.a.index), reals(step.b.index), reals(step.c.index))
        for lane in 0..<count(step.result) {
            result[lane] = function(
                a[step.a.isUniform ? 0 : lane], b[step.b.isUniform ? 0 : lane], c[step.c.isUniform ? 0 : lane])
        }
    }
}
