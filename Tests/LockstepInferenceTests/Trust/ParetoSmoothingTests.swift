import Foundation
import LockstepTensor
import TestSupport
import Testing

@testable import LockstepInference

/// A case of `Tests/Goldens/pareto.json`, which the script next to it writes by ArviZ: its weights are made here again.
struct ParetoCase: Sendable, CustomTestStringConvertible {
    let kind: String
    let size: Double
    let logWeights: [Double]
    let shape, effective: Double
    let largest: [Double]

    var testDescription: String { "\(kind) \(size), \(logWeights.count) weights" }

    static func goldens() throws -> JSONValue { try JSONValue.read(Folders.goldens.appendingPathComponent("pareto.json")) }
    static func all() throws -> [ParetoCase] { try goldens()["cases"].elements.map(ParetoCase.init) }

    private init(_ row: JSONValue) {
        (kind, size, shape) = (row["kind"].text, row["size"].number, row["shape"].number)
        (effective, largest) = (row["effective"].number, row["largest"].numbers)
        logWeights = Self.logWeights(kind, size, UInt32(row["seed"].number), Int(row["count"].number))
    }

    private static func logWeights(_ kind: String, _ size: Double, _ seed: UInt32, _ count: Int) -> [Double] {
        var state = seed
        let u = (0..<(2 * count)).map { _ in
            state = 1_664_525 &* state &+ 1_013_904_223
            return (Double(state) + 0.5) * 0x1p-32
        }
        return (0..<count).map { number -> Double in
            let (first, second) = (u[number], u[count + number])
            let normal = (-2 * log(first)).squareRoot() * cos(2 * Double.pi * second)
            return switch kind {
            case "pareto": -size * log(first)
            case "normal": size * normal
            case "exponential": log(-size * log(first))
            case "bounded": size * log(first)
            case "square": size * normal * normal
            case "rounded": (size * normal).rounded(.toNearestOrEven) / size
            case "missing": second < size ? -.infinity : normal
            default: .nan
            }
        }
    }
}

@Suite struct ParetoSmoothingTests {
    @Test func agreesWithArviZ() throws {
        let cases = try ParetoCase.all()
        #expect(cases.count >= 20)
        for found in cases {
            let smoothing = ParetoSmoothing(found.logWeights)
            #expect(abs(smoothing.shape - found.shape) < 1e-8, "\(found.testDescription): \(smoothing.shape), ArviZ \(found.shape)")
            #expect(abs(smoothing.effectiveSampleSize / found.effective - 1) < 1e-8, "\(found.testDescription)")
            let largest = smoothing.logWeights.sorted(by: >).prefix(10)
            #expect(zip(largest, found.largest).allSatisfy { abs($0 - $1) < 1e-8 }, "\(found.testDescription)")
            #expect(abs(smoothing.logWeights.reduce(0) { $0 + exp($1) } - 1) < 1e-12 && smoothing.undefinedDraws == 0)
            // Each draw keeps its place: what is not in the tail keeps its order, and the tail stays above it.
            let order = found.logWeights.indices.sorted { found.logWeights[$0] < found.logWeights[$1] }
            #expect(zip(order, order.dropFirst()).allSatisfy { smoothing.logWeights[$0] <= smoothing.logWeights[$1] + 1e-9 })
        }
    }

    /// A constant that is added to all changes nothing.
    @Test func onlyDifferencesCount() throws {
        for found in try ParetoCase.all().prefix(8) {
            let (plain, moved) = (ParetoSmoothing(found.logWeights), ParetoSmoothing(found.logWeights.map { $0 - 4096 }))
            #expect(abs(plain.shape - moved.shape) < 1e-6)
            #expect(zip(plain.logWeights, moved.logWeights).allSatisfy { abs($0 - $1) < 1e-6 })
        }
    }

    @Test func equalWeightsHaveNoTail() {
        for weight in [0, 3, -1e300, 1e-300] {
            let smoothing = ParetoSmoothing(Array(repeating: weight, count: 100))
            #expect(smoothing.shape == -.infinity && abs(smoothing.effectiveSampleSize - 100) < 1e-9)
            #expect(smoothing.logWeights.allSatisfy { abs($0 + log(100)) < 1e-12 })
        }
        // More of the largest than a tail has.
        #expect(ParetoSmoothing((0..<100).map { $0 % 2 == 0 ? 0 : 1 }).shape == -.infinity)
        let noisy = (0..<100).map { 1e-4 * sin(Double($0)) }
        #expect(ParetoSmoothing(noisy).shape.isFinite)
        #expect(ParetoSmoothing(noisy, rounding: 1e-3).shape == -.infinity)
        // What is larger than rounding is not rounding.
        let heavy = (1...1000).map { -0.9 * log((Double($0) - 0.5) / 1000) }
        #expect(abs(ParetoSmoothing(heavy).shape - ParetoSmoothing(heavy, rounding: 1e-3).shape) == 0)
    }

    @Test func weightsThatAreNoneHaveNoShape() {
        for count in [0, 1, 4, 20] {
            let few = ParetoSmoothing((0..<count).map { Double($0) })
            #expect(few.shape.isNaN && few.logWeights.count == count)
        }
        for weight in [Double.nan, -.infinity, .infinity] {
            let none = ParetoSmoothing(Array(repeating: weight, count: 100))
            #expect(none.shape.isNaN && none.effectiveSampleSize == 0 && none.logWeights.allSatisfy(\.isNaN))
            #expect(none.undefinedDraws == (weight == -.infinity ? 0 : 100))
        }
        // Some are none: they get no weight, and the others are as if they were not.
        let good = (0..<200).map { sin(Double($0)) }
        let (alone, mixed) = (ParetoSmoothing(good), ParetoSmoothing(good + [.nan, .infinity]))
        #expect(mixed.shape == alone.shape && mixed.undefinedDraws == 2)
        #expect(mixed.logWeights.suffix(2) == [-.infinity, -.infinity] && Array(mixed.logWeights.prefix(200)) == alone.logWeights)
    }

    @Test func extremeWeightsAreHeavy() {
        for step in [1e3, 1e100, 1e305] {
            let smoothing = ParetoSmoothing((0..<100).map { Double($0) * step })
            #expect(smoothing.shape > 1 && abs(smoothing.effectiveSampleSize - 1) < 1e-6, "\(step): \(smoothing.shape)")
        }
        // Four that stand out make no tail.
        #expect(ParetoSmoothing((0..<100).map { $0 < 96 ? 0 : Double($0) }).shape == .infinity)
    }

    /// A draw of weight w is chosen n w times, rounded up or down.
    @Test func resamplingFollowsWeights() throws {
        #expect(SystematicResampling.places([log(0.5), log(0.25), log(0.25)], count: 4, offset: 0.3) == [0, 0, 1, 2])
        #expect(SystematicResampling.places([.nan, .nan], count: 4, offset: 0.3).isEmpty)
        #expect(SystematicResampling.places([], count: 4, offset: 0.3).isEmpty)
        #expect(SystematicResampling.places([-.infinity, 0, -.infinity], count: 3, offset: 0.999_999) == [1, 1, 1])
        for found in try ParetoCase.all() {
            let weights = ParetoSmoothing(found.logWeights).logWeights
            for (number, key) in Key(5).split(3).enumerated() {
                let count = [found.logWeights.count, 77, 4000][number]
                let places = SystematicResampling.places(weights, count: count, offset: SystematicResampling.offset(key))
                #expect(places.count == count)
                var times = Array(repeating: 0, count: weights.count)
                for place in places { times[place] += 1 }
                #expect(zip(times, weights).allSatisfy { abs(Double($0) - Double(count) * exp($1)) < 1 + 1e-9 }, "\(found.testDescription)")
            }
        }
        let offsets = Key(6).split(1000).map(SystematicResampling.offset)
        #expect(Set(offsets).count == 1000 && offsets.allSatisfy { $0 > 0 && $0 < 1 })
        // Of a uniform variate, within four standard errors.
        let limit = 4 / 12000.0.squareRoot()
        #expect(abs(Statistics.mean(offsets) - 0.5) < limit)
    }
}
