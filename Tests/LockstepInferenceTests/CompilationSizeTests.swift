import Lockstep
import LockstepCompiler
import Synchronization
import Testing

@testable import LockstepInference

/// What a run says before a driver compiles its steps.
@Suite struct CompilationSizeTests {
    private static func model(links: Int) -> Model {
        Model { m in
            let a = m.sample("a", Normal(0, 1))
            var x = m.sample("b", Normal(0, 1))
            for _ in 0..<links { x = sin(x) * a }
            m.observe("long", Normal(x, 1), 0.5)
            m.observe("short", Normal(a, 1), 0.5)
        }
    }

    private static func size(links: Int) throws -> CompilationSize {
        let model = model(links: links)
        let function = try StepFunction(
            SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01)), slots: 1, data: [String: LaneData]().shapes(lanes: 1))
        let program = try Lowering.lower(LaneFunction(states: function.step.states, records: function.step.records))
        return CompilationSize(program, function.trace)
    }

    @Test func namesWhatIsLarge() throws {
        let size = try Self.size(links: 3000)
        #expect(size.isLarge)
        #expect(size.largest.first?.site == "long")
        #expect(size.largest.first.map { (6000...6020).contains($0.operations) } == true, "\(size.largest)")
        #expect(size.description.contains("'long' (") && size.description.contains("plates, arrays and `batched`"))
    }

    @Test func isBriefAboutTheRest() throws {
        let size = try Self.size(links: 3)
        #expect(!size.isLarge && size.largest.isEmpty && (50...1000).contains(size.operations))
    }

    @Test(arguments: TestDevice.all) func isSaidOnceWhereADriverCompiles(_ device: TestDevice) throws {
        let told = Mutex<[CompilationSize]>([])
        var options = RunOptions()
        options.onCompile = { size in told.withLock { $0.append(size) } }
        let model = Self.model(links: 2)
        let svi = SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01))
        _ = try svi.run(keys: Key(0).split(3), steps: 2, device: device.device, options: options)
        #expect(told.withLock { $0.count } == (device.isInterpreter ? 0 : 1))
    }
}
