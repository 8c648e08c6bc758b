import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Solutions of differential equations in steps that each lane chooses, with their gradients, on every device.
@Suite struct AdaptiveStepDeviceTests {
    /// Van der Pol's equation: the lanes have parameters of their own, of which the last is stiff.
    private static let parameters = [1, 5, 0.2, 3, 1_000.0]

    private static func step(_ lanes: [Int], tolerance: Double, withGradient: Bool = true) -> StepCase {
        let origin = Origin()
        let mu = Tensor.input(Input(.data, "mu", origin: origin), shape: []), start = Tensor.input(Input(.data, "start", origin: origin), shape: [2])
        let solution = odeSolve(
            from: [start.element(0), start.element(1)], at: [0, 0.001, 1, 2], relativeTolerance: tolerance, mostSteps: 150
        ) { _, y in [y[1], mu * (1 - y[0] * y[0]) * y[1] - y[0]] }
        let value = solution[0].weightedSum + solution[1].weightedSum
        var step = StepCase(values: solution + (withGradient ? Gradient.of(value, withRespectTo: [mu, start]) : []), perLane: ["mu", "start"])
        step.lanes = lanes.count
        step.perLane = ["mu": lanes.map { [parameters[$0 % 5]] }, "start": lanes.map { [2 - 0.1 * Double($0), 0] }]
        return step
    }

    private static func isLost(_ outcome: StepCase.Outcome, _ lane: Int) -> [Bool] { (outcome["e0"]?[lane] ?? []).map(\.isNaN) }

    @Test func interpreted() throws {
        let step = Self.step(Array(0..<5), tolerance: 1e-7)
        let (found, wanted) = (try step.interpreted(.double), try step.reference())
        #expect(Outcomes.disagreement(found, wanted, relative: 1e-6) == nil)
        for lane in 0..<4 { #expect(Self.isLost(found, lane) == [false, false, false, false]) }
        #expect(Self.isLost(found, 4) == [false, false, true, true] && found["e2"]?[4][0].isNaN == true)
        let float = Self.step(Array(0..<4), tolerance: 1e-4)
        #expect(Outcomes.disagreement(try float.interpreted(.float), try float.reference(), relative: 1e-2) == nil)
    }

    @Test(arguments: OpenCLSessions.variants) func compiled(_ variant: OpenCLSessions.Variant) throws {
        let tolerance = variant.precision == .double ? 1e-7 : 1e-4
        let step = Self.step(Array(0..<5), tolerance: tolerance)
        let found = try step.openCL(variant.session, variant.precision, width: variant.width)
        let difference = Outcomes.disagreement(found, try step.interpreted(.double), relative: 100 * tolerance)
        #expect(difference == nil, "\(variant)")
        #expect(Self.isLost(found, 4) == [false, false, true, true])
    }

    /// A lane has the same bits whatever is beside it, and however long that takes.
    @Test func lanesOfTheInterpreterAreIndependent() throws {
        let all = try Self.step(Array(0..<7), tolerance: 1e-5).interpreted(.double)
        for lane in 0..<7 {
            let alone = try Self.step([lane], tolerance: 1e-5).interpreted(.double)
            for (name, lanes) in alone { #expect(lanes[0].map(\.bitPattern) == all[name]?[lane].map(\.bitPattern), "\(name) of \(lane)") }
        }
    }

    @Test(arguments: OpenCLSessions.variants) func lanesAreIndependent(_ variant: OpenCLSessions.Variant) throws {
        let all = try Self.step(Array(0..<18), tolerance: 1e-4).openCL(variant.session, variant.precision, width: variant.width)
        for lane in [0, 1, 4, 17] {
            let alone = try Self.step([lane], tolerance: 1e-4).openCL(variant.session, variant.precision, width: variant.width)
            for (name, lanes) in alone {
                let beside = all[name]?[lane] ?? []
                #expect(zip(lanes[0], beside).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }, "\(name) of \(lane) on \(variant)")
            }
        }
    }
}
