import RealModule

extension ElementRow {
    /// One row for each operation: signature, cost, kernel, host, derivative.
    static func of(_ op: ElementOp) -> ElementRow {
        switch op {
        case .negate: .real(cheap: .init("(-$0)", scalar: "(-$0)"), { -$0 }) { _, _, g, _ in -g }
        case .abs: .real(cheap: "ls_abs", { $0.magnitude }) { x, _, g, _ in g * sign(x[0]) }
        case .sign: .real(cheap: "ls_sign", { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }) { _, _, _, _ in nil }
        case .floor: .real(cheap: "ls_floor", { $0.rounded(.down) }) { _, _, _, _ in nil }
        case .ceil: .real(cheap: "ls_ceil", { $0.rounded(.up) }) { _, _, _, _ in nil }
        case .sqrt: .real("ls_sqrt", { $0.squareRoot() }) { _, y, g, _ in g * 0.5 / y }
        case .exp: .real("ls_exp", Double.exp) { _, y, g, _ in g * y }
        case .expMinusOne: .real("ls_expm1", Double.expMinusOne) { _, y, g, _ in g * (y + 1) }
        case .log: .real("ls_log", { Double.log($0) }) { x, _, g, _ in g / x[0] }
        case .logOnePlus: .real("ls_log1p", { Double.log(onePlus: $0) }) { x, _, g, _ in g / (x[0] + 1) }
        case .sin: .real("ls_sin", Double.sin) { x, _, g, _ in g * cos(x[0]) }
        case .cos: .real("ls_cos", Double.cos) { x, _, g, _ in -(g * sin(x[0])) }
        case .tan: .real("ls_tan", Double.tan) { _, y, g, _ in g * (y * y + 1) }
        case .asin: .real("ls_asin", Double.asin) { x, _, g, _ in g / sqrt(1 - x[0] * x[0]) }
        case .acos: .real("ls_acos", Double.acos) { x, _, g, _ in -(g / sqrt(1 - x[0] * x[0])) }
        case .atan: .real("ls_atan", Double.atan) { x, _, g, _ in g / (x[0] * x[0] + 1) }
        case .sinh: .real("ls_sinh", Double.sinh) { x, _, g, _ in g * cosh(x[0]) }
        case .cosh: .real("ls_cosh", Double.cosh) { x, _, g, _ in g * sinh(x[0]) }
        case .tanh: .real("ls_tanh", Double.tanh) { _, y, g, _ in g * (1 - y * y) }
        case .sigmoid: .real("ls_sigmoid", SpecialFunctions.sigmoid) { _, y, g, _ in g * (y * (1 - y)) }
        case .softplus: .real("ls_softplus", SpecialFunctions.softplus) { x, _, g, _ in g * sigmoid(x[0]) }
        case .logGamma: .real("ls_lgamma", Double.logGamma) { x, _, g, _ in g * digamma(x[0]) }
        case .digamma: .real("ls_digamma", SpecialFunctions.digamma) { x, _, g, _ in g * hurwitzZeta(2, x[0]) }
        // 2 / sqrt(pi) = 1.128379...
        case .erf: .real("ls_erf", Double.erf) { x, _, g, _ in g * (1.1283791670955126 * exp(-(x[0] * x[0]))) }
        case .erfc: .real("ls_erfc", Double.erfc) { x, _, g, _ in -(g * (1.1283791670955126 * exp(-(x[0] * x[0])))) }
        case .erfInverse:
            .real("ls_erfinv", SpecialFunctions.erfInverse) { _, y, g, _ in g * (0.886226925452758 * exp(y * y)) }
        case .stirlingError:
            .real(.init("ls_stirling_error", isDensity: true), DensityFunctions.stirlingError) { x, _, g, _ in
                g * Tensor.map(.digammaError, x)
            }
        case .digammaError:
            .real(.init("ls_digamma_error", isDensity: true), DensityFunctions.digammaError) { x, _, g, _ in
                g * (hurwitzZeta(2, x[0]) - (1 + 0.5 / x[0]) / x[0])
            }
        case .add: .free(.init("($0 + $1)", scalar: "($0 + $1)"), { $0 + $1 }) { _, _, g, _ in g }
        case .subtract: .free(.init("($0 - $1)", scalar: "($0 - $1)"), { $0 - $1 }) { _, _, g, i in i == 0 ? g : -g }
        case .multiply: .free(.init("($0 * $1)", scalar: "($0 * $1)"), { $0 * $1 }) { x, _, g, i in g * x[1 - i] }
        case .divide:
            .reals(.init("($0 / $1)", scalar: "($0 / $1)"), { $0 / $1 }) { x, y, g, i in i == 0 ? g / x[1] : -(g * y / x[1]) }
        case .power: .reals("ls_pow", SpecialFunctions.power) { x, y, g, i in Pullbacks.power(x[0], x[1], y, g, i) }
        case .minimum:
            .free(.init(.init(real: "ls_min", int: "min"), scalar: .init(int: "min")), { $0.isNaN ? $0 : $0 < $1 ? $0 : $1 }) { x, _, g, i in
                Pullbacks.extremum(isMaximum: false, x[i], x[1 - i], g)
            }
        case .maximum:
            .free(.init(.init(real: "ls_max", int: "max"), scalar: .init(int: "max")), { $0.isNaN ? $0 : $1 < $0 ? $0 : $1 }) { x, _, g, i in
                Pullbacks.extremum(isMaximum: true, x[i], x[1 - i], g)
            }
        // Of whole numbers, which wrap; the quotient goes down, and that by 0 is 0.
        case .quotient: .ints("ls_quotient") { a, b in b == 0 ? 0 : a == -0x8000_0000 && b == -1 ? a : (a / b).rounded(.down) }
        case .remainder: .ints("ls_remainder") { a, b in b == 0 ? a : a - (a / b).rounded(.down) * b }
        case .hurwitzZeta: .reals("ls_zeta", SpecialFunctions.hurwitzZeta) { x, _, g, i in Pullbacks.hurwitzZeta(x[0], x[1], g, i) }
        // The third operand follows from the others, and has no derivative of its own: x - m, and logGamma(x + 1).
        case .deviance:
            .density("ls_deviance", DensityFunctions.deviance) { x, _, g, i in
                i == 0 ? g * Tensor.map(.logRatio, x) : i == 1 ? -(g * (x[2] / x[1])) : nil
            }
        case .logRatio:
            .density("ls_log_ratio", DensityFunctions.logRatio) { x, _, g, i in i == 0 ? g / x[0] : i == 1 ? -(g / x[1]) : nil }
        case .poissonLogMass:
            .density("ls_poisson_log_mass", DensityFunctions.poissonLogMass) { x, _, g, i in
                i == 0 ? g * (x[1] - exp(x[0])) : i == 1 ? g * (x[0] - digamma(x[1] + 1)) : nil
            }
        case .isFinite: .test([.real], "ls_is_finite", .unary { $0.isFinite ? 1 : 0 })
        case .less: .test([nil, nil], .init(.init(real: "ls_lt", int: "ls_lt_i"), scalar: "($0 < $1)"), .binary { $0 < $1 ? 1 : 0 })
        case .lessOrEqual: .test([nil, nil], .init(.init(real: "ls_le", int: "ls_le_i"), scalar: "($0 <= $1)"), .binary { $0 <= $1 ? 1 : 0 })
        case .equal:
            .test([nil, nil], .init(.init(real: "ls_eq", int: "ls_eq_i", bool: "ls_eq_m"), scalar: "($0 == $1)"), .binary { $0 == $1 ? 1 : 0 })
        // Of masks, which are 0 or 1.
        case .and: .test([.bool, .bool], .init("ls_and", scalar: "($0 && $1)"), loop: "minimum", .binary { Swift.min($0, $1) })
        case .or: .test([.bool, .bool], .init("ls_or", scalar: "($0 || $1)"), .binary { Swift.max($0, $1) })
        case .not: .test([.bool], .init("ls_not", scalar: "(!$0)"), .unary { 1 - $0 })
        case .select:
            ElementRow(
                [.bool, nil, nil], nil, isExpensive: false,
                .init(.init(real: "ls_select", int: "ls_select_i", bool: "ls_select_m"), scalar: "($0 ? $1 : $2)"),
                .ternary { $0 != 0 ? $1 : $2 }
            ) { x, _, g, i in
                i == 0 ? nil : i == 1 ? select(x[0], g, 0) : select(x[0], 0, g)
            }
        case .toReal:
            ElementRow(
                [nil], .real, isExpensive: false,
                .init(.init(real: "$0", int: "ls_real_from_ints", bool: "ls_real_from_mask"), scalar: "((real1)$0)"), .unary { $0 }
            ) { x, _, g, _ in x[0].dtype == .real ? g : nil }
        case .toInt:
            ElementRow(
                [nil], .int, isExpensive: false,
                .init(
                    .init(real: "ls_saturated_ints_from_real", int: "$0", bool: "ls_ints_from_mask"), scalar: .init(int: "$0", bool: "((int)$0)")),
                .unary { $0.isNaN ? 0 : Swift.min(Swift.max($0.rounded(.towardZero), -0x8000_0000), 0x7fff_ffff) }
            ) { _, _, _, _ in nil }
        }
    }
}

extension KernelForm: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self.init(.init(stringLiteral: text)) }
}

// MARK: Kinds of operations

extension ElementRow {
    fileprivate init(
        _ inputs: [DType?], _ output: DType?, isExpensive: Bool, _ kernel: KernelForm, loop: String? = nil, _ host: HostFunction,
        _ pullback: @escaping Pullback
    ) {
        self.inputs = inputs
        self.output = output
        self.isExpensive = isExpensive
        self.kernel = kernel
        self.loop = loop
        self.host = host
        self.pullback = pullback
    }

    private static func real(_ kernel: KernelForm, _ host: @escaping @Sendable (Double) -> Double, _ pullback: @escaping Pullback) -> Self {
        Self([.real], .real, isExpensive: true, kernel, .unary(host), pullback)
    }

    private static func real(cheap kernel: KernelForm, _ host: @escaping @Sendable (Double) -> Double, _ pullback: @escaping Pullback) -> Self {
        Self([.real], .real, isExpensive: false, kernel, .unary(host), pullback)
    }

    private static func reals(_ kernel: KernelForm, _ host: @escaping @Sendable (Double, Double) -> Double, _ pullback: @escaping Pullback) -> Self {
        Self([.real, .real], .real, isExpensive: true, kernel, .binary(host), pullback)
    }

    /// Of reals or ints.
    private static func free(_ kernel: KernelForm, _ host: @escaping @Sendable (Double, Double) -> Double, _ pullback: @escaping Pullback) -> Self {
        Self([nil, nil], nil, isExpensive: false, kernel, .binary(host), pullback)
    }

    private static func ints(_ function: KernelForm.Text, _ host: @escaping @Sendable (Double, Double) -> Double) -> Self {
        Self([.int, .int], .int, isExpensive: false, .init(function), .binary(host)) { _, _, _, _ in nil }
    }

    private static func density(
        _ function: KernelForm.Text, _ host: @escaping @Sendable (Double, Double, Double) -> Double, _ pullback: @escaping Pullback
    ) -> Self {
        Self([.real, .real, .real], .real, isExpensive: true, .init(function, isDensity: true), .ternary(host), pullback)
    }

    /// What gives a mask, and has no derivative.
    private static func test(_ inputs: [DType?], _ kernel: KernelForm, loop: String? = nil, _ host: HostFunction) -> Self {
        Self(inputs, .bool, isExpensive: false, kernel, loop: loop, host) { _, _, _, _ in nil }
    }
}

// MARK: Longer derivative rules

private enum Pullbacks {
    static func extremum(isMaximum: Bool, _ own: Tensor, _ other: Tensor, _ g: Tensor) -> Tensor {
        let wins = isMaximum ? other .< own : own .< other
        // A bound holds the gradient back where it is reached.
        if other.splat != nil { return select(wins, g, 0) }
        // Half each where the operands are equal, as a subgradient that treats them alike.
        return select(own .== other, 0.5 * g, select(wins, g, 0))
    }

    static func power(_ x: Tensor, _ y: Tensor, _ result: Tensor, _ g: Tensor, _ i: Int) -> Tensor? {
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

    static func hurwitzZeta(_ s: Tensor, _ x: Tensor, _ g: Tensor, _ i: Int) -> Tensor {
        i == 1
            ? -(g * s * LockstepTensor.hurwitzZeta(s + 1, x))
            : .failed(TensorError("hurwitzZeta", [s.shape], "it has no derivative with respect to its first argument"))
    }
}
