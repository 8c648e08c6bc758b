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

    private func operation(_ op: ElementOp, _ bank: Bank) -> lockstep_lanes_operation? {
        switch op {
        case .toReal where bank == .reals, .toInt where bank == .ints: lockstep_lanes_copy
        default: Self.operations[op.rawValue]
        }
    }

    /// By operation. Nil: a function of the host, lane by lane.
    private static let operations = ElementOp.allCases.map { named[$0.row.loop ?? $0.name] }

    /// By the loop's name in `CLanes`.
    static let named = Dictionary(
        uniqueKeysWithValues: (0..<lockstep_lanes_operations.rawValue).compactMap { number in
            lockstep_lanes_name(.init(number)).map { (String(cString: $0), lockstep_lanes_operation(number)) }
        })
}
