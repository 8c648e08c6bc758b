import LockstepTensor

/// The OpenCL C of the elementwise operations.
enum ElementText {
    /// - Parameters:
    ///   - x: the operands' text, of the type that the operation works in.
    ///   - dtype: the type of the operands that are free to be real or int (of the last one).
    static func text(_ op: ElementOp, _ x: [String], _ dtype: DType) -> String {
        let isInt = dtype == .int
        switch op {
        case .negate: return "(-\(x[0]))"
        case .add: return "(\(x[0]) + \(x[1]))"
        case .subtract: return "(\(x[0]) - \(x[1]))"
        case .multiply: return "(\(x[0]) * \(x[1]))"
        case .divide: return "(\(x[0]) / \(x[1]))"
        case .abs: return call("ls_abs", x)
        case .sign: return call("ls_sign", x)
        case .floor: return call("ls_floor", x)
        case .ceil: return call("ls_ceil", x)
        case .sqrt: return call("ls_sqrt", x)
        case .exp: return call("ls_exp", x)
        case .expMinusOne: return call("ls_expm1", x)
        case .log: return call(x.count > 1 ? "ls_sum_log\(x.count)" : "ls_log", x)
        case .logOnePlus: return call(x.count > 1 ? "ls_sum_log1p\(x.count)" : "ls_log1p", x)
        case .sin: return call("ls_sin", x)
        case .cos: return call("ls_cos", x)
        case .tan: return call("ls_tan", x)
        case .asin: return call("ls_asin", x)
        case .acos: return call("ls_acos", x)
        case .atan: return call("ls_atan", x)
        case .sinh: return call("ls_sinh", x)
        case .cosh: return call("ls_cosh", x)
        case .tanh: return call("ls_tanh", x)
        case .sigmoid: return call("ls_sigmoid", x)
        case .softplus: return call("ls_softplus", x)
        case .logGamma: return call("ls_lgamma", x)
        case .digamma: return call("ls_digamma", x)
        case .erf: return call("ls_erf", x)
        case .erfc: return call("ls_erfc", x)
        case .erfInverse: return call("ls_erfinv", x)
        case .power: return call("ls_pow", x)
        case .hurwitzZeta: return call("ls_zeta", x)
        case .stirlingError: return call("ls_stirling_error", x)
        case .digammaError: return call("ls_digamma_error", x)
        case .deviance: return call("ls_deviance", x)
        case .logRatio: return call("ls_log_ratio", x)
        case .poissonLogMass: return call("ls_poisson_log_mass", x)
        case .minimum: return call(isInt ? "min" : "ls_min", x)
        case .maximum: return call(isInt ? "max" : "ls_max", x)
        case .isFinite: return call("ls_is_finite", x)
        case .less: return call(isInt ? "ls_lt_i" : "ls_lt", x)
        case .lessOrEqual: return call(isInt ? "ls_le_i" : "ls_le", x)
        case .equal: return call(isInt ? "ls_eq_i" : dtype == .bool ? "ls_eq_m" : "ls_eq", x)
        case .and: return call("ls_and", x)
        case .or: return call("ls_or", x)
        case .not: return call("ls_not", x)
        case .select: return call(isInt ? "ls_select_i" : dtype == .bool ? "ls_select_m" : "ls_select", x)
        case .toReal: return dtype == .real ? x[0] : call(isInt ? "ls_real_from_ints" : "ls_real_from_mask", x)
        case .toInt: return isInt ? x[0] : call(dtype == .bool ? "ls_ints_from_mask" : "ls_saturated_ints_from_real", x)
        }
    }

    /// Whether the function is in densities.cl, which programs that do not call it are compiled without.
    static func isDensity(_ op: ElementOp) -> Bool {
        switch op {
        case .stirlingError, .digammaError, .deviance, .logRatio, .poissonLogMass: true
        default: false
        }
    }

    /// The same for one value that all lanes share, or nil where the vector function must be used on a splat.
    static func uniformText(_ op: ElementOp, _ x: [String], _ dtype: DType) -> String? {
        switch op {
        case .negate, .add, .subtract, .multiply, .divide: text(op, x, dtype)
        case .less: "(\(x[0]) < \(x[1]))"
        case .lessOrEqual: "(\(x[0]) <= \(x[1]))"
        case .equal: "(\(x[0]) == \(x[1]))"
        case .and: "(\(x[0]) && \(x[1]))"
        case .or: "(\(x[0]) || \(x[1]))"
        case .not: "(!\(x[0]))"
        case .select: "(\(x[0]) ? \(x[1]) : \(x[2]))"
        case .minimum where dtype == .int: "min(\(x[0]), \(x[1]))"
        case .maximum where dtype == .int: "max(\(x[0]), \(x[1]))"
        case .toReal: "((real1)\(x[0]))"
        case .toInt where dtype == .int: x[0]
        case .toInt where dtype == .bool: "((int)\(x[0]))"
        default: nil
        }
    }

    private static func call(_ name: String, _ arguments: [String]) -> String {
        "\(name)(\(arguments.joined(separator: ", ")))"
    }
}
