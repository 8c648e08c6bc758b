/// The two precisions that the interpreter computes in.
package protocol ElementReal: BinaryFloatingPoint, SIMDScalar, Codable, Sendable {
    /// The same number in Double. (The generic `Double.init` is many times slower.)
    var wide: Double { get }
    /// A random word as a number strictly inside (0, 1), evenly spaced and symmetric about 1/2.
    static func uniform(_ word: UInt32) -> Self
    /// Two standard normals from two words.
    static func normalPair(_ first: UInt32, _ second: UInt32) -> (Self, Self)
}

extension Float: ElementReal {
    @inline(__always) package var wide: Double { Double(self) }
    @inline(__always) package static func uniform(_ word: UInt32) -> Float { (Float(word >> 9) + 0.5) * 0x1p-23 }
}

extension Double: ElementReal {
    @inline(__always) package var wide: Double { self }
    @inline(__always) package static func uniform(_ word: UInt32) -> Double { (Double(word) + 0.5) * 0x1p-32 }
}
