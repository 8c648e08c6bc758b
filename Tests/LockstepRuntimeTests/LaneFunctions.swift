import CLanes
import LockstepTensor

@testable import LockstepRuntime

/// The vectorised functions of floats, for one lane or an array of them.
enum LaneFunctions {
    /// Past this the sine and the cosine are the C library's.
    static let largestAngle: Float = 0x1p20

    /// - Parameter x: the first operand, and the third; the second is its magnitude.
    static func apply(_ op: ElementOp, _ x: [Float], level: Int32? = nil) -> [Float]? {
        let uniform = Array(repeating: false, count: op.arity)
        guard let loop = LaneLoops(.float, level: level).loop(op, .reals, uniform: uniform) else { return nil }
        var result = [Float](repeating: 0, count: x.count)
        loop(&result, x, x.map(\.magnitude), x, x.count)
        return result
    }

    /// Of three operands.
    static func apply(_ op: ElementOp, _ x: Float, _ y: Float, _ z: Float) -> Float? {
        guard let loop = LaneLoops(.float).loop(op, .reals, uniform: [false, false, false]) else { return nil }
        var result: Float = 0
        loop(&result, [x], [y], [z], 1)
        return result
    }

    static func apply(_ op: ElementOp, _ x: Float) -> Float { apply(op, [x])?.first ?? .nan }

    static func exp(_ x: Float) -> Float { apply(.exp, x) }
    static func expMinusOne(_ x: Float) -> Float { apply(.expMinusOne, x) }
    static func log(_ x: Float) -> Float { apply(.log, x) }
    static func logOnePlus(_ x: Float) -> Float { apply(.logOnePlus, x) }
    static func sigmoid(_ x: Float) -> Float { apply(.sigmoid, x) }
    static func softplus(_ x: Float) -> Float { apply(.softplus, x) }
    static func tanh(_ x: Float) -> Float { apply(.tanh, x) }
    static func sin(_ x: Float) -> Float { apply(.sin, x) }
    static func cos(_ x: Float) -> Float { apply(.cos, x) }
}
