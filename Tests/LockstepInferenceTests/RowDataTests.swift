import Lockstep
import Testing

@testable import LockstepInference

/// Data as rows, models that take their shapes from them, and flat priors, through whole fits.
@Suite struct RowDataTests {
    static let model = Model { m in
        let (x, y) = (m.data("x", rank: 2), m.data("y"))
        let w = m.sample("w", Normal(0, 2), shape: [x.shape[1]])
        let noise = m.sample("noise", ImproperUniform(.positive))
        m.plate("rows", y.count) { m in m.observe("obs", Normal(matmul(x, w) + m.data("level"), noise), y) }
    }
    static let stated = Model { m in
        let (x, y) = (m.data("x", shape: [6, 2]), m.data("y", shape: [6]))
        let w = m.sample("w", Normal(0, 2).expanded(to: [2]).toEvent(1))
        let noise = m.sample("noise", ImproperUniform(.positive))
        m.plate("rows", 6) { m in m.observe("obs", Normal(matmul(x, w) + m.data("level", shape: []), noise), y) }
    }
    static let rows: [[Double]] = [[1, 0.5], [1, -1], [1, 2], [1, 0], [1, 1.5], [1, -0.5]]
    static let y = [1.5, -1.25, 4.5, 0.25, 3.75, -0.5]
    static func svi(_ model: Model) -> SVI { SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.05)) }

    /// However data are given, the fit is the same to the bit.
    @Test(arguments: TestDevice.all)
    func waysToGiveTheSameData(_ device: TestDevice) throws {
        let keys = Key(1).split(3)
        let (rows, y) = (Self.rows, Self.y)
        let floats = rows.map { $0.map(Float.init) }
        let ways: [[String: LaneData]] = [
            ["x": .shared(rows), "y": .shared(y), "level": .shared(0.5)],
            ["x": .shared(floats), "y": .shared(y.map(Float.init)), "level": .shared(Float(0.5))],
            ["x": .shared(rows.flatMap { $0 }, shape: [6, 2]), "y": .shared(y, shape: [6]), "level": .perLane([0.5, 0.5, 0.5])],
            ["x": .perLane([rows, rows, rows]), "y": .perLane([y, y, y]), "level": .perLane([0.5, 0.5, 0.5], shape: [])],
            [
                "x": .perLane([rows, rows, rows].map { $0.flatMap { $0 } }, shape: [6, 2]), "y": .perLane(y + y + y, shape: [6]),
                "level": .shared(0.5),
            ],
        ]
        let wanted = try Self.svi(Self.stated).run(
            keys: keys, steps: 60, data: ["x": .shared(rows.flatMap { $0 }), "y": .shared(y), "level": .shared(0.5)], device: device.device)
        for (number, data) in ways.enumerated() {
            for model in [Self.model, Self.stated] {
                let fits = try Self.svi(model).run(keys: keys, steps: 60, data: data, device: device.device)
                #expect(fits.status == wanted.status)
                for lane in 0..<3 { #expect(fits.bits(lane) == wanted.bits(lane), "way \(number), lane \(lane)") }
            }
        }
        // Queries trace the model again, for the shapes that were bound.
        #expect(try wanted[0].median("w").count == 2)
        let fits = try Self.svi(Self.model).run(keys: keys, steps: 60, data: ways[0], device: device.device)
        #expect(try fits[0].sample(4)["w"]?.shape == [2])
        #expect(try fits[0].median("noise")[0] > 0)
    }

    @Test func wholeNumbersAndMasks() throws {
        let model = Model { m in
            let (on, group) = (m.data("on"), m.indices("group", below: 2))
            let level = m.sample("level", ImproperUniform(.ordered, eventShape: [2]))
            m.plate("rows", on.count) { m in m.mask(on .!= 0) { m in m.observe("obs", Normal(level[group], 1), m.data("y")) } }
        }
        let data: [String: LaneData] = ["on": .shared([true, true, false]), "group": .shared([0, 1, 1]), "y": .shared([1, 3, 9])]
        // The median of the flat prior's posterior is the data.
        let fits = try SVI(model, guide: AutoDelta(model), optimizer: Adam(learningRate: 0.05)).run(keys: [Key(0)], steps: 2000, data: data)
        let found = try fits[0].median("level")
        #expect(abs(found[0] - 1) < 1e-2 && abs(found[1] - 3) < 1e-2)
    }

    /// With a flat prior on the mean of n rows of known noise s, the posterior is Normal(mean, s / sqrt n).
    @Test(arguments: TestDevice.all)
    func flatPriorHasTheClosedPosterior(_ device: TestDevice) throws {
        let model = Model { m in
            let y = m.data("y")
            let mu = m.sample("mu", ImproperUniform(.real))
            m.plate("rows", y.count) { m in m.observe("obs", Normal(mu, 2), y) }
        }
        for initializer in [Initializer.uniform(), .median, .sample] {
            let svi = SVI(model, guide: AutoNormal(model, initializer: initializer), optimizer: Adam(learningRate: 0.02))
            let fits = try svi.run(keys: [Key(3)], steps: 3000, data: ["y": .shared([1, 2, 3, 6])], device: device.device)
            let bounds = try fits[0].quantiles("mu", [0.5, 0.8413447460685429]).map { $0[0] }
            #expect(abs(bounds[0] - 3) < 0.1 && abs(bounds[1] - bounds[0] - 1) < 0.15, "\(bounds)")
        }
    }

    @Test func mistakesAreNamed() throws {
        func error(_ data: [String: LaneData], model: Model = Self.model, lanes: Int = 2) -> String {
            errorText { _ = try Self.svi(model).run(keys: Key(0).split(lanes), steps: 2, data: data, device: .cpu) } ?? "no error"
        }
        let (rows, y) = (LaneData.shared(Self.rows), LaneData.shared(Self.y))
        #expect(error(["x": rows, "level": .shared(0.0)]) == "data 'y' is missing; give data: [\"y\": .shared(...)] or .perLane(...)")
        #expect(error(["x": rows, "y": y, "level": .shared(0.0), "z": y]).contains("data 'z' is not read"))
        let ragged = LaneData.shared([[1.0, 2], [3.0]])
        for model in [Self.model, Self.stated] {
            #expect(error(["x": ragged, "y": y, "level": .shared(0.0)], model: model).contains("data 'x' has 1 numbers in row 1 and 2 in row 0"))
        }
        #expect(error(["x": y, "y": y, "level": .shared(0.0)]).contains("data 'x' has shape [6], where the model reads 2 axes"))
        let wide = LaneData.shared([Self.y, Self.y])
        #expect(
            error(["x": wide, "y": y, "level": .shared(0.0)], model: Self.stated).contains("data 'x' has shape [2, 6], but the model wants [6, 2]"))
        #expect(error(["x": .shared(Self.y, shape: [2, 2]), "y": y, "level": .shared(0.0)]).contains("'x' has 6 numbers, where shape [2, 2] has 4"))
        #expect(error(["x": .shared(Self.y, shape: [-2, .min]), "y": y, "level": .shared(0.0)]).contains("data 'x' cannot have shape"))
        #expect(error(["x": rows, "y": .perLane([Self.y, [1.0]]), "level": .shared(0.0)]).contains("'y' has 1 numbers in lane 1 and 6 in lane 0"))
        #expect(
            error(["x": .perLane([Self.rows, [[1.0, 2]]]), "y": y, "level": .shared(0.0)]).contains(
                "'x' has shape [1, 2] in lane 1 and [6, 2] in lane 0"))
        #expect(
            error(["x": .perLane([Self.rows]), "y": y, "level": .shared(0.0)]).contains("data 'x' has 1 arrays; give one for each of the 2 lanes"))
        #expect(error(["x": rows, "y": y, "level": .perLane([1.0, 2, 3])]).contains("'level' has 3 numbers for 2 lanes"))
        #expect(error(["x": rows, "y": .shared([[Double]]()), "level": .shared(0.0)]) != "no error")
        let explained = errorText { _ = try Self.svi(Self.model).explain(steps: 2, lanes: 2, data: ["x": rows], device: .cpu) }
        #expect(explained?.contains("data 'y' is missing") == true)
    }
}
