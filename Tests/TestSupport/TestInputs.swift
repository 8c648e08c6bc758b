import LockstepTensor

extension Tensor {
    /// A named input for tests.
    package static func named(_ name: String, _ shape: Shape = [], _ dtype: DType = .real) -> Tensor {
        .input(Input(.state, name, origin: Origin()), shape: shape, dtype: dtype)
    }

    /// A scalar in which every element counts with a weight of its own, so that no mistake cancels.
    package var weightedSum: Tensor {
        let weights: [Double] = (0..<count).map { i in
            let size = 0.3 + Double((i * 7) % 11) * 0.1
            return i % 3 == 1 ? -size : size
        }
        return (self * Tensor(weights, shape: shape)).sum()
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers on every run.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
