/// The operations on ints and masks, each a function of its own: they do not depend on the precision.
enum IntLoops {
    typealias Operands = BinaryOperands<Int32, Int32>

    // Ints wrap: a lane must not trap.
    static func add(_ operands: Operands) { operands.forEachLane { $0 &+ $1 } }
    static func subtract(_ operands: Operands) { operands.forEachLane { $0 &- $1 } }
    static func multiply(_ operands: Operands) { operands.forEachLane { $0 &* $1 } }
    static func minimum(_ operands: Operands) { operands.forEachLane { $0 < $1 ? $0 : $1 } }
    static func maximum(_ operands: Operands) { operands.forEachLane { $0 > $1 ? $0 : $1 } }

    static func less(_ operands: Operands) { operands.forEachLane { $0 < $1 ? 1 : 0 } }
    static func lessOrEqual(_ operands: Operands) { operands.forEachLane { $0 <= $1 ? 1 : 0 } }
    static func equal(_ operands: Operands) { operands.forEachLane { $0 == $1 ? 1 : 0 } }

    static func and(_ operands: Operands) { operands.forEachLane { $0 & $1 } }
    static func or(_ operands: Operands) { operands.forEachLane { $0 | $1 } }

    // Of one operand, which stands for both.
    static func not(_ operands: Operands) { operands.forEachLane { a, _ in a ^ 1 } }
    static func copy(_ operands: Operands) { operands.forEachLane { a, _ in a } }
}
