import Testing

@testable import LockstepRuntime

/// Launches of bounded time, by a clock that steps of a known length move.
@Suite struct LaunchPaceTests {
    private struct Launch: Equatable {
        let items: Int
        let steps: Int
        let seconds: Double
    }

    /// The launches of a run.
    ///
    /// - Parameter stepSeconds: what a step of all items takes on a device that works on `parallel` of them at a time.
    private func launches(
        stepSeconds: Double, items: Int, unit: Int = 1, fewest: Int = 1, parallel: Int = 1, steps: Int, overhead: Double = 1e-5
    ) -> [Launch] {
        var pace = LaunchPace(seconds: LaunchPace.usualSeconds, items: items, unit: unit, fewest: fewest)
        var launches: [Launch] = []
        var done = 0
        while done < steps {
            let count = min(pace.steps, steps - done)
            var next = 0
            while next < items {
                let some = min(pace.launchItems, items - next)
                let turns = (Double(some) / Double(parallel)).rounded(.up) / (Double(items) / Double(parallel)).rounded(.up)
                let seconds = overhead + stepSeconds * Double(count) * turns
                launches.append(Launch(items: some, steps: count, seconds: seconds))
                pace.took(seconds, items: some, steps: count)
                next += some
            }
            done += count
        }
        return launches
    }

    /// From a microsecond to a minute, of a few or of many items: no launch is longer than 0.3 s.
    @Test(arguments: [1e-6, 1e-4, 1e-2, 0.05, 0.19, 0.25, 1, 10, 60])
    func noLaunchIsLong(_ stepSeconds: Double) {
        for (items, unit, fewest, parallel) in [(4096, 1, 2, 2), (65_536, 64, 33_792, 33_792), (262_144, 64, 33_792, 8448), (1024, 16, 512, 64)] {
            let steps = stepSeconds < 1 ? Int(min(20 / stepSeconds, 1e5)) : 3
            let launches = launches(stepSeconds: stepSeconds, items: items, unit: unit, fewest: fewest, parallel: parallel, steps: steps)
            // What keeps the device busy cannot be less.
            let shortest = stepSeconds * Double(fewest) / Double(items)
            #expect(launches.allSatisfy { $0.seconds < max(0.3, shortest * 1.01 + 1e-4) }, "\(stepSeconds) s, \(items) items")
            #expect(launches.reduce(0) { $0 + $1.items * $1.steps } == items * steps)
            #expect(launches.allSatisfy { $0.steps == 1 || $0.items == items })
        }
    }

    /// Short steps soon fill launches, so that launching costs nothing.
    @Test func launchesGrowToTheirTime() {
        let sizes = launches(stepSeconds: 1e-3, items: 64, fewest: 64, parallel: 64, steps: 1000).map(\.steps)
        #expect(sizes[0] == 1 && sizes[1] == 8 && sizes[2] == 64)
        #expect(sizes.dropFirst(3).dropLast().allSatisfy { (190...200).contains($0) })
        let total = launches(stepSeconds: 1e-6, items: 64, fewest: 64, parallel: 64, steps: 1_000_000)
        #expect(total.count < 30)
    }

    /// A step that is longer than a launch should be is done in turns, of whole groups.
    @Test func longStepsAreDoneInTurns() {
        let launches = launches(stepSeconds: 5, items: 4096, unit: 64, fewest: 64, parallel: 64, steps: 2)
        #expect(launches[0] == Launch(items: 64, steps: 1, seconds: 1e-5 + 5.0 / 64))
        #expect(launches.allSatisfy { $0.items % 64 == 0 })
        #expect(launches.count < 2 * 4096 / 64)
    }

    /// A launch that was cut short does not tell that a longer one takes no time.
    @Test func aShortLaunchLengthensNothing() {
        var pace = LaunchPace(seconds: 1, items: 8, fewest: 8)
        pace.took(1e-3, items: 8, steps: 1)
        #expect(pace.steps == 8)
        pace.took(1e-9, items: 8, steps: 1)
        #expect(pace.steps == 8)
        pace.took(10, items: 8, steps: 1)
        #expect(pace.launchItems == 1 && pace.steps == 1)
    }
}
