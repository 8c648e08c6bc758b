import Foundation
import LockstepCompiler
import TestSupport
import Testing

@testable import LockstepRuntime

/// What the rule takes for the benchmark's cases, from few lanes to many, on small and large GPUs of all makers.
/// `LOCKSTEP_RECORD=1` writes `gpu_schedules.txt` anew; the counts of the cases are recorded where those are at hand.
@Suite struct GPUChoiceTests {
    struct Place: CustomStringConvertible {
        let name: String
        let works: CaseWork
        let vendor: GPUVendor
        let units: Int
        let lanes: Int

        /// Counts are recorded for compilers that keep arrays in registers.
        var work: StepWork {
            var work = works.shared
            if !vendor.traits.keepsRows { for place in work.arrays.indices { work.arrays[place].isDistributable = false } }
            return work
        }
        var description: String { "\(name), \(lanes) lanes, \(units) units of \(vendor)" }

        func question(maxGroupSize: Int = 1024) -> GPUQuestion {
            GPUQuestion(
                computeUnits: units, maxGroupSize: maxGroupSize, traits: vendor.traits, lanes: lanes, work: work,
                alone: works.alone, localBytes: min(vendor.traits.localBytesOfUnit, 48 << 10))
        }
        var choice: Schedule { ScheduleRule.choose(.gpu(question())) }
    }

    static let lanes = [16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144]
    static let vendors: [GPUVendor] = [.nvidia, .amd, .intel]
    static let goldens = Repository.tests.appendingPathComponent("Goldens")

    static func works() throws -> [(name: String, works: CaseWork)] {
        let data = try Data(contentsOf: goldens.appendingPathComponent("gpu_work.json"))
        return try JSONDecoder().decode([String: CaseWork].self, from: data).sorted { $0.key < $1.key }.map { (name: $0.key, works: $0.value) }
    }

    static func places(lanes: [Int] = lanes) throws -> [Place] {
        try vendors.flatMap { vendor in
            try [20, 60, 132].flatMap { units in
                try works().flatMap { name, works in
                    lanes.map { Place(name: name, works: works, vendor: vendor, units: units, lanes: $0) }
                }
            }
        }
    }

    @Test func choicesAreThoseRecorded() throws {
        var lines = ["lanes" + Self.lanes.map { " \($0)" }.joined()]
        var row: [Place] = []
        for place in try Self.places() {
            row.append(place)
            guard row.count == Self.lanes.count else { continue }
            lines.append("\(place.vendor) \(place.units) \(place.name)" + row.map { " \($0.choice)" }.joined())
            row = []
        }
        #expect(lines.count == 1 + 9 * 3 * 3)
        let file = Self.goldens.appendingPathComponent("gpu_schedules.txt")
        if ProcessInfo.processInfo.environment["LOCKSTEP_RECORD"] == "1" {
            try (lines.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
        }
        let recorded = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(recorded.count == lines.count)
        for (found, line) in zip(lines, recorded) {
            #expect(found == line, "look, then record with LOCKSTEP_RECORD=1")
        }
    }

    /// No shape that was found to be bad.
    @Test func choicesAreNeverBad() throws {
        // Also numbers of lanes that are no powers of two.
        for place in try Self.places(lanes: Self.lanes + [1, 3, 15, 17, 1000, 99_999]) {
            switch place.choice {
            case .lanes: break
            case .group(1, let workers): #expect(workers >= 64, "\(place)")
            case .group(let vectors, let workers):
                #expect(vectors == place.lanes || vectors >= 16, "\(place): \(place.choice)")
                #expect(workers >= 2 && workers.nonzeroBitCount == 1, "\(place): \(place.choice)")
            default: Issue.record("\(place): \(place.choice)")
            }
            let size = place.choice.localSize
            #expect(size == 0 || size >= 64 && size <= place.vendor.traits.largestGroup, "\(place): \(place.choice)")
            if place.work.dealt.isEmpty { #expect(place.choice == .lanes, "\(place)") }
        }
    }

    /// Few lanes have workers, as long as that leaves units idle.
    @Test func fewLanesAreShared() throws {
        for place in try Self.places() where !place.work.dealt.isEmpty {
            let items = place.lanes * max(1, place.choice.localSize / max(place.choice.tile, 1))
            let places = place.units * place.vendor.traits.itemsPerUnit
            if place.lanes * 8 <= places { #expect(place.choice != .lanes, "\(place)") }
            // Four workers of a lane are worth having at least while units have nothing else.
            if place.lanes * 4 >= places / 16 { #expect(items >= places / 16, "\(place): \(place.choice)") }
        }
    }

    /// Data of each lane stay where they are read from again in the next step.
    @Test func dataOfLanesStayNear() throws {
        let works = try #require(try Self.works().first { $0.name == "many-regressions" }).works
        let traits = GPUVendor.nvidia.traits
        for lanes in [8192, 32_768, 262_144] {
            let place = Place(name: "many-regressions", works: works, vendor: .nvidia, units: 132, lanes: lanes)
            guard case .group(let vectors, let workers) = place.choice else {
                Issue.record("\(place): \(place.choice)")
                continue
            }
            let groups = min(traits.registersOfUnit / 128 / (vectors * workers), (lanes / vectors + place.units - 1) / place.units)
            #expect(groups * vectors * works.shared.laneElements * 4 <= traits.cacheBytes, "\(place): \(place.choice)")
        }
    }

    /// No group is larger than the device's.
    @Test(arguments: [1, 16, 64, 128, 512]) func groupsCanBeLaunched(_ most: Int) throws {
        for place in try Self.places() {
            let choice = ScheduleRule.choose(.gpu(place.question(maxGroupSize: most)))
            #expect(choice.localSize <= most, "\(place): \(choice)")
        }
    }

    /// A step that costs more is not thought to cost less, whatever the schedule.
    @Test func costGrowsWithLanes() throws {
        for place in try Self.places() {
            for (tile, workers) in [(64, 1), (16, 16), (32, 8), (1, 64)] where tile <= place.lanes {
                let more = Place(name: place.name, works: place.works, vendor: place.vendor, units: place.units, lanes: place.lanes * 4)
                let (few, many) = (GPUStepCost(place.question()), GPUStepCost(more.question()))
                #expect(many.clocks(tile: tile, workers: workers) >= few.clocks(tile: tile, workers: workers), "\(place): \(tile) x \(workers)")
            }
        }
    }
}

extension Schedule {
    /// Lanes of a group that shares them.
    fileprivate var tile: Int { if case .group(let vectors, _) = self { vectors } else { 0 } }
}
