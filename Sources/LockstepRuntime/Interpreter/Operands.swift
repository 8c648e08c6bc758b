/// What an operation of one operand works on. The operand is varying if the result is.
struct UnaryOperands<T, U> {
    let result: UnsafeMutablePointer<U>
    let a: UnsafeMutablePointer<T>
    let count: Int

    @inline(__always) func forEachLane(_ function: (T) -> U) {
        let (result, a, n) = (result, a, count)
        var lane = 0
        while lane < n {
            result[lane] = function(a[lane])
            lane &+= 1
        }
    }
}

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
