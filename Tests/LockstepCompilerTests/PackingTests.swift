import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

@testable import LockstepCompiler

/// Alike scalars become arrays, and all that is known of them by name stays as it was.
@Suite struct PackingTests {
    static let seeds = TestLevel.seeds(small: 20, medium: 60, full: 1000)

    static let eager: LoweringOptions = {
        var options = LoweringOptions()
        options.fewestPacked = 2
        options.packingGain = 0
        return options
    }()

    static let none: LoweringOptions = {
        var options = LoweringOptions()
        options.packingGain = .max
        return options
    }()

    @Test(arguments: seeds) func packedIsAsUnpacked(_ seed: UInt64) throws {
        let step = RandomSites.make(seed: seed)
        let wanted = try step.reference()
        for (name, options) in [("as usual", LoweringOptions()), ("all that can be", Self.eager), ("none", Self.none)] {
            if let difference = Outcomes.disagreement(try step.interpreted(.double, options: options), wanted, relative: 1e-8) {
                Issue.record("seed \(seed), packed \(name): \(difference)")
            }
        }
    }

    /// What grows with the sites is tables, not text.
    @Test func textDoesNotGrowWithSites() throws {
        func statements(_ sites: Int) throws -> Int {
            let function = Self.step(sites: sites)
            var count = 0
            try Lowering.lower(function).forEachStatement { _ in count += 1 }
            return count
        }
        let (few, many) = try (statements(300), statements(900))
        #expect(many <= few + 2, "\(few) statements for 300 sites, \(many) for 900")
    }

    @Test func smallProgramsStayAsTheyAre() throws {
        #expect(try Lowering.lower(Self.step(sites: 10)).packs.isEmpty)
        #expect(try !Lowering.lower(Self.step(sites: 200)).packs.isEmpty)
    }

    /// Positions, slots and data, each by its name, and a state that is like no other.
    @Test func namesAreKept() throws {
        let program = try Lowering.lower(Self.step(sites: 200))
        let states = (0..<200).flatMap { ["x\($0)", "o\($0)"] } + ["level"]
        #expect(program.stateNames == Set(states))
        #expect(program.dataNames == Set((0..<200).map { "y\($0)" }))
        #expect(program.packs.filter { $0.kind == .states }.count == 2)
    }

    /// The draws of packed sites last four steps, as those of one site do.
    @Test func packedDrawsAreKept() throws {
        let origin = Origin()
        let draws = (0..<40).map { site in
            Tensor.random(RandomOp(.normal, stream: UInt32(site), particle: 0, site: "z\(site)", origin: origin), shape: [])
        }
        let program = try Lowering.lower(LaneFunction(states: [.init("x", draws.map { sin($0) * $0 }.reduce(0, +))]), options: Self.eager)
        func text(privateBytes: Int) throws -> String {
            try program.kernelText(KernelOptions(width: 16, isDouble: false, interleaves: false, privateBytes: privateBytes)).kernel
        }
        #expect(try text(privateBytes: 1 << 16).contains("[(ls_step & 3) * 40 + "))
        #expect(try !text(privateBytes: 1 << 10).contains("[(ls_step & 3) * 40 + "))
    }

    private static func step(sites: Int) -> LaneFunction {
        let origin = Origin()
        func state(_ name: String) -> Tensor { .input(Input(.state, name, origin: origin), shape: []) }
        let xs = (0..<sites).map { state("x\($0)") }
        let level = state("level")
        let terms = xs.enumerated().map { number, x in
            square(x - level) + log(onePlus: square(x - .input(Input(.data, "y\(number)", origin: origin), shape: [])))
        }
        let gradients = Gradient.of(terms.reduce(0, +), withRespectTo: xs + [level])
        let isFine = gradients.reduce(Tensor(0.0)) { $0 + $1 * $1 }.isFinite
        return LaneFunction(
            states: zip(xs.indices, xs).flatMap { number, x -> [LaneFunction.State] in
                let mean = 0.9 * state("o\(number)") + gradients[number]
                return [.init("x\(number)", select(isFine, x - 0.1 * mean, x)), .init("o\(number)", mean)]
            } + [.init("level", level - 0.1 * gradients[sites])])
    }
}
