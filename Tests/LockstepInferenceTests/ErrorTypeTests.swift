import Lockstep
import Testing

/// Everything that `run` and `explain` throw is a `LockstepError`, whose case says what kind of mistake it was.
struct ErrorTypeTests {
    static let model = Model { m in
        let a = m.sample("a", Normal(0, 1))
        m.plate("rows", 3) { m in m.observe("y", Normal(a, 1), m.data("y", shape: [3])) }
    }

    /// The name of the case that `body` throws; nil where it throws nothing, or something else.
    static func kind(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return switch error as? LockstepError {
            case .model: "model"
            case .expression: "expression"
            case .data: "data"
            case .request: "request"
            case .device: "device"
            case .schedule: "schedule"
            case .compiler: "compiler"
            case .driver: "driver"
            case nil: nil
            }
        }
    }

    static func run(
        _ model: Model = model, guide: (any Guide)? = nil, steps: Int = 2, data: [String: LaneData] = ["y": .shared([1.0, 2, 3])],
        device: Device = .cpu, schedule: Schedule = .automatic, loss: any Loss = TraceELBO()
    ) throws {
        var options = RunOptions()
        options.schedule = schedule
        _ = try SVI(model, guide: guide ?? AutoNormal(model), optimizer: Adam(), loss: loss)
            .run(keys: [Key(0)], steps: steps, data: data, device: device, options: options)
    }

    @Test func model() {
        let twice = Model { m in
            m.sample("a", Normal(0, 1))
            m.sample("a", Normal(0, 1))
        }
        #expect(Self.kind { try Self.run(twice, data: [:]) } == "model")
    }

    @Test func data() {
        #expect(Self.kind { try Self.run(data: [:]) } == "data")
    }

    @Test func request() {
        #expect(Self.kind { try Self.run(steps: 0) } == "request")
    }

    @Test func device() {
        #expect(Self.kind { try Self.run(device: .named("no such device")) } == "device")
    }

    @Test(.enabled(if: Device.whyNoOpenCL == nil, "there is no OpenCL device"))
    func schedule() {
        #expect(Self.kind { try Self.run(device: .opencl, schedule: .group(vectors: 0, workers: 2)) } == "schedule")
    }

    /// A loss of one's own can go wrong outside of any site.
    @Test func expression() {
        struct Misshaped: Loss {
            func value(of step: LossStep) throws -> Tensor { Tensor([1, 2]) + Tensor([1, 2, 3]) }
        }
        #expect(Self.kind { try Self.run(loss: Misshaped()) } == "expression")
    }

    @Test func explanationsThrowTheSame() {
        let svi = SVI(Self.model, guide: AutoNormal(Self.model), optimizer: Adam())
        #expect(Self.kind { _ = try svi.explain(steps: 1, lanes: 1, device: .cpu) } == "data")
    }
}
