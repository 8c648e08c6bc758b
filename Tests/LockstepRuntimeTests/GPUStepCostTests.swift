import Foundation
import LockstepCompiler
import TestSupport
import Testing

@testable import LockstepRuntime

/// What the rule for GPUs thinks of kernels that were timed on one: `gpu_timings.json`.
@Suite struct GPUStepCostTests {
    struct Timings: Decodable {
        struct Timing: Decodable {
            let `case`: String
            let schedule: String
            let lanes: Int
            /// Lane-steps a second.
            let rate: Double
        }

        let origin: String
        let clock: Double
        let units: Int
        let cases: [String: StepWork]
        let timings: [Timing]

        static func read() throws -> Timings {
            try JSONDecoder().decode(Timings.self, from: Data(contentsOf: Repository.tests.appendingPathComponent("Goldens/gpu_timings.json")))
        }

        func question(_ name: String, lanes: Int) throws -> GPUQuestion {
            GPUQuestion(
                computeUnits: units, maxGroupSize: 1024, traits: GPUVendor.nvidia.traits, lanes: lanes, work: try #require(cases[name]))
        }

        func predicted(_ timing: Timing) throws -> Double {
            let schedule = try #require(Schedule(timing.schedule))
            let cost = GPUStepCost(try question(timing.case, lanes: timing.lanes))
            return Double(timing.lanes) * clock / cost.clocks(schedule)
        }

        /// Schedules of one case that were timed with the same number of lanes, or nearly so: a few rates of one wave, or of
        /// whole groups on each unit.
        func rivals() -> [[Timing]] {
            var result: [[Timing]] = []
            for timing in timings {
                if let place = result.firstIndex(where: {
                    $0[0].case == timing.case && abs(Double($0[0].lanes) / Double(timing.lanes) - 1) < 0.035
                        && !$0.map(\.schedule).contains(timing.schedule)
                }) {
                    result[place].append(timing)
                } else {
                    result.append([timing])
                }
            }
            return result.filter { $0.count > 1 }
        }
    }

    @Test func ratesAreAboutWhatWasMeasured() throws {
        let timings = try Timings.read()
        #expect(timings.timings.count == 76)
        var squares: [Double] = []
        for timing in timings.timings {
            let ratio = try timings.predicted(timing) / timing.rate
            squares.append(log(ratio) * log(ratio))
            // Farthest off: schedule A where data of lanes just overflow the cache, as all of them fall out of it at once.
            #expect(ratio < 2.8 && ratio > 1 / 2.8, "\(timing.case), \(timing.lanes) lanes, \(timing.schedule): \(ratio)")
        }
        let typical = exp((squares.reduce(0, +) / Double(squares.count)).squareRoot())
        print("The rates of \(squares.count) timings, predicted: right within a factor of \(typical)")
        #expect(typical < 1.4)
    }

    /// Of the schedules that were timed beside each other, the cheapest by the rule's cost is the best, or 4 % behind it; in one
    /// case 11 %.
    @Test func theBestOfThoseMeasuredIsFound() throws {
        let timings = try Timings.read()
        let rivals = timings.rivals()
        #expect(rivals.count == 13)
        var shares: [Double] = []
        for schedules in rivals {
            let best = try #require(schedules.map(\.rate).max())
            let found = try #require(try schedules.max { try timings.predicted($0) < timings.predicted($1) })
            shares.append(found.rate / best)
            print("\(found.case), \(found.lanes) lanes: \(found.schedule) has \(found.rate / best) of the best of \(schedules.count)")
        }
        print("\(shares.count { $0 >= 0.8 }) of \(shares.count) are within 20 % of the best; the worst has \(shares.min() ?? 0)")
        #expect(shares.allSatisfy { $0 > 0.88 })
        #expect(shares.count { $0 > 0.95 } == 12)
    }

    /// What the rule takes, where that was timed; and where it was not, the cost is thought to be less than of all that were.
    @Test func theChoiceIsGood() throws {
        let timings = try Timings.read()
        for schedules in timings.rivals() {
            let best = try #require(schedules.max { $0.rate < $1.rate })
            let question = try timings.question(best.case, lanes: best.lanes)
            let choice = ScheduleRule.choose(.gpu(question))
            print("\(best.case), \(best.lanes) lanes: \(choice), best measured \(best.schedule)")
            if let measured = schedules.first(where: { Schedule($0.schedule) == choice }) {
                #expect(measured.rate > 0.88 * best.rate, "\(choice) instead of \(best.schedule)")
            } else {
                let cost = GPUStepCost(question)
                #expect(cost.clocks(choice) < cost.clocks(try #require(Schedule(best.schedule))), "\(choice) instead of \(best.schedule)")
            }
        }
    }

    /// A kernel made by hand, whose text ours is like: one lane of a group, arrays in registers; rates of an H100.
    @Test(arguments: [(256, 3.4e7), (1024, 3.8e7), (8192, 4.15e7)]) func arraysInRegisters(_ lanes: Int, _ rate: Double) throws {
        let work = try #require(try GPUChoiceTests.works().first { $0.name == "wide" }).works.shared
        let question = GPUQuestion(
            computeUnits: 132, maxGroupSize: 1024, traits: GPUVendor.nvidia.traits, lanes: lanes, work: work, localBytes: 48 << 10)
        let cost = GPUStepCost(question)
        #expect(ScheduleRule.choose(.gpu(question)) == .group(vectors: 1, workers: 256))
        #expect(cost.elementsOnChip(tile: 1, workers: 256) == 18_000 && cost.elementsOnChip(tile: 16, workers: 16) == 0)
        let ratio = Double(lanes) * 1.755e9 / cost.clocks(tile: 1, workers: 256) / rate
        print("\(lanes) lanes: \(ratio) of the rate by hand")
        #expect(ratio > 1 / 2.8 && ratio < 2.8)
    }

    /// Where nothing of a lane is in memory, the cache is of no concern, though groups take more of it than there is.
    @Test func whatIsOnTheChipNeedsNoCache() {
        var work = StepWork()
        (work.arrays, work.laneElements, work.sums, work.reductions, work.values) = ([SharedArray(64)], 64, 16, 1, 50)
        var row = StepWork.Amount()
        (row.operations, row.accesses, row.arrayAccesses) = (100, 3, 2)
        work.dealt = [StepWork.DealtLoop(iterations: 64, row)]
        func clocks(_ change: (inout GPUTraits) -> Void) -> Double {
            var traits = GPUVendor.intel.traits
            change(&traits)
            let question = GPUQuestion(computeUnits: 96, maxGroupSize: 512, traits: traits, lanes: 4096, work: work, localBytes: 48 << 10)
            return GPUStepCost(question).clocks(tile: 16, workers: 16)
        }
        #expect(clocks { $0.cacheBytes = 1 << 10 } == clocks { $0.cacheBytes = 1 << 30 })
    }

    /// What the measurements taught, whatever the constants are.
    @Test func lessonsOfTheMeasurements() throws {
        let timings = try Timings.read()
        func choice(_ name: String, _ lanes: Int) throws -> Schedule { ScheduleRule.choose(.gpu(try timings.question(name, lanes: lanes))) }
        #expect(try choice("wide", 8192) == .group(vectors: 32, workers: 8))
        #expect(try choice("wide", 16).localSize == 256)
        #expect(try choice("many-regressions", 32_768) == .group(vectors: 32, workers: 8))
        #expect(try choice("big-logistic", 1024) == .group(vectors: 32, workers: 8))
        for name in ["gmm", "poisson-glmm", "radon", "robust-regression"] {
            #expect(try choice(name, 2048) == .group(vectors: 16, workers: 16))
        }
        #expect(try choice("logistic", 2048) == .group(vectors: 16, workers: 8))
        for name in ["logistic", "gmm", "radon", "robust-regression"] { #expect(try choice(name, 65_536) == .lanes) }
        for lanes in [1, 16, 4096, 16_384, 1 << 20] { #expect(try choice("eight-schools", lanes) == .lanes) }
    }
}

extension GPUStepCost {
    func clocks(_ schedule: Schedule) -> Double {
        switch schedule {
        case .group(let vectors, let workers): clocks(tile: vectors, workers: workers)
        default: clocks(tile: ScheduleRule.leastGroup, workers: 1)
        }
    }
}

extension Schedule {
    /// Work-items of a group that shares lanes.
    var localSize: Int { if case .group(let vectors, let workers) = self { vectors * workers } else { 0 } }
}
