/// Numbers in [0, 1) by their place in a stream, the same on every machine: no file of data has to be kept, and the
/// peers, which have this function too (`peers/generated_data.py`), see the same data to the last bit.
struct HashedNumbers: Sendable {
    private let seed: UInt64

    /// - Parameter stream: streams of other numbers are independent.
    init(stream: Int) { seed = Self.mixed(UInt64(truncatingIfNeeded: stream)) }

    /// The output function of splitmix64.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var bits = value &+ 0x9E37_79B9_7F4A_7C15
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// The number at a place. 53 bits, so that the conversion is exact.
    func uniform(_ place: Int) -> Double {
        let state = seed &+ UInt64(truncatingIfNeeded: place) &* 0x9E37_79B9_7F4A_7C15
        return Double(Self.mixed(state) >> 11) * 0x1p-53
    }

    /// A number with mean 0 and standard deviation 1, flat.
    func flat(_ place: Int) -> Double { (uniform(place) - 0.5) * 3.4641016151377544 }

    /// A number with mean 0 and standard deviation 1, nearly normal: a sum of four, which needs no function that
    /// rounds differently elsewhere.
    func noise(_ place: Int) -> Double {
        let sum = uniform(4 * place) + uniform(4 * place + 1) + uniform(4 * place + 2) + uniform(4 * place + 3)
        return (sum - 2) * 1.7320508075688772
    }
}
