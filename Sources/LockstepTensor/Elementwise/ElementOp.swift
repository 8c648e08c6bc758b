/// What one element of a tensor is.
public enum DType: String, Hashable, Sendable, CaseIterable {
    /// A floating-point number of the run's precision.
    case real
    /// A whole number of 32 bits.
    case int
    /// True or false, as an element of a mask.
    case bool
}

/// The elementwise operations. All that is known of one is its row in `ElementTable.swift`.
package enum ElementOp: Int, CaseIterable, Hashable, Sendable {
    case negate, abs, sign, floor, ceil
    case sqrt, exp, expMinusOne, log, logOnePlus
    case sin, cos, tan, asin, acos, atan, sinh, cosh, tanh
    case sigmoid, softplus
    case logGamma, digamma, erf, erfc, erfInverse
    case stirlingError, digammaError
    case add, subtract, multiply, divide, power, minimum, maximum
    case quotient, remainder
    case hurwitzZeta
    case deviance, logRatio, poissonLogMass
    case isFinite, less, lessOrEqual, equal
    case and, or, not
    case select
    case toReal, toInt
}

extension ElementOp {
    private static let rows = allCases.map { ElementRow.of($0) }
    private static let names = allCases.map { "\($0)" }

    package var row: ElementRow { Self.rows[rawValue] }
    package var name: String { Self.names[rawValue] }
    package var arity: Int { Self.rows[rawValue].inputs.count }
    /// Whether a device should rather keep a value than compute it again.
    package var isExpensive: Bool { Self.rows[rawValue].isExpensive }
}

/// An elementwise operation, as every part of the program knows it.
package struct ElementRow: Sendable {
    /// What the operands are; nil stands for "real or int, the same everywhere", and so it does in `output`.
    package let inputs: [DType?]
    package let output: DType?
    package let isExpensive: Bool
    package let kernel: KernelForm
    /// The loop over lanes in `CLanes` that does it, where that has another name.
    package let loop: String?
    package let host: HostFunction
    /// The derivative rule. Nil where the derivative is zero everywhere.
    package let pullback: Pullback

    /// From the operands, the result and its adjoint to the adjoint of an operand, by its number.
    package typealias Pullback = @Sendable (_ x: [Tensor], _ y: Tensor, _ g: Tensor, _ i: Int) -> Tensor?
}

/// The values of an operation on the host, in double precision, masks as 0 and 1: constants are folded by it, and the
/// interpreter computes by it where it has no loop. Written independently of `Kernels/`.
package enum HostFunction: Sendable {
    case unary(@Sendable (Double) -> Double)
    case binary(@Sendable (Double, Double) -> Double)
    case ternary(@Sendable (Double, Double, Double) -> Double)

    package func callAsFunction(_ x: [Double]) -> Double {
        switch self {
        case .unary(let function): function(x[0])
        case .binary(let function): function(x[0], x[1])
        case .ternary(let function): function(x[0], x[1], x[2])
        }
    }
}

/// The OpenCL C of an operation.
package struct KernelForm: Sendable {
    /// By the type of the operands that are free to be real or int (of the last one): a function of all operands, or text in
    /// which `$0`, `$1` and `$2` stand for them.
    package struct Text: Sendable, ExpressibleByStringLiteral {
        let real, int, bool: String?

        package init(stringLiteral text: String) { self.init(real: text, int: text, bool: text) }

        init(real: String? = nil, int: String? = nil, bool: String? = nil) {
            self.real = real
            self.int = int
            self.bool = bool
        }

        fileprivate subscript(dtype: DType) -> String? {
            switch dtype {
            case .real: real
            case .int: int
            case .bool: bool
            }
        }
    }

    /// Of vectors of lanes.
    let vector: Text
    /// Of values that all lanes share; nil where the vector function must be used on a splat.
    let scalar: Text?
    /// Whether the function is in `densities.cl`, which programs that do not call it are compiled without.
    package let isDensity: Bool

    init(_ vector: Text, scalar: Text? = nil, isDensity: Bool = false) {
        self.vector = vector
        self.scalar = scalar
        self.isDensity = isDensity
    }

    package func text(_ x: [String], _ dtype: DType) -> String { Self.filled(vector[dtype] ?? vector.real ?? "", x) }

    package func scalarText(_ x: [String], _ dtype: DType) -> String? { scalar?[dtype].map { Self.filled($0, x) } }

    private static func filled(_ form: String, _ x: [String]) -> String {
        let parts = form.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return "\(form)(\(x.joined(separator: ", ")))" }
        return parts.dropFirst().reduce(String(parts[0])) { text, part in
            text + (part.first?.wholeNumberValue.map { x[$0] } ?? "") + part.dropFirst()
        }
    }
}
