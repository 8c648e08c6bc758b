import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// The layout of counters, and the distributions that come out, at fixed keys: nothing here is left to chance.
@Suite struct InterpreterMathDrawsTests {
    static let key = SIMD2<UInt32>(0x0123_4567, 0x89ab_cdef)
    static func draws<R: ElementReal>(_: R.Type) -> Draws<R> {
        Draws(key: key, stream: 7, step: 3, particle: 2)
    }

    // MARK: Layout

    @Test func elementsShareBlocksOfFour() {
        let draws = Self.draws(Double.self)
        for element in UInt32(0)..<12 {
            let words = Philox.block(SIMD4(7, 3, 2, element / 4), key: Self.key)
            #expect(draws.uniform(element: element) == (Double(words[Int(element % 4)]) + 0.5) * 0x1p-32)
            #expect(draws.normal(element: element) == Draws<Double>.normals(words)[Int(element % 4)])
        }
    }

    @Test func attemptsHaveBlocksOfTheirOwn() {
        let draws = Self.draws(Double.self)
        let words = Philox.block(SIMD4(7, 3, 2 | 5 << 20, 9), key: Self.key)
        #expect(draws.words(attempt: 4, element: 9) == words)
        // One uniform by inversion: word 0 of attempt 0.
        let first = Philox.block(SIMD4(7, 3, 2 | 1 << 20, 9), key: Self.key)
        let u = Double.uniform(first[0])
        let count = draws.poisson(0.5, element: 9)
        let e = ElementOp.exp.value(-0.5)
        #expect(count == (u <= e ? 0 : u <= e * 1.5 ? 1 : u <= e * 1.625 ? 2 : count))
    }

    @Test func uniformsStayInside() {
        #expect(Float.uniform(0) == 0x1p-24 && Float.uniform(.max) == 1 - 0x1p-24)
        #expect(Double.uniform(0) == 0x1p-33 && Double.uniform(.max) == 1 - 0x1p-33)
    }

    @Test func normalsAreFiniteAtTheEdges() {
        func check<R: ElementReal>(_: R.Type) {
            for first in [UInt32(0), 1, 0x7fff_ffff, .max] {
                for second in [UInt32(0), 0x2000_0000, 0x4000_0000, 0x8000_0000, 0xc000_0000, .max] {
                    let (a, b) = R.normalPair(first, second)
                    #expect(a.isFinite && b.isFinite && a.magnitude < 7 && b.magnitude < 7)
                }
            }
            // Quarter turns are exact.
            let (one, zero) = R.normalPair(1 << 16, 0)
            #expect(zero == 0 && one > 0)
            #expect(R.normalPair(1 << 16, 0x4000_0000) == (0, one))
            #expect(R.normalPair(1 << 16, 0x8000_0000) == (-one, 0))
            #expect(R.normalPair(1 << 16, 0xc000_0000) == (0, -one))
        }
        check(Float.self)
        check(Double.self)
    }

    @Test func everyPartOfTheCounterMatters() {
        var seen: Set<Double> = []
        for stream in UInt32(0)..<5 {
            for step in UInt32(0)..<5 {
                for particle in UInt32(0)..<5 {
                    for element in UInt32(0)..<5 {
                        let draws = Draws<Double>(key: Self.key, stream: stream, step: step, particle: particle)
                        seen.insert(draws.normal(element: element))
                    }
                }
            }
        }
        #expect(seen.count == 625)
        #expect(
            Draws<Double>(key: SIMD2(1, 2), stream: 0, step: 0, particle: 0).normal(element: 0)
                != Draws<Double>(key: SIMD2(2, 1), stream: 0, step: 0, particle: 0).normal(element: 0))
    }

    // MARK: Distributions

    static let count: UInt32 = 20_000

    /// Mean within four and variance within five of their standard errors.
    static func checkMoments(_ samples: [Double], mean: Double, variance: Double, kurtosis: Double) {
        let n = Double(samples.count)
        #expect((Statistics.mean(samples) - mean).magnitude < 4 * (variance / n).squareRoot())
        #expect((Statistics.variance(samples) - variance).magnitude < 5 * variance * ((kurtosis - 1) / n).squareRoot())
    }

    static func bothPrecisions(_ check: ([Double]) -> Void, _ float: (Draws<Float>, UInt32) -> Float, _ double: (Draws<Double>, UInt32) -> Double) {
        check((0..<count).map { Double(float(draws(Float.self), $0)) })
        check((0..<count).map { double(draws(Double.self), $0) })
    }

    @Test func uniform() {
        Self.bothPrecisions(
            { samples in
                Self.checkMoments(samples, mean: 0.5, variance: 1.0 / 12, kurtosis: 1.8)
                #expect(Statistics.kolmogorovSmirnov(samples) { $0 } < 1.95)
            }, { $0.uniform(element: $1) }, { $0.uniform(element: $1) })
    }

    @Test func normal() {
        Self.bothPrecisions(
            { samples in
                Self.checkMoments(samples, mean: 0, variance: 1, kurtosis: 3)
                #expect(Statistics.kolmogorovSmirnov(samples) { 0.5 * ElementOp.erfc.value(-$0 * 0.5.squareRoot()) } < 1.95)
                // Neighbours come from the same pair, and the same block.
                for lag in 1...4 {
                    let products = zip(samples, samples.dropFirst(lag)).map { $0 * $1 }
                    #expect(Statistics.mean(products).magnitude < 4 / Double(products.count).squareRoot())
                }
            }, { $0.normal(element: $1) }, { $0.normal(element: $1) })
    }

    /// The probability that a gamma variate is at most `x`, by its power series (DLMF 8.7.1).
    static func gammaProbability(_ a: Double, _ x: Double) -> Double {
        var term = 1.0, sum = 1.0, n = 0.0
        while term > sum * 1e-17 {
            n += 1
            term *= x / (a + n)
            sum += term
        }
        return sum * ElementOp.exp.value(a * ElementOp.log.value(x) - x - ElementOp.logGamma.value(a + 1))
    }

    @Test(arguments: [0.3, 0.9, 1, 2.5, 30])
    func gamma(_ alpha: Double) {
        Self.bothPrecisions(
            { samples in
                Self.checkMoments(samples, mean: alpha, variance: alpha, kurtosis: 3 + 6 / alpha)
                #expect(Statistics.kolmogorovSmirnov(samples) { Self.gammaProbability(alpha, $0) } < 1.95)
            }, { $0.gamma(Float(alpha), element: $1) }, { $0.gamma(alpha, element: $1) })
    }

    @Test func smallGammasAreClamped() {
        // With alpha = 0.01 a share (2^-126)^0.01 / Gamma(1.01) of all draws is below the smallest normal Float.
        let floats = (0..<Self.count).map { Self.draws(Float.self).gamma(0.01, element: $0) }
        let doubles = (0..<Self.count).map { Self.draws(Double.self).gamma(0.01, element: $0) }
        #expect(floats.allSatisfy { $0 >= .leastNormalMagnitude && $0.isFinite })
        #expect(doubles.allSatisfy { $0 >= .leastNormalMagnitude && $0.isFinite })
        let expected = Self.gammaProbability(0.01, 0x1p-126)
        let share = Double(floats.count { $0 == .leastNormalMagnitude }) / Double(Self.count)
        #expect((share - expected).magnitude < 4 * (expected * (1 - expected) / Double(Self.count)).squareRoot())
        #expect(Statistics.kolmogorovSmirnov(doubles, isDiscrete: true) { Self.gammaProbability(0.01, $0) } < 1.95)
    }

    @Test func largeGammas() {
        for alpha in [1e4, 1e9] {
            let samples = (0..<Self.count).map { Self.draws(Double.self).gamma(alpha, element: $0) }
            Self.checkMoments(samples, mean: alpha, variance: alpha, kurtosis: 3)
        }
    }

    @Test(arguments: [0.1, 3, 9.99, 10, 50, 400])
    func poisson(_ rate: Double) {
        var cumulative: [Double] = []
        var total = 0.0
        for k in 0..<1000 {
            let count = Double(k)
            total += ElementOp.exp.value(count * ElementOp.log.value(rate) - rate - ElementOp.logGamma.value(count + 1))
            cumulative.append(total)
        }
        Self.bothPrecisions(
            { samples in
                #expect(samples.allSatisfy { $0 >= 0 && $0 == $0.rounded() })
                Self.checkMoments(samples, mean: rate, variance: rate, kurtosis: 3 + 1 / rate)
                #expect(Statistics.kolmogorovSmirnov(samples, isDiscrete: true) { cumulative[Int($0)] } < 1.95)
            }, { $0.poisson(Float(rate), element: $1) }, { $0.poisson(rate, element: $1) })
    }

    @Test func poissonWithLargeRates() {
        for rate in [1e4, 1e7] {
            let samples = (0..<Self.count).map { Self.draws(Double.self).poisson(rate, element: $0) }
            Self.checkMoments(samples, mean: rate, variance: rate, kurtosis: 3)
        }
    }

    @Test func impossibleParameters() {
        let draws = Self.draws(Double.self)
        for alpha in [0, -1, .nan, .infinity] { #expect(draws.gamma(alpha, element: 0).isNaN) }
        for rate in [-1, .nan, .infinity] { #expect(draws.poisson(rate, element: 0).isNaN) }
        #expect(draws.poisson(0, element: 0) == 0)
    }
}
