/// What one element of a tensor is.
public enum DType: String, Hashable, Sendable, CaseIterable {
    case real, int, bool
}

/// The elementwise operations. The enum is closed: its signature and gradient tables are in this module, its
/// OpenCL text in the compiler, its evaluation in the interpreter, each as an exhaustive switch.
package enum ElementOp: String, CaseIterable, Hashable, Sendable {
    // real -> real
    case negate, abs, sign, floor, ceil
    case sqrt, exp, expMinusOne, log, logOnePlus
    case sin, cos, tan, asin, acos, atan, sinh, cosh, tanh
    case sigmoid, softplus
    case logGamma, digamma, erf, erfc, erfInverse
    case stirlingError, digammaError
    // (real, real) -> real; add, subtract, multiply also on ints
    case add, subtract, multiply, divide, power, minimum, maximum
    case hurwitzZeta
    // (real, real, real) -> real
    case deviance, logRatio, poissonLogMass
    // tests
    case isFinite, less, lessOrEqual, equal
    // masks
    case and, or, not
    /// (bool, a, a) -> a
    case select
    // conversions
    case toReal, toInt
}

extension ElementOp {
    /// What an operation takes and gives. `nil` in `inputs` stands for "real or int, the same everywhere".
    package struct Signature: Sendable {
        package let inputs: [DType?]
        package let output: DType?
    }

    package var signature: Signature {
        switch self {
        case .negate, .abs, .sign, .floor, .ceil, .sqrt, .exp, .expMinusOne, .log, .logOnePlus,
            .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .tanh, .sigmoid, .softplus,
            .logGamma, .digamma, .erf, .erfc, .erfInverse, .stirlingError, .digammaError:
            Signature(inputs: [.real], output: .real)
        case .divide, .power, .hurwitzZeta:
            Signature(inputs: [.real, .real], output: .real)
        case .deviance, .logRatio, .poissonLogMass:
            Signature(inputs: [.real, .real, .real], output: .real)
        case .add, .subtract, .multiply, .minimum, .maximum:
            Signature(inputs: [nil, nil], output: nil)
        case .isFinite:
            Signature(inputs: [.real], output: .bool)
        case .less, .lessOrEqual, .equal:
            Signature(inputs: [nil, nil], output: .bool)
        case .and, .or:
            Signature(inputs: [.bool, .bool], output: .bool)
        case .not:
            Signature(inputs: [.bool], output: .bool)
        case .select:
            Signature(inputs: [.bool, nil, nil], output: nil)
        case .toReal:
            Signature(inputs: [nil], output: .real)
        case .toInt:
            Signature(inputs: [nil], output: .int)
        }
    }

    package var arity: Int { signature.inputs.count }

    /// Whether a device should rather keep a value than compute it again.
    package var isExpensive: Bool {
        switch self {
        case .negate, .abs, .sign, .floor, .ceil, .add, .subtract, .multiply, .minimum, .maximum,
            .isFinite, .less, .lessOrEqual, .equal, .and, .or, .not, .select, .toReal, .toInt:
            false
        default:
            true
        }
    }
}
