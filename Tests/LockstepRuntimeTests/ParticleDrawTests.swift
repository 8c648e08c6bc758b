import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// The draws of several particles at once are those of each by itself, to the bit.
@Suite struct ParticleDrawTests {
    private static let shapes: [Shape] = [[], [1], [3], [4], [5], [8], [2, 3], [1, 1]]
    private static let steps = 7
    private static let first: UInt32 = 3

    /// Draws of all kinds and shapes, beside what is computed with them where they are made.
    private static func step(particles count: Int, together: Bool) -> StepCase {
        let origin = Origin()
        let number = Tensor.input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int)
        var values: [Tensor] = []
        for (place, shape) in shapes.enumerated() {
            for (kindNumber, kind) in RandomOp.Kind.allCases.enumerated() {
                let stream = UInt32(10 * place + kindNumber)
                // Exact in all precisions, where constants are folded too.
                let parameter = (0.25 + 0.75 * Tensor.iota(count * shape.elementCount).asReal).reshape([count] + shape)
                let hasParameter = kind == .gamma || kind == .poisson
                func draw(_ particle: UInt32, _ parameter: Tensor, _ shape: Shape, particles: Int? = nil) -> Tensor {
                    var op = RandomOp(kind, stream: stream, particle: particle, site: "z", origin: origin)
                    op.particles = particles
                    return .random(op, hasParameter ? parameter : nil, shape: shape)
                }
                let all =
                    together
                    ? draw(first, parameter, [count] + shape, particles: count)
                    : .stack((0..<count).map { draw(first + UInt32($0), parameter.element($0), shape) })
                values += [all, abs(all)]
            }
        }
        var step = StepCase(
            LaneFunction(states: [], records: values.enumerated().map { .init("r\($0)", slots: steps, slot: number, value: $1) }))
        step.lanes = 5
        step.advances = [1, 2, 4]
        return step
    }

    @Test(arguments: [2, 5, 33], Precision.allCases) func interpreted(_ count: Int, _ precision: Precision) throws {
        let found = try Self.step(particles: count, together: true).interpreted(precision)
        let wanted = try Self.step(particles: count, together: false).interpreted(precision)
        #expect(found == wanted)
        #expect(Set(wanted["r0"]?.flatMap(\.self) ?? []).count == 5 * count * Self.steps)
    }

    @Test func areWhatTheDefinitionSays() throws {
        let step = Self.step(particles: 3, together: true)
        #expect(Outcomes.disagreement(try step.interpreted(.double), try step.reference(), relative: 1e-12) == nil)
    }

    @Test(arguments: OpenCLSessions.variants, [3, 20]) func compiled(_ variant: OpenCLSessions.Variant, _ count: Int) throws {
        let wanted = try Self.step(particles: count, together: false).openCL(variant.session, variant.precision, width: variant.width)
        let step = Self.step(particles: count, together: true)
        // Blocks that last four steps, and blocks that are made anew, in arrays of a lane and in global memory.
        for privateBytes in [1 << 20, 0] {
            let found = try step.openCL(variant.session, variant.precision, width: variant.width, privateBytes: privateBytes)
            #expect(found == wanted, "\(variant), \(privateBytes) bytes")
        }
    }

    /// With particles dealt out to workers.
    @Test(arguments: OpenCLSessions.variants(turn: 0)) func byWorkers(_ variant: OpenCLSessions.Variant) throws {
        let step = Self.step(particles: 20, together: true)
        let wanted = try step.openCL(variant.session, variant.precision, width: variant.width)
        let found = try step.openCL(variant.session, variant.precision, width: variant.width, schedule: .group(vectors: 1, workers: 4))
        #expect(found == wanted, "\(variant)")
    }

    /// The statements are the same however many particles there are.
    @Test func statementsDoNotGrow() throws {
        func count(_ particles: Int) throws -> Int {
            var (count, rolled) = (0, LoweringOptions())
            (rolled.unrollLimit, rolled.innerUnrollLimit) = (0, 0)
            try Lowering.lower(Self.step(particles: particles, together: true).function, options: rolled).forEachStatement { _ in count += 1 }
            return count
        }
        #expect(try Double(count(400)) < 1.1 * Double(count(40)))
    }
}
