extension Float {
    @inline(__always) package static func laneExp(_ x: Float) -> Float { LaneFunctions.exp(x) }
    @inline(__always) package static func laneExpMinusOne(_ x: Float) -> Float { LaneFunctions.expMinusOne(x) }
    @inline(__always) package static func laneLog(_ x: Float) -> Float { LaneFunctions.log(x) }
    @inline(__always) package static func laneLogOnePlus(_ x: Float) -> Float { LaneFunctions.logOnePlus(x) }
    @inline(__always) package static func laneSigmoid(_ x: Float) -> Float { LaneFunctions.sigmoid(x) }
    @inline(__always) package static func laneSoftplus(_ x: Float) -> Float { LaneFunctions.softplus(x) }
    @inline(__always) package static func laneTanh(_ x: Float) -> Float { LaneFunctions.tanh(x) }
    @inline(__always) package static func laneSin(_ x: Float) -> Float { LaneFunctions.sin(x) }
    @inline(__always) package static func laneCos(_ x: Float) -> Float { LaneFunctions.cos(x) }
    @inline(__always) package static var largestLaneAngle: Float { LaneFunctions.largestAngle }
}

extension Double {
    @inline(__always) package static func laneExp(_ x: Double) -> Double { ElementFunctions.exp(x) }
    @inline(__always) package static func laneExpMinusOne(_ x: Double) -> Double { ElementFunctions.expMinusOne(x) }
    @inline(__always) package static func laneLog(_ x: Double) -> Double { ElementFunctions.log(x) }
    @inline(__always) package static func laneLogOnePlus(_ x: Double) -> Double { ElementFunctions.logOnePlus(x) }
    @inline(__always) package static func laneSigmoid(_ x: Double) -> Double { ElementFunctions.sigmoid(x) }
    @inline(__always) package static func laneSoftplus(_ x: Double) -> Double { ElementFunctions.softplus(x) }
    @inline(__always) package static func laneTanh(_ x: Double) -> Double { ElementFunctions.tanh(x) }
    @inline(__always) package static func laneSin(_ x: Double) -> Double { ElementFunctions.sin(x) }
    @inline(__always) package static func laneCos(_ x: Double) -> Double { ElementFunctions.cos(x) }
    @inline(__always) package static var largestLaneAngle: Double { .infinity }
}

/// Whole blocks of lanes, for the functions that one straight line cannot cover.
package enum Lanes {
    /// The sine of each lane. Lanes past the largest angle are computed again, each on its own: what a lane gets
    /// does not depend on the others.
    package static func sin<R: ElementReal>(_ x: UnsafeBufferPointer<R>, into result: UnsafeMutableBufferPointer<R>) {
        for i in x.indices { result[i] = R.laneSin(x[i]) }
        for i in x.indices where !(x[i].magnitude <= R.largestLaneAngle) { result[i] = ElementFunctions.sin(x[i]) }
    }

    package static func cos<R: ElementReal>(_ x: UnsafeBufferPointer<R>, into result: UnsafeMutableBufferPointer<R>) {
        for i in x.indices { result[i] = R.laneCos(x[i]) }
        for i in x.indices where !(x[i].magnitude <= R.largestLaneAngle) { result[i] = ElementFunctions.cos(x[i]) }
    }
}
