import Testing

@testable import LockstepInference

@Suite struct QuantileTests {
    @Test func quantilesInterpolate() {
        #expect([1, 2, 3, 4].quantile(0.5) == 2.5)
        #expect([1, 2, 3, 4].quantile(0.25) == 1.75)
        #expect([7].quantile(0.9) == 7)
        #expect([].quantile(0.5).isNaN)
    }
}
