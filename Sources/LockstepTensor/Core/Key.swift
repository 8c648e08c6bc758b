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
