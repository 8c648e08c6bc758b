/// What an operation of two operands works on.
struct BinaryOperands<T, U> {
    let result: UnsafeMutablePointer<U>
    let a: UnsafeMutablePointer<T>
    let b: UnsafeMutablePointer<T>
    let aIsUniform: Bool
    let bIsUniform: Bool
    let count: Int

    /// A loop for each way in which operands are uniform.
    @inline(__always) func forEachLane(_ function: (T, T) -> U) {
        let (result, a, b, n) = (result, a, b, count)
        var lane = 0
        if aIsUniform == bIsUniform {
            while lane < n {
                result[lane] = function(a[lane], b[lane])
                lane &+= 1
            }
        } else if bIsUniform {
            let value = b[0]
            while lane < n {
                result[lane] = function(a[lane], value)
                lane &+= 1
            }
        } else {
            let value = a[0]
            while lane < n {
                result[lane] = function(value, b[lane])
                lane &+= 1
            }
        }
    }
}

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
