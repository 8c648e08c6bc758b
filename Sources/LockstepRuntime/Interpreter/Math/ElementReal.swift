/// The two precisions that the interpreter computes in.
package protocol ElementReal: BinaryFloatingPoint, SIMDScalar, Codable, Sendable {
    /// The same number in Double. (The generic `Double.init` is many times slower.)
    var wide: Double { get }
    /// A random word as a number strictly inside (0, 1), evenly spaced and symmetric about 1/2.
    static func uniform(_ word: UInt32) -> Self
    /// A random word as the argument of the logarithm in the Box-Muller transform: dense near 0, at most 1.
    static func radius(_ word: UInt32) -> Self
    /// A random word as a fraction of a whole turn, in [0, 1).
    static func turn(_ word: UInt32) -> Self

    // For loops over lanes: in Float vectorisable (see `LaneFunctions`), in Double the C library's.
    static func laneExp(_ x: Self) -> Self
    static func laneExpMinusOne(_ x: Self) -> Self
    static func laneLog(_ x: Self) -> Self
    static func laneLogOnePlus(_ x: Self) -> Self
    static func laneSigmoid(_ x: Self) -> Self
    static func laneSoftplus(_ x: Self) -> Self
    static func laneTanh(_ x: Self) -> Self
    /// Right for magnitudes up to `largestLaneAngle`; see `Lanes.sin`.
    static func laneSin(_ x: Self) -> Self
    static func laneCos(_ x: Self) -> Self
    static var largestLaneAngle: Self { get }
}

extension Float: ElementReal {
    @inline(__always) package var wide: Double { Double(self) }
    @inline(__always) package static func uniform(_ word: UInt32) -> Float { (Float(word >> 9) + 0.5) * 0x1p-23 }
    @inline(__always) package static func radius(_ word: UInt32) -> Float { Float(word) * 0x1p-32 + 0x1p-33 }
    @inline(__always) package static func turn(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-24 }
}

extension Double: ElementReal {
    @inline(__always) package var wide: Double { self }
    @inline(__always) package static func uniform(_ word: UInt32) -> Double { (Double(word) + 0.5) * 0x1p-32 }
    @inline(__always) package static func radius(_ word: UInt32) -> Double { Double(word) * 0x1p-32 + 0x1p-33 }
    @inline(__always) package static func turn(_ word: UInt32) -> Double { Double(word) * 0x1p-32 }
}
