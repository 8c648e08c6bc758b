import LockstepTensor

/// Elementwise operations over the lanes of a block.
extension BlockFrame {
    /// The table from operation to loop.
    func map(_ step: MapStep) {
        switch step.op {
        case .negate: realUnary(step) { -$0 }
        case .abs: realUnary(step) { ElementFunctions.abs($0) }
        case .sign: realUnary(step) { ElementFunctions.sign($0) }
        case .floor: realUnary(step) { ElementFunctions.floor($0) }
        case .ceil: realUnary(step) { ElementFunctions.ceil($0) }
        case .sqrt: realUnary(step) { ElementFunctions.sqrt($0) }
        case .exp: realUnary(step) { ElementFunctions.exp($0) }
        case .expMinusOne: realUnary(step) { ElementFunctions.expMinusOne($0) }
        case .log: realUnary(step) { ElementFunctions.log($0) }
        case .logOnePlus: realUnary(step) { ElementFunctions.logOnePlus($0) }
        case .sin: realUnary(step) { ElementFunctions.sin($0) }
        case .cos: realUnary(step) { ElementFunctions.cos($0) }
        case .tan: realUnary(step) { ElementFunctions.tan($0) }
        case .asin: realUnary(step) { ElementFunctions.asin($0) }
        case .acos: realUnary(step) { ElementFunctions.acos($0) }
        case .atan: realUnary(step) { ElementFunctions.atan($0) }
        case .sinh: realUnary(step) { ElementFunctions.sinh($0) }
        case .cosh: realUnary(step) { ElementFunctions.cosh($0) }
        case .tanh: realUnary(step) { ElementFunctions.tanh($0) }
        case .sigmoid: realUnary(step) { ElementFunctions.sigmoid($0) }
        case .softplus: realUnary(step) { ElementFunctions.softplus($0) }
        case .logGamma: realUnary(step) { ElementFunctions.logGamma($0) }
        case .digamma: realUnary(step) { ElementFunctions.digamma($0) }
        case .erf: realUnary(step) { ElementFunctions.erf($0) }
        case .erfc: realUnary(step) { ElementFunctions.erfc($0) }
        case .erfInverse: realUnary(step) { ElementFunctions.erfInverse($0) }
        case .add: arithmetic(step, { $0 + $1 }, { $0 &+ $1 })
        case .subtract: arithmetic(step, { $0 - $1 }, { $0 &- $1 })
        case .multiply: arithmetic(step, { $0 * $1 }, { $0 &* $1 })
        case .divide: realBinary(step) { $0 / $1 }
        case .power: realBinary(step) { ElementFunctions.power($0, $1) }
        case .minimum: arithmetic(step, { ElementFunctions.minimum($0, $1) }, { $0 < $1 ? $0 : $1 })
        case .maximum: arithmetic(step, { ElementFunctions.maximum($0, $1) }, { $0 > $1 ? $0 : $1 })
        case .hurwitzZeta: realBinary(step) { ElementFunctions.hurwitzZeta($0, $1) }
        case .isFinite: unary(step, int(step.result), real(step.a)) { $0.magnitude < .infinity ? 1 : 0 }
        case .less: comparison(step, { $0 < $1 }, { $0 < $1 })
        case .lessOrEqual: comparison(step, { $0 <= $1 }, { $0 <= $1 })
        case .equal: comparison(step, { $0 == $1 }, { $0 == $1 })
        case .and: intBinary(step) { $0 & $1 }
        case .or: intBinary(step) { $0 | $1 }
        case .not: unary(step, int(step.result), int(step.a)) { $0 ^ 1 }
        case .select:
            switch step.bank {
            case .reals: select(step, real(step.result), real(step.b), real(step.c))
            case .ints: select(step, int(step.result), int(step.b), int(step.c))
            }
        case .toReal:
            switch step.bank {
            case .reals: unary(step, real(step.result), real(step.a)) { $0 }
            case .ints: unary(step, real(step.result), int(step.a)) { Real(Double($0)) }
            }
        case .toInt:
            switch step.bank {
            case .reals: unary(step, int(step.result), real(step.a)) { Int32(saturating: Double($0)) }
            case .ints: unary(step, int(step.result), int(step.a)) { $0 }
            }
        }
    }
}

// MARK: Shapes of loops

extension BlockFrame {
    @inline(__always) private func realUnary(_ step: MapStep, _ function: (Real) -> Real) {
        unary(step, real(step.result), real(step.a), function)
    }

    @inline(__always) private func realBinary(_ step: MapStep, _ function: (Real, Real) -> Real) {
        binary(step, real(step.result), real(step.a), real(step.b), function)
    }

    @inline(__always) private func intBinary(_ step: MapStep, _ function: (Int32, Int32) -> Int32) {
        binary(step, int(step.result), int(step.a), int(step.b), function)
    }

    @inline(__always)
    private func arithmetic(_ step: MapStep, _ onReals: (Real, Real) -> Real, _ onInts: (Int32, Int32) -> Int32) {
        switch step.bank {
        case .reals: realBinary(step, onReals)
        case .ints: intBinary(step, onInts)
        }
    }

    @inline(__always)
    private func comparison(_ step: MapStep, _ onReals: (Real, Real) -> Bool, _ onInts: (Int32, Int32) -> Bool) {
        switch step.bank {
        case .reals: binary(step, int(step.result), real(step.a), real(step.b)) { onReals($0, $1) ? 1 : 0 }
        case .ints: binary(step, int(step.result), int(step.a), int(step.b)) { onInts($0, $1) ? 1 : 0 }
        }
    }

    @inline(__always)
    private func unary<T, U>(
        _ step: MapStep, _ result: UnsafeMutablePointer<U>, _ a: UnsafeMutablePointer<T>, _ function: (T) -> U
    ) {
        let n = count(step.result)
        var lane = 0
        while lane < n {
            result[lane] = function(a[lane])
            lane &+= 1
        }
    }

    /// A loop for each way in which operands are uniform.
    @inline(__always)
    private func binary<T, U>(
        _ step: MapStep, _ result: UnsafeMutablePointer<U>, _ a: UnsafeMutablePointer<T>, _ b: UnsafeMutablePointer<T>,
        _ function: (T, T) -> U
    ) {
        let n = count(step.result)
        var lane = 0
        if step.a.isUniform == step.b.isUniform {
            while lane < n {
                result[lane] = function(a[lane], b[lane])
                lane &+= 1
            }
        } else if step.b.isUniform {
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

    @inline(__always)
    private func select<T>(
        _ step: MapStep, _ result: UnsafeMutablePointer<T>, _ b: UnsafeMutablePointer<T>, _ c: UnsafeMutablePointer<T>
    ) {
        let n = count(step.result)
        let mask = int(step.a)
        var lane = 0
        if step.a.isUniform {
            let (chosen, isUniform) = mask[0] != 0 ? (b, step.b.isUniform) : (c, step.c.isUniform)
            if isUniform {
                fill(result, chosen[0], n)
            } else {
                while lane < n {
                    result[lane] = chosen[lane]
                    lane &+= 1
                }
            }
            return
        }
        switch (step.b.isUniform, step.c.isUniform) {
        case (false, false):
            while lane < n {
                let (yes, no) = (b[lane], c[lane])
                result[lane] = mask[lane] != 0 ? yes : no
                lane &+= 1
            }
        case (false, true):
            let no = c[0]
            while lane < n {
                let yes = b[lane]
                result[lane] = mask[lane] != 0 ? yes : no
                lane &+= 1
            }
        case (true, false):
            let yes = b[0]
            while lane < n {
                let no = c[lane]
                result[lane] = mask[lane] != 0 ? yes : no
                lane &+= 1
            }
        case (true, true):
            let (yes, no) = (b[0], c[0])
            while lane < n {
                result[lane] = mask[lane] != 0 ? yes : no
                lane &+= 1
            }
        }
    }
}
