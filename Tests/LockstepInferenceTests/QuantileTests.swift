import Testing
@testable import LockstepInference

@Suite struct QuantileTests {
    @Test func quantilesInterpolate() {
        #expect(PosteriorQuery.quantile([1, 2, 3, 4], 0.5) == 2.5)
        #expect(PosteriorQuery.quantile([1, 2, 3, 4], 0.25) == 1.75)
    }
}
