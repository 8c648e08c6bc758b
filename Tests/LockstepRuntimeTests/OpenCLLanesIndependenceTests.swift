import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// A lane's result is its own, bit for bit: whatever the number of lanes, the lane's place, or the steps per launch.
@Suite struct OpenCLLanesIndependenceTests {
    /// A step with draws, data of each lane's own, a gather, a segment sum and feedback.
    private static func step(lanes: Int, advances: [Int]) -> StepCase {
        let origin = Origin()
        func input(_ kind: Input.Kind, _ name: String, _ shape: Shape, _ dtype: DType = .real) -> Tensor {
            .input(Input(kind, name, origin: origin), shape: shape, dtype: dtype)
        }
        func draw(_ kind: RandomOp.Kind, _ shape: Shape, _ parameter: Tensor? = nil) -> Tensor {
            .random(RandomOp(kind, stream: UInt32(shape.count), particle: 0, site: "z", origin: origin), parameter, shape: shape)
        }
        let a = input(.state, "a", [3]), own = input(.data, "own", [20]), index = input(.data, "index", [20], .int)
        let noise = draw(.normal, [3]), rate = draw(.gamma, [], exp(a[0]))
        let centre = (a + 0.1 * noise).gather(index)
        let distance = square(own - centre).sum()
        let loss = distance + log(rate)
        let gradient = Gradient.of(distance, withRespectTo: [a])[0]
        var step = StepCase(
            LaneFunction(
                states: [.init("a", a - 0.01 * gradient)],
                records: [.init("loss", slots: 6, slot: input(.scalar, Input.step, [], .int), value: loss)], perLane: ["own", "index"]))
        step.lanes = lanes
        step.advances = advances
        func numbers(_ rule: (Int, Int) -> Int) -> [[Double]] {
            (0..<lanes).map { lane in (0..<20).map { Double(rule(lane, $0)) } }
        }
        step.perLane["own"] = numbers { ($0 * 7 + $1 * 13) % 5 }
        step.perLane["index"] = numbers { ($0 + $1 * $1) % 3 }
        return step
    }

    @Test(arguments: OpenCLSessions.variants) func anyBatchAndAnyLaunches(_ variant: OpenCLSessions.Variant) throws {
        let precision = variant.precision
        let program = try Lowering.lower(Self.step(lanes: 1, advances: []).function)
        let executable = try OpenCLExecutable(
            program, on: variant.session, precision: precision, schedule: .choose(variant.session.info, precision, width: variant.width))
        let wanted = try Self.step(lanes: 20_000, advances: [6]).run(executable, precision)
        for (lanes, advances) in [(1, [6]), (8, [1, 1, 4]), (15, [6]), (16, [2, 4]), (17, [5, 1]), (33, [3, 0, 3])] {
            let found = try Self.step(lanes: lanes, advances: advances).run(executable, precision)
            for (name, values) in found {
                for lane in 0..<lanes {
                    let same = zip(values[lane], wanted[name]?[lane] ?? []).allSatisfy { $0.bitPattern == $1.bitPattern }
                    #expect(same, "\(name) of lane \(lane) of \(lanes): \(values[lane]), of 20,000: \(wanted[name]?[lane] ?? [])")
                }
            }
        }
    }

    /// Every width is another text for the compiler, and may contract other products; it stays within rounding.
    @Test(arguments: OpenCLSessions.all.indices, [2, 4, 8]) func widthsAgree(_ number: Int, _ width: Int) throws {
        let session = OpenCLSessions.all[number]
        if session.info.kind == .gpu { return print("left out: \(session.info.name) is a GPU, which has one lane in a work-item") }
        let step = Self.step(lanes: 19, advances: [3])
        let wanted = try step.interpreted(.float)
        let found = try step.openCL(session, .float, width: width)
        #expect(Outcomes.disagreement(found, wanted, relative: 2e-5) == nil)
    }
}
