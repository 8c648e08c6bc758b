extension Gradient {
    /// The derivative rules of the elementwise operations: `x` are the operands, `y` the result, `g` the adjoint
    /// of the result, `i` the operand asked about. Nil where the derivative is zero everywhere.
    static func elementwise(_ op: ElementOp, _ x: [Tensor], _ y: Tensor, _ g: Tensor, _ i: Int) -> Tensor? {
        switch op {
        case .negate: -g
        case .abs: g * sign(x[0])
        case .sign, .floor, .ceil: nil
        case .sqrt: g * 0.5 / y
        case .exp: g * y
        case .expMinusOne: g * (y + 1)
        case .log: g / x[0]
        case .logOnePlus: g / (x[0] + 1)
        case .sin: g * cos(x[0])
        case .cos: -(g * sin(x[0]))
        case .tan: g * (y * y + 1)
        case .asin: g / sqrt(1 - x[0] * x[0])
        case .acos: -(g / sqrt(1 - x[0] * x[0]))
        case .atan: g / (x[0] * x[0] + 1)
        case .sinh: g * cosh(x[0])
        case .cosh: g * sinh(x[0])
        case .tanh: g * (1 - y * y)
        case .sigmoid: g * (y * (1 - y))
        case .softplus: g * sigmoid(x[0])
        case .logGamma: g * digamma(x[0])
        case .digamma: g * hurwitzZeta(2, x[0])
        // 2 / sqrt(pi) = 1.128379...
        case .erf: g * (1.1283791670955126 * exp(-(x[0] * x[0])))
        case .erfc: -(g * (1.1283791670955126 * exp(-(x[0] * x[0]))))
        case .erfInverse: g * (0.886226925452758 * exp(y * y))
        case .add: g
        case .subtract: i == 0 ? g : -g
        case .multiply: g * x[1 - i]
        case .divide: i == 0 ? g / x[1] : -(g * y / x[1])
        case .power: power(x[0], x[1], y, g, i)
        case .minimum, .maximum:
            extremum(isMaximum: op == .maximum, x[i], x[1 - i], g)
        case .hurwitzZeta:
            i == 1
                ? -(g * x[0] * hurwitzZeta(x[0] + 1, x[1]))
                : .failed(TensorError("hurwitzZeta", [x[0].shape], "it has no derivative with respect to its first argument"))
        case .stirlingError: g * digammaError(x[0])
        case .digammaError: g * (hurwitzZeta(2, x[0]) - (1 + 0.5 / x[0]) / x[0])
        // The third operand follows from the others, and has no derivative of its own: x - m, and logGamma(x + 1).
        case .deviance:
            i == 0 ? g * Tensor.map(.logRatio, x) : i == 1 ? -(g * (x[2] / x[1])) : nil
        case .logRatio:
            i == 0 ? g / x[0] : i == 1 ? -(g / x[1]) : nil
        case .poissonLogMass:
            i == 0 ? g * (x[1] - exp(x[0])) : i == 1 ? g * (x[0] - digamma(x[1] + 1)) : nil
        case .isFinite, .less, .lessOrEqual, .equal, .and, .or, .not, .toInt: nil
        case .select:
            i == 0 ? nil : i == 1 ? select(x[0], g, 0) : select(x[0], 0, g)
        case .toReal: x[0].dtype == .real ? g : nil
        }
    }

    private static func extremum(isMaximum: Bool, _ own: Tensor, _ other: Tensor, _ g: Tensor) -> Tensor {
        let wins = isMaximum ? other .< own : own .< other
        // A bound holds the gradient back where it is reached.
        if other.splat != nil { return select(wins, g, 0) }
        // Half each where the operands are equal, as a subgradient that treats them alike.
        return select(own .== other, 0.5 * g, select(wins, g, 0))
    }

    private static func power(_ x: Tensor, _ y: Tensor, _ result: Tensor, _ g: Tensor, _ i: Int) -> Tensor? {
        if i == 0 {
            if y.splat == 0 { return nil }
            // x^0 is flat even at 0: keep 0 * 0^-1 out of it.
            let exponent = y.splat == nil ? select((x .== 0) .& (y .== 0), 1, y - 1) : y - 1
            return g * y * pow(x, exponent)
        }
        // x^y log x tends to 0 with x: keep log 0 out of it.
        let safe = select(0 .< x, x, 1)
        return g * select(0 .< x, result * log(safe), 0)
    }
}
