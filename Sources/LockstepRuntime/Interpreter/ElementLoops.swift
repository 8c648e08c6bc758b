import LockstepTensor

/// Elementwise operations over the lanes of a block.
extension BlockFrame {
    /// The table from operation to loop. In a function of this size the optimiser inlines small functions only and
    /// would call others for each lane: what is worth a vectorised loop has a function of its own.
    func map(_ step: MapStep) {
        switch step.op {
        case .negate: realUnary(step, PlainFunctions.negate)
        case .abs: realUnary(step, ElementFunctions.abs)
        case .sign: realUnary(step, ElementFunctions.sign)
        case .floor: realUnary(step, ElementFunctions.floor)
        case .ceil: realUnary(step, ElementFunctions.ceil)
        case .sqrt: realUnary(step, ElementFunctions.sqrt)
        case .exp: RealLoops.exp(reals(step))
        case .expMinusOne: RealLoops.expMinusOne(reals(step))
        case .log: RealLoops.log(reals(step))
        case .logOnePlus: RealLoops.logOnePlus(reals(step))
        case .sin: RealLoops.sin(reals(step))
        case .cos: RealLoops.cos(reals(step))
        case .tan: realUnary(step, ElementFunctions.tan)
        case .asin: realUnary(step, ElementFunctions.asin)
        case .acos: realUnary(step, ElementFunctions.acos)
        case .atan: realUnary(step, ElementFunctions.atan)
        case .sinh: realUnary(step, ElementFunctions.sinh)
        case .cosh: realUnary(step, ElementFunctions.cosh)
        case .tanh: RealLoops.tanh(reals(step))
        case .sigmoid: RealLoops.sigmoid(reals(step))
        case .softplus: RealLoops.softplus(reals(step))
        case .logGamma: realUnary(step, ElementFunctions.logGamma)
        case .digamma: realUnary(step, ElementFunctions.digamma)
        case .erf: realUnary(step, ElementFunctions.erf)
        case .erfc: realUnary(step, ElementFunctions.erfc)
        case .erfInverse: realUnary(step, ElementFunctions.erfInverse)
        case .add: arithmetic(step, PlainFunctions.add, IntLoops.add)
        case .subtract: arithmetic(step, PlainFunctions.subtract, IntLoops.subtract)
        case .multiply: arithmetic(step, PlainFunctions.multiply, IntLoops.multiply)
        case .divide: realBinary(step, PlainFunctions.divide)
        case .power: realBinary(step, ElementFunctions.power)
        case .minimum: arithmetic(step, ElementFunctions.minimum, IntLoops.minimum)
        case .maximum: arithmetic(step, ElementFunctions.maximum, IntLoops.maximum)
        case .hurwitzZeta: realBinary(step, ElementFunctions.hurwitzZeta)
        case .isFinite: unary(step, int(step.result), real(step.a), PlainFunctions.isFinite)
        case .less: comparison(step, PlainFunctions.less, IntLoops.less)
        case .lessOrEqual: comparison(step, PlainFunctions.lessOrEqual, IntLoops.lessOrEqual)
        case .equal: comparison(step, PlainFunctions.equal, IntLoops.equal)
        case .and: IntLoops.and(ints(step))
        case .or: IntLoops.or(ints(step))
        case .not: IntLoops.not(ints(step))
        case .select:
            switch step.bank {
            case .reals: select(step, real(step.result), real(step.b), real(step.c))
            case .ints: select(step, int(step.result), int(step.b), int(step.c))
            }
        case .toReal:
            switch step.bank {
            case .reals: unary(step, real(step.result), real(step.a), PlainFunctions.same)
            case .ints: unary(step, real(step.result), int(step.a), PlainFunctions.toReal)
            }
        case .toInt:
            switch step.bank {
            case .reals: RealLoops.toInt(unaryOperands(step, int(step.result), real(step.a)))
            case .ints: IntLoops.copy(ints(step))
            }
        }
    }
}

// MARK: Shapes of loops

extension BlockFrame {
    @inline(__always) private func realUnary(_ step: MapStep, _ function: (Real) -> Real) {
        unary(step, real(step.result), real(step.a), function)
    }

    private func reals(_ step: MapStep) -> UnaryOperands<Real, Real> {
        unaryOperands(step, real(step.result), real(step.a))
    }

    @inline(__always) private func realBinary(_ step: MapStep, _ function: (Real, Real) -> Real) {
        operands(step, real(step.result), real(step.a), real(step.b)).forEachLane(function)
    }

    @inline(__always)
    private func arithmetic(_ step: MapStep, _ onReals: (Real, Real) -> Real, _ onInts: (IntLoops.Operands) -> Void) {
        switch step.bank {
        case .reals: realBinary(step, onReals)
        case .ints: onInts(ints(step))
        }
    }

    @inline(__always)
    private func comparison(_ step: MapStep, _ onReals: (Real, Real) -> Int32, _ onInts: (IntLoops.Operands) -> Void) {
        switch step.bank {
        case .reals: operands(step, int(step.result), real(step.a), real(step.b)).forEachLane(onReals)
        case .ints: onInts(ints(step))
        }
    }

    @inline(__always)
    private func unary<T, U>(
        _ step: MapStep, _ result: UnsafeMutablePointer<U>, _ a: UnsafeMutablePointer<T>, _ function: (T) -> U
    ) {
        unaryOperands(step, result, a).forEachLane(function)
    }

    @inline(__always)
    private func unaryOperands<T, U>(
        _ step: MapStep, _ result: UnsafeMutablePointer<U>, _ a: UnsafeMutablePointer<T>
    ) -> UnaryOperands<T, U> {
        UnaryOperands(result: result, a: a, count: count(step.result))
    }

    @inline(__always)
    private func operands<T, U>(
        _ step: MapStep, _ result: UnsafeMutablePointer<U>, _ a: UnsafeMutablePointer<T>, _ b: UnsafeMutablePointer<T>
    ) -> BinaryOperands<T, U> {
        BinaryOperands(
            result: result, a: a, b: b, aIsUniform: step.a.isUniform, bIsUniform: step.b.isUniform, count: count(step.result))
    }

    @inline(__always) private func ints(_ step: MapStep) -> IntLoops.Operands {
        operands(step, int(step.result), int(step.a), int(step.b))
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
