import Testing

@testable import LockstepRuntime

/// Launches of bounded time.
@Suite struct LaunchPaceTests {
    @Test func growsByFoursToItsTime() {
        var pace = LaunchPace(seconds: 1)
        var sizes: [Int] = []
        for _ in 0..<5 {
            sizes.append(pace.steps)
            pace.took(Double(pace.steps) * 1e-3, for: pace.steps)
        }
        #expect(sizes == [32, 128, 512, 1000, 1000])
    }

    /// The trial of a start is one step: where that is long, the first launch is short.
    @Test func aLongStepShortensTheNextLaunch() {
        var pace = LaunchPace(seconds: 1)
        pace.took(0.25, for: 1)
        #expect(pace.steps == 4)
        pace.took(10, for: 4)
        #expect(pace.steps == 1)
    }

    @Test func aShortOneDoesNotLengthenIt() {
        var pace = LaunchPace(seconds: 1)
        pace.took(1e-9, for: 1)
        #expect(pace.steps == 32)
        pace.took(0, for: 32)
        #expect(pace.steps == 128)
    }
}
