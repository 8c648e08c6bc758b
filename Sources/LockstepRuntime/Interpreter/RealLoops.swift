/// The common functions of reals, each in a function of its own and without closures, which is what
/// it takes to have them inlined and vectorised.
enum RealLoops {
    @inline(never) static func exp<R: ElementReal>(_ operands: UnaryOperands<R, R>) {
        for lane in 0..<operands.count { operands.result[lane] = R.laneExp(operands.a[lane]) }
    }

    @inline(never) static func expMinusOne<R: ElementReal>(_ operands: UnaryOperands<R, R>) {
        for lane in 0..<operands.count { operands.result[lane] = R.laneExpMinusOne(operands.a[lane]) }
    }

    @inline(never) static func log<R: ElementReal>(_ operands: UnaryOperands<R, R>) {
        for lane in 0..<operands.count { operands.result[lane] = R.laneLog(operands.a[lane]) }
    }

    @inline(never) static func logOnePlus<R: ElementReal>(_ operands: UnaryOperands<R, R>) {
        for lane in 0..<operands.count { operands.result[lane] = R.laneLogOnePlus(operands.a[lane]) }
    }

    @inline(never) static func sigmoid<R: ElementReal>(_ operands: UnaryOperands<R, R>) {
        for lane in 0..<operands.count { operands.result[lane] = R.laneSigmoid(operands.a[lane]) }
    }

    @inline(never) static func softplus<R: ElementReal>(_ operands: UnaryOperands<R, R>) {
        for lane in 0..<operands.count { operands.result[lane] = R.laneSoftplus(operands.a[lane]) }
    }

    @inline(never) static func tanh<R: ElementReal>(_ operands: UnaryOperands<R, R>) {
        for lane in 0..<operands.count { operands.result[lane] = R.laneTanh(operands.a[lane]) }
    }

    @inline(never) static func sin<R: ElementReal>(_ operands: UnaryOperands<R, R>) {
        Lanes.sin(operands.argument, into: operands.target)
    }

    @inline(never) static func cos<R: ElementReal>(_ operands: UnaryOperands<R, R>) {
        Lanes.cos(operands.argument, into: operands.target)
    }

    @inline(never) static func toInt<R: ElementReal>(_ operands: UnaryOperands<R, Int32>) {
        for lane in 0..<operands.count { operands.result[lane] = Int32(saturating: operands.a[lane].wide) }
    }
}

extension UnaryOperands {
    fileprivate var argument: UnsafeBufferPointer<T> { UnsafeBufferPointer(start: a, count: count) }
    fileprivate var target: UnsafeMutableBufferPointer<U> { UnsafeMutableBufferPointer(start: result, count: count) }
}
