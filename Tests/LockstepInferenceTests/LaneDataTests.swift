import Lockstep
import Testing

@testable import LockstepInference

/// One call for many datasets: each lane's fit is that of its own data.
@Suite struct LaneDataTests {
    private func numbers(_ count: Int, _ seed: Int) -> [Double] {
        (0..<count).map { Double(($0 * 37 + seed * 101) % 64) / 16 - 2 }
    }

    static let regression = Model { m in
        let x = m.data("x", shape: [12])
        let y = m.data("y", shape: [12])
        let spread = m.data("spread")
        let slope = m.sample("slope", Normal(0, 2))
        let noise = m.sample("noise", HalfNormal(1))
        m.plate("rows", 12) { m in m.observe("obs", Normal(slope * x, noise * spread), y) }
    }
    static let svi = SVI(regression, guide: AutoNormal(regression), optimizer: Adam(learningRate: 0.02))

    @Test(arguments: TestDevice.all)
    func eachLaneFitsItsOwnData(_ device: TestDevice) throws {
        let lanes = 21
        let keys = Key(0).split(lanes)
        let x = numbers(12, 1)
        let ys = (0..<lanes).map { numbers(12, $0) }
        let spreads = (0..<lanes).map { 0.5 + Double($0 % 4) }
        let together = try Self.svi.run(
            keys: keys, steps: 80, data: ["x": .shared(x), "y": .perLane(ys), "spread": .perLane(spreads)], device: device.device)
        for lane in [0, 5, 16, 20] {
            let alone = try Self.svi.run(
                keys: [keys[lane]], steps: 80,
                data: ["x": .shared(x), "y": .perLane([ys[lane]]), "spread": .perLane([spreads[lane]])], device: device.device)
            #expect(alone.bits(0) == together.bits(lane), "lane \(lane)")
            let shared = try Self.svi.run(
                keys: [keys[lane]], steps: 80,
                data: ["x": .shared(x), "y": .shared(ys[lane]), "spread": .shared(spreads[lane])], device: device.device)
            #expect(shared.bits(0) == together.bits(lane), "lane \(lane), its data shared")
        }
        #expect(Set(together.loss).count == lanes)
        // Flat numbers are the same as an array for each lane; waves cut them at the right places.
        var options = RunOptions()
        options.memoryBudget = 3_000
        let flat = try Self.svi.run(
            keys: keys, steps: 80, data: ["x": .shared(x), "y": .perLane(ys.flatMap { $0 }), "spread": .perLane(spreads)],
            device: device.device, options: options)
        #expect(flat.bits == together.bits)
    }

    @Test(arguments: TestDevice.all)
    func indicesMayDifferFromLaneToLane(_ device: TestDevice) throws {
        let model = Model { m in
            let group = m.indices("group", shape: [6], below: 3)
            let y = m.data("y", shape: [6])
            let level = m.plate("groups", 3) { m in m.sample("level", Normal(0, 3)) }
            m.plate("rows", 6) { m in m.observe("obs", Normal(level[group], 0.5), y) }
        }
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.05))
        let keys = Key(1).split(5)
        let groups = [[0, 0, 1, 1, 2, 2], [2, 2, 1, 1, 0, 0], [0, 1, 2, 0, 1, 2], [1, 1, 1, 1, 1, 1], [2, 0, 2, 0, 2, 0]]
        let y = [1.0, 1, 2, 2, 3, 3]
        let fits = try svi.run(
            keys: keys, steps: 600, data: ["group": .perLane(groups), "y": .shared(y)], device: device.device)
        for lane in 0..<5 {
            for single in [LaneData.perLane([groups[lane]]), .shared(groups[lane])] {
                let alone = try svi.run(keys: [keys[lane]], steps: 600, data: ["group": single, "y": .shared(y)], device: device.device)
                #expect(alone.bits(0) == fits.bits(lane), "lane \(lane)")
            }
        }
        let levels = fits.unconstrained("level_auto_loc")
        // Lane 0 has its groups in the order of y, lane 1 in the opposite one.
        #expect(levels[0][0] < levels[0][1] && levels[0][1] < levels[0][2])
        #expect(levels[1][2] < levels[1][1] && levels[1][1] < levels[1][0])
    }

    /// Rates of learning by lane: those of the lanes, not an average.
    @Test(arguments: TestDevice.all)
    func ratesMayDifferFromLaneToLane(_ device: TestDevice) throws {
        let model = Model { m in
            let x = m.param("x", 1)
            m.factor("f", -x)
        }
        let rates = [0.01, 0.1, 0.25, 1]
        let fits = try SVI(model, guide: Model { _ in }, optimizer: SGD(learningRate: .data("rate")))
            .run(keys: Key(0).split(4), steps: 3, data: ["rate": .perLane(rates)], device: device.device)
        #expect(zip(fits.unconstrained("x"), rates).allSatisfy { abs($0[0] - (1 - 3 * $1)) < 1e-6 })
        let shared = try SVI(model, guide: Model { _ in }, optimizer: Adam(learningRate: .data("rate")))
            .run(keys: Key(0).split(2), steps: 3, data: ["rate": .shared(0.5)], device: device.device)
        #expect(shared.unconstrained("x").allSatisfy { abs($0[0] + 0.5) < 1e-5 })
    }
}

/// What is wrong with data is thrown before a run, and the text names them.
@Suite struct DataErrorTests {
    static let model = Model { m in
        let y = m.data("y", shape: [3])
        let group = m.indices("group", shape: [3], below: 2)
        let level = m.plate("groups", 2) { m in m.sample("level", Normal(0, 1)) }
        m.plate("rows", 3) { m in m.observe("obs", Normal(level[group], 1), y) }
    }
    static let good: [String: LaneData] = ["y": .shared([1, 2, 3]), "group": .shared([0, 1, 0])]

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let name: String
        let data: LaneData?
        let text: String

        init(_ testDescription: String, _ name: String, _ data: LaneData?, _ text: String) {
            self.testDescription = testDescription
            self.name = name
            self.data = data
            self.text = text
        }
    }

    static let cases: [Case] = [
        Case("missing", "y", nil, "data 'y' of shape [3] is missing; give data: [\"y\": .shared(...)] or .perLane(...)"),
        Case("unknown", "z", .shared(1), "data 'z' is not read by the model; it reads group, y"),
        Case("too few", "y", .shared([1, 2]), "data 'y' has 2 numbers; the model wants shape [3], which is 3"),
        Case("scalar", "y", .shared(1), "data 'y' has 1 numbers; the model wants shape [3], which is 3"),
        Case(
            "NaN", "y", .shared([1, .nan, 3]),
            "data 'y' is NaN at position 1, and the density of site 'obs' depends on it; "
                + "exclude what is missing with a mask, as in m.mask(y.isFinite), or model it"),
        Case(
            "NaN in a lane", "y", .perLane([[1, 2, 3], [1, 2, .nan]]),
            "data 'y' is NaN at position 2 of lane 1, and the density of site 'obs' depends on it; "
                + "exclude what is missing with a mask, as in m.mask(y.isFinite), or model it"),
        Case(
            "wrong number of lanes", "y", .perLane([[1, 2, 3]]), "data 'y' has 1 arrays; give one for each of the 2 lanes"),
        Case(
            "flat, wrong number", "y", .perLane([1, 2, 3, 4]), "data 'y' has 4 numbers for all lanes; 2 lanes of shape [3] need 6"),
        // As many numbers in all as are wanted, at the wrong places.
        Case(
            "ragged", "y", .perLane([[1, 2], [3, 4, 5, 6]]), "data 'y' has 2 numbers in lane 0; the model wants shape [3], which is 3"),
        Case("not whole", "group", .shared([0, 0.5, 1]), "data 'group' is 0.5 at position 1, where a whole number is wanted"),
        Case("infinite index", "group", .shared([0, .infinity, 1]), "data 'group' is inf at position 1, where a whole number is wanted"),
        Case(
            "NaN index", "group", .shared([0, .nan, 1]),
            "data 'group' is NaN at position 1, where a whole number is wanted; give any valid one where a mask excludes it"),
        Case("index too large", "group", .shared([0, 1, 2]), "data 'group' is 2 at position 2; it must lie in 0 ..< 2"),
        Case(
            "index negative in a lane", "group", .perLane([[0, 1, 0], [0, -1, 0]]),
            "data 'group' is -1 at position 1 of lane 1; it must lie in 0 ..< 2"),
    ]

    @Test(arguments: cases)
    func textNamesTheData(_ test: Case) throws {
        var data = Self.good
        data[test.name] = test.data
        let svi = SVI(Self.model, guide: AutoNormal(Self.model), optimizer: Adam())
        for device in TestDevice.all {
            #expect(errorText { _ = try svi.run(keys: Key(0).split(2), steps: 2, data: data, device: device.device) } == test.text)
        }
        let error = #expect(throws: LockstepError.self) { try svi.run(keys: Key(0).split(2), steps: 2, data: data, device: .cpu) }
        guard case .data(let mistake) = error else {
            Issue.record("not an error of data: \(String(describing: error))")
            return
        }
        #expect(mistake.name == test.name)
    }

    /// Indices without a declared bound are held against what they choose from.
    @Test(arguments: TestDevice.all)
    func unboundedIndicesAreChecked(_ device: TestDevice) throws {
        let model = Model { m in
            let group = m.indices("group", shape: [2])
            let level = m.plate("groups", 2) { m in m.sample("level", Normal(0, 1)) }
            m.plate("rows", 2) { m in m.observe("obs", Normal(level[group], 1), 0) }
        }
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam())
        let text = errorText { _ = try svi.run(keys: [Key(0)], steps: 2, data: ["group": .shared([0, 2])], device: device.device) }
        let found = try #require(text)
        #expect(found == "site 'obs': an index is 2 at position 1 (data 'group'); it must lie in 0 ..< 2")
    }

    @Test func hyperparametersAreData() {
        let svi = SVI(Self.model, guide: AutoNormal(Self.model), optimizer: Adam(learningRate: .data("lr")))
        let missing = errorText { _ = try svi.run(keys: [Key(0)], steps: 2, data: Self.good, device: .cpu) }
        #expect(missing == "data 'lr' of shape [] is missing; give data: [\"lr\": .shared(...)] or .perLane(...)")
    }

    @Test func nonsenseRunsAreRefused() {
        let svi = SVI(Self.model, guide: AutoNormal(Self.model), optimizer: Adam())
        func text(keys: [Key] = [Key(0)], steps: Int = 1, interval: Int = 1) -> String? {
            var options = RunOptions()
            options.lossInterval = interval
            return errorText { _ = try svi.run(keys: keys, steps: steps, data: Self.good, device: .cpu, options: options) }
        }
        #expect(text() == nil)
        #expect(text(keys: []) == "there are no lanes: give at least one key")
        #expect(text(steps: 0) == "cannot run 0 steps; give at least 1")
        #expect(text(steps: -3) == "cannot run -3 steps; give at least 1")
        #expect(text(steps: 1 << 40)?.hasPrefix("cannot run") == true)
        #expect(text(interval: 0) == "the loss interval is 0 steps; give at least 1")
    }
}
