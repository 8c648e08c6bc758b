import CLanes
import LockstepTensor

/// The vectorised loops, in one of the instruction sets that the processor has. Results do not depend on which.
struct LaneLoops: Sendable {
    typealias Loop =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeRawPointer?, UnsafeRawPointer?, UnsafeRawPointer?, Int
        ) -> Void
    typealias Gather =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeRawPointer?, UnsafePointer<Int32>?, Int32, Int, Int
        ) -> Void
    typealias Products =
        @convention(c) (
            UnsafePointer<lockstep_lanes_product>?, Int, Int, UnsafePointer<UnsafeMutableRawPointer?>?, Int
        ) -> Void
    typealias Draw = @convention(c) (UnsafePointer<lockstep_lanes_draws>?) -> Void

    let level: Int32
    let precision: Precision

    /// - Parameter level: the best one unless given.
    init(_ precision: Precision, level: Int32? = nil) {
        self.level = level ?? lockstep_lanes_best_level()
        self.precision = precision
    }

    private func type(_ bank: Bank) -> lockstep_lanes_type {
        switch (bank, precision) {
        case (.ints, _): lockstep_lanes_int
        case (.reals, .float): lockstep_lanes_float
        case (.reals, .double): lockstep_lanes_double
        }
    }

    /// - Parameters:
    ///   - bank: of the last operand.
    ///   - uniform: which operands are one value for all lanes; none of them where the result is one too.
    func loop(_ operation: lockstep_lanes_operation, _ bank: Bank, uniform: [Bool]) -> Loop? {
        let type = operation == lockstep_lanes_toReal ? type(.reals) : type(bank)
        let isOne = uniform.allSatisfy(\.self) && operation != lockstep_lanes_copy
        let shape = isOne ? 0 : uniform.enumerated().reduce(Int32(0)) { $0 | ($1.element ? 1 << Int32($1.offset) : 0) }
        return lockstep_lanes_find(level, operation, type, shape)
    }

    func loop(_ op: ElementOp, _ bank: Bank, uniform: [Bool]) -> Loop? {
        operation(op, bank).flatMap { loop($0, bank, uniform: uniform) }
    }

    func gather(_ bank: Bank, isShared: Bool) -> Gather? { lockstep_lanes_find_gather(level, type(bank), isShared ? 1 : 0) }

    var addProducts: Products? { lockstep_lanes_find_products(level, type(.reals)) }

    /// Four draws of each lane; nil for what is drawn lane by lane.
    func draw(_ kind: RandomOp.Kind) -> Draw? {
        guard precision == .float else { return nil }
        return switch kind {
        case .uniform: lockstep_lanes_find_uniform(level)
        case .normal: lockstep_lanes_find_normal(level)
        case .gamma, .poisson: nil
        }
    }

    /// The table from operations to loops. Nil: a function of the C library or of our own, lane by lane.
    private func operation(_ op: ElementOp, _ bank: Bank) -> lockstep_lanes_operation? {
        switch op {
        case .negate: lockstep_lanes_negate
        case .abs: lockstep_lanes_abs
        case .sign: lockstep_lanes_sign
        case .floor: lockstep_lanes_floor
        case .ceil: lockstep_lanes_ceil
        case .sqrt: lockstep_lanes_sqrt
        case .exp: lockstep_lanes_exp
        case .expMinusOne: lockstep_lanes_expMinusOne
        case .log: lockstep_lanes_log
        case .logOnePlus: lockstep_lanes_logOnePlus
        case .sin: lockstep_lanes_sin
        case .cos: lockstep_lanes_cos
        case .tanh: lockstep_lanes_tanh
        case .sigmoid: lockstep_lanes_sigmoid
        case .softplus: lockstep_lanes_softplus
        case .add: lockstep_lanes_add
        case .subtract: lockstep_lanes_subtract
        case .multiply: lockstep_lanes_multiply
        case .divide: lockstep_lanes_divide
        case .minimum, .and: lockstep_lanes_minimum
        case .maximum: lockstep_lanes_maximum
        case .or: lockstep_lanes_either
        case .isFinite: lockstep_lanes_isFinite
        case .less: lockstep_lanes_less
        case .lessOrEqual: lockstep_lanes_lessOrEqual
        case .equal: lockstep_lanes_equal
        case .not: lockstep_lanes_not
        case .select: lockstep_lanes_select
        case .toReal: bank == .reals ? lockstep_lanes_copy : lockstep_lanes_toReal
        case .toInt: bank == .ints ? lockstep_lanes_copy : lockstep_lanes_toInt
        case .poissonLogMass: lockstep_lanes_poissonLogMass
        case .tan, .asin, .acos, .atan, .sinh, .cosh, .logGamma, .digamma, .erf, .erfc, .erfInverse, .power, .hurwitzZeta,
            .stirlingError, .digammaError, .deviance, .logRatio:
            nil
        }
    }
}

extension Reduction {
    /// What combines an element with a value.
    var operation: lockstep_lanes_operation {
        switch self {
        case .sum: lockstep_lanes_add
        case .maximum: lockstep_lanes_maximum
        case .minimum: lockstep_lanes_minimum
        case .any: lockstep_lanes_either
        }
    }
}
