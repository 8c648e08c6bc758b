import Lockstep
import Testing

@testable import LockstepInference

/// Lanes whose own data are wrong: all of them are counted, or left out without a trace in the others.
@Suite struct BadDataTests {
    static let model = Model { m in
        let group = m.indices("group", shape: [4])
        let spread = m.data("spread", shape: [])
        let level = m.plate("groups", 2) { m in m.sample("level", Normal(0, spread)) }
        m.plate("rows", 4) { m in m.observe("obs", Poisson(logRate: level[group]), m.data("y", shape: [4])) }
    }
    static let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.05))
    static let lanes = 20
    static let y = (0..<lanes).map { lane in (0..<4).map { Double((lane + $0) % 5) } }
    static let groups = (0..<lanes).map { _ in [0, 1, 0, 1] }
    static let spreads = (0..<lanes).map { 1 + Double($0) / 10 }

    static func data(y: [[Double]] = y, groups: [[Int]] = groups, spreads: [Double] = spreads) -> [String: LaneData] {
        ["y": .perLane(y), "group": .perLane(groups), "spread": .perLane(spreads)]
    }

    /// Mistakes of every kind, each in a lane of its own.
    static let spoiled: [String: LaneData] = {
        var (y, groups, spreads) = (Self.y, Self.groups, Self.spreads)
        y[3][2] = -1
        y[5][1] = .nan
        y[6] = [.nan, 1.5, -1, .nan]
        groups[9][3] = 2
        spreads[0] = -1
        spreads[19] = .nan
        return data(y: y, groups: groups, spreads: spreads)
    }()
    static let bad = [0, 3, 5, 6, 9, 19]

    static func run(_ data: [String: LaneData], _ device: TestDevice, _ policy: BadData, precision: Precision = .float, budget: Int? = nil) throws
        -> Fits
    {
        var options = RunOptions()
        options.badData = policy
        options.precision = precision
        options.memoryBudget = budget
        return try svi.run(keys: Key(4).split(lanes), steps: 60, data: data, device: device.device, options: options)
    }

    @Test(arguments: TestDevice.all)
    func throwingCountsAllAndNamesTheFirst(_ device: TestDevice) throws {
        let error = #expect(throws: LockstepError.self) { try Self.run(Self.spoiled, device, .throw) }
        guard case .data(let mistake) = error else { return }
        #expect(mistake.lanes == Self.bad)
        #expect(mistake.name == "spread")
        #expect(
            mistake.description
                == "site 'level': scale of Normal is -1 in lane 0 (data 'spread'); it must be positive; "
                + "6 of the 20 lanes have such mistakes, and RunOptions.badData can leave them out")
    }

    @Test(arguments: TestDevice.all)
    func lanesLeftOutTouchNoOther(_ device: TestDevice) throws {
        for precision in Precision.allCases where precision == .float || device.hasDouble {
            let clean = try Self.run(Self.data(), device, .leaveOut, precision: precision)
            for budget in [nil, 4_000] {
                let fits = try Self.run(Self.spoiled, device, .leaveOut, precision: precision, budget: budget)
                #expect(fits.status.indices.filter { fits.status[$0] == .badData } == Self.bad)
                for lane in 0..<Self.lanes where !Self.bad.contains(lane) {
                    #expect(fits.bits(lane) == clean.bits(lane), "lane \(lane)")
                }
                #expect(fits.loss[0].isNaN && fits.initialLoss[3].isNaN && fits.refusedLosses[5] == 0)
                #expect(try fits.losses(lane: 9).allSatisfy(\.isNaN))
                #expect(!Self.bad.contains(fits.best.lane))
                let parameters = try fits.parameters()
                let same = try clean.parameters()
                #expect(Self.bad.allSatisfy { parameters["level_auto_loc"]?[$0].allSatisfy(\.isNaN) == true })
                #expect(parameters["level_auto_loc"]?[1] == same["level_auto_loc"]?[1])
                #expect(
                    errorText { _ = try fits[9].median("level") }
                        == "lane 9 has no result: bad data: site 'obs': an index is 2 at position 3 of lane 9 (data 'group'); it must lie in 0 ..< 2")
                #expect(try fits[10].median("level") == clean[10].median("level"))
            }
        }
    }

    @Test func eachLaneHasItsReason() throws {
        let fits = try Self.run(Self.spoiled, .interpreter, .leaveOut)
        let texts = fits.badData.mapValues(\.description)
        #expect(texts.keys.sorted() == Self.bad)
        #expect(texts[3] == "site 'obs': the observed value of Poisson is -1 at position 2 of lane 3 (data 'y'); it must be a non-negative integer")
        #expect(texts[5]?.hasPrefix("data 'y' is NaN at position 1 of lane 5, and the density of site 'obs' depends on it;") == true)
        #expect(texts[6]?.hasPrefix("data 'y' is NaN at position 0 of lane 6") == true)
        #expect(texts[19]?.hasPrefix("data 'spread' is NaN at position 0 of lane 19, and the density of site 'level'") == true)
        #expect(fits.badData[9]?.name == "group" && fits.badData[9]?.lanes == [9])
    }

    @Test func allLanesMayBeLeftOut() throws {
        let fits = try Self.run(Self.data(spreads: Self.spreads.map { _ in -1 }), .interpreter, .leaveOut)
        #expect(fits.status.allSatisfy { $0 == .badData })
        #expect(fits.best.lane == 0)
        #expect(errorText { _ = try fits.best.median("level") }?.contains("bad data") == true)
        #expect(try fits.parameters()["level_auto_loc"]?[7].allSatisfy(\.isNaN) == true)
    }

    /// What all lanes share is wrong for all of them.
    @Test func sharedDataAlwaysThrow() {
        for (name, values, words) in [
            ("y", [1, 2, -3, 1], "is -3 at position 2 (data 'y')"), ("y", [1, .nan, 3, 1], "data 'y' is NaN at position 1,"),
            ("group", [0, 1, 2, 0], "is 2 at position 2 (data 'group')"), ("spread", [0], "scale of Normal is 0 (data 'spread')"),
        ] as [(String, [Double], String)] {
            let text = errorText { _ = try Self.run(Self.data().merging([name: .shared(values)]) { $1 }, .interpreter, .leaveOut) }
            #expect(text?.contains(words) == true, "\(text ?? "nothing")")
        }
    }

    @Test func numbersOfTheOptimiserAreChecked() throws {
        let svi = SVI(Self.model, guide: AutoNormal(Self.model), optimizer: Adam(learningRate: .data("rate")))
        func run(_ rate: LaneData, _ policy: BadData) throws -> Fits {
            var options = RunOptions()
            options.badData = policy
            let data = Self.data().merging(["rate": rate]) { $1 }
            return try svi.run(keys: Key(0).split(Self.lanes), steps: 1, data: data, device: .cpu, options: options)
        }
        let rates = (0..<Self.lanes).map { $0 == 4 ? Double.nan : $0 == 7 ? 1e39 : 0.01 }
        #expect(errorText { _ = try run(.perLane(rates), .throw) }?.hasPrefix("data 'rate' is nan in lane 4") == true)
        #expect(errorText { _ = try run(.shared(.infinity), .leaveOut) }?.hasPrefix("data 'rate' is inf") == true)
        let fits = try run(.perLane(rates), .leaveOut)
        #expect(fits.status.indices.filter { fits.status[$0] == .badData } == [4, 7])
    }

    @Test func explanationsCheckToo() {
        let text = errorText {
            _ = try Self.svi.explain(steps: 2, lanes: 20, data: Self.data(spreads: Self.spreads.map { $0 - 1.5 }), device: .cpu)
        }
        #expect(
            text?.hasPrefix("site 'level': scale of Normal is -0.5 in lane 0 (data 'spread'); it must be positive; 6 of") == true, "\(text ?? "")")
    }
}
