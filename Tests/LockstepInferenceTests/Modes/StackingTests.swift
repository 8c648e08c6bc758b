import Foundation
import Lockstep
import Testing

@testable import LockstepInference

@Suite struct StackingTests {
    private func numbers(_ modes: Int, _ observations: Int, scale: Double, seed: UInt64) -> [[Double]] {
        (0..<modes).map { mode in
            (0..<observations).map { (Double(Key(seed).fold(mode * observations + $0).low) * 0x1p-32 - 0.5) * scale }
        }
    }

    private func objective(_ logDensities: [[Double]], _ weights: [Double]) -> Double {
        logDensities[0].indices.reduce(0) { sum, place in
            sum + log(zip(weights, logDensities).reduce(0) { $0 + $1.0 * exp($1.1[place]) })
        }
    }

    /// By a search along the line between the two modes.
    @Test(arguments: [0.5, 3, 12], 1...4 as ClosedRange<UInt64>) func twoModesAgreeWithASearch(_ scale: Double, _ seed: UInt64) throws {
        let densities = numbers(2, 40, scale: scale, seed: seed)
        var (low, high) = (0.0, 1.0)
        for _ in 0..<200 {
            let (left, right) = (low + (high - low) / 3, high - (high - low) / 3)
            if objective(densities, [left, 1 - left]) < objective(densities, [right, 1 - right]) { low = left } else { high = right }
        }
        let found = try StackingWeights.weights(densities)
        #expect(abs(found[0] - low) < 1e-4 && abs(found[0] + found[1] - 1) < 1e-12)
        #expect(objective(densities, found) >= objective(densities, [low, 1 - low]) - 40e-9)
    }

    /// No point of a fine grid over three weights is better, and the best of them is near.
    @Test(arguments: [1.0, 4, 9]) func threeModesAgreeWithAGrid(_ scale: Double) throws {
        let densities = numbers(3, 25, scale: scale, seed: 9)
        let found = try StackingWeights.weights(densities)
        var best = (-Double.infinity, [Double]())
        for first in 0...100 {
            for second in 0...(100 - first) {
                let weights = [first, second, 100 - first - second].map { Double($0) / 100 }
                let value = objective(densities, weights)
                if value > best.0 { best = (value, weights) }
            }
        }
        #expect(objective(densities, found) >= best.0 - 1e-7)
        #expect(objective(densities, found) - best.0 < 0.1 && zip(found, best.1).allSatisfy { abs($0 - $1) < 0.06 })
    }

    /// Observations that only one mode can have give it their share.
    @Test func impossibleObservationsDecide() throws {
        let none = -Double.infinity
        let found = try StackingWeights.weights([[-1000, none, none, none], [none, -3, 5, none]])
        #expect(abs(found[0] - 1.0 / 3) < 1e-8 && abs(found[1] - 2.0 / 3) < 1e-8)
        // A mode that is never better has no weight, and many of them do no harm.
        let many = try StackingWeights.weights([[0, 0, 0]] + Array(repeating: [-1, -0.5, -900], count: 30))
        #expect(many[0] > 1 - 1e-8 && many.dropFirst().allSatisfy { $0 < 1e-8 })
        #expect(try StackingWeights.weights([[none], [none]]) == [0.5, 0.5])
        #expect(try StackingWeights.weights([[], [], [], []]) == [0.25, 0.25, 0.25, 0.25])
        #expect(try StackingWeights.weights([[-3, none]]) == [1])
    }

    /// Where the derivative to a weight is 1 if it is above 0, and not more if it is 0, nothing is better.
    @Test func manyModesMeetTheConditions() throws {
        let densities = numbers(40, 300, scale: 3, seed: 2)
        let found = try StackingWeights.weights(densities)
        let mixture = densities[0].indices.map { place in zip(found, densities).reduce(0) { $0 + $1.0 * exp($1.1[place]) } }
        for (weight, row) in zip(found, densities) {
            let slope = zip(row, mixture).reduce(0) { $0 + exp($1.0) / $1.1 } / 300
            #expect(slope <= 1 + 1e-8 && (weight < 1e-6 || slope > 1 - 1e-3))
        }
        #expect(abs(found.reduce(0, +) - 1) < 1e-12 && found.allSatisfy { $0 >= 0 })
    }

    @Test func mistakesAreNamed() {
        #expect(errorText { _ = try StackingWeights.weights([]) } == "there are no modes to weigh")
        #expect(
            errorText { _ = try StackingWeights.weights([[1, 2], [1]]) }
                == "mode 1 has 1 log densities and mode 0 has 2; give as many for each")
        for bad in [Double.nan, .infinity] {
            #expect(
                errorText { _ = try StackingWeights.weights([[1, 2], [1, bad]]) }
                    == "the log density of observation 1 under mode 1 is \(bad); give a number or -infinity")
        }
    }
}
