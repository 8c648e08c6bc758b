/// The key of a lane. All draws of the lane are functions of it.
public struct Key: Hashable, Sendable {
    package let low: UInt32
    package let high: UInt32

    package init(low: UInt32, high: UInt32) {
        self.low = low
        self.high = high
    }

    /// A key from a seed.
    public init(_ seed: UInt64) {
        self.init(low: UInt32(truncatingIfNeeded: seed), high: UInt32(truncatingIfNeeded: seed >> 32))
    }
}

extension Key {
    /// The most children that `split` gives.
    public static let mostChildren = 1 << 24

    /// Child keys. Child k is a function of this key and of k alone, whatever `count` is.
    ///
    /// - Returns: no key at all for more than `mostChildren`, which is as good as none: fewer lanes than were asked for
    ///   would be a wrong answer.
    public func split(_ count: Int) -> [Key] { (0...Self.mostChildren).contains(count) ? (0..<count).map(fold) : [] }

    /// The child key of a number.
    public func fold(_ number: Int) -> Key {
        let n = UInt64(bitPattern: Int64(number))
        // The last word keeps children apart from draws, whose element counters are small.
        let counter = SIMD4(UInt32(truncatingIfNeeded: n), UInt32(truncatingIfNeeded: n >> 32), 0x6C6F_636B, 0xFFFF_FFFF)
        let words = Philox.block(counter, key: SIMD2(low, high))
        return Key(low: words[0], high: words[1])
    }

    /// A key of two: the other one enters a bijection that this one chooses, so that neither can undo the other.
    package func mixed(with other: Key) -> Key {
        // A last word but one of its own keeps it apart from children.
        let words = Philox.block(SIMD4(other.low, other.high, 0x6D69_7865, 0xFFFF_FFFF), key: SIMD2(low, high))
        return Key(low: words[0], high: words[1])
    }
}
