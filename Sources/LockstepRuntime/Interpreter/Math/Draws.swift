import CLanes
import LockstepTensor
import RealModule

/// The draws of one lane for one random node: pure functions of the counter.
///
/// Counter words: stream, step, particle, element / 4; element e takes number e % 4 of its block. A site of one element
/// has a block for four steps: its counter is step / 4, and a step takes number step % 4. The rejection
/// samplers use a block of their own for each attempt t: particle | (t + 1) << 20 in place of the particle (so
/// there may be 2^20 particles), and the whole element number.
package struct Draws<Real: ElementReal>: Sendable {
    package let key: SIMD2<UInt32>
    package let stream: UInt32
    package let step: UInt32
    package let particle: UInt32

    package init(key: SIMD2<UInt32>, stream: UInt32, step: UInt32, particle: UInt32) {
        self.key = key
        self.stream = stream
        self.step = step
        self.particle = particle
    }

    /// The words that elements 4 `index` ... 4 `index` + 3 share.
    package func words(block index: UInt32) -> SIMD4<UInt32> {
        Philox.block(SIMD4(stream, step, particle, index), key: key)
    }

    /// The words of one attempt of a rejection sampler.
    package func words(attempt: UInt32, element: UInt32) -> SIMD4<UInt32> {
        Philox.block(SIMD4(stream, step, particle | (attempt &+ 1) << 20, element), key: key)
    }

    /// Inside (0, 1).
    package func uniform(element: UInt32) -> Real {
        Real.uniform(words(block: element / 4)[Int(element % 4)])
    }

    /// Standard normal.
    package func normal(element: UInt32) -> Real {
        Self.normals(words(block: element / 4))[Int(element % 4)]
    }

    /// Four standard normals from four words.
    package static func normals(_ words: SIMD4<UInt32>) -> SIMD4<Real> {
        let a = Real.normalPair(words[0], words[1])
        let b = Real.normalPair(words[2], words[3])
        return SIMD4(a.0, a.1, b.0, b.1)
    }
}

// Box and Muller 1958, "A note on the generation of random normal deviates": (r cos, r sin).

extension Float {
    package static func normalPair(_ first: UInt32, _ second: UInt32) -> (Float, Float) {
        var a: Float = 0, b: Float = 0
        lockstep_lanes_normal_pair(first, second, &a, &b)
        return (a, b)
    }
}

extension Double {
    package static func normalPair(_ first: UInt32, _ second: UInt32) -> (Double, Double) {
        let radius = (-2 * Double.log(Double(first) * 0x1p-32 + 0x1p-33)).squareRoot()
        // The angle in quarter turns, split exactly into a whole number and a rest in [-1/2, 1/2].
        let quarters = Double(second) * 0x1p-30
        let whole = quarters.rounded(.toNearestOrEven)
        let angle = (quarters - whole) * (.pi / 2)
        let c = Double.cos(angle), s = Double.sin(angle)
        let (cosine, sine) =
            switch Int(whole) & 3 {
            case 0: (c, s)
            case 1: (-s, c)
            case 2: (-c, -s)
            default: (s, -c)
            }
        return (radius * cosine, radius * sine)
    }
}
