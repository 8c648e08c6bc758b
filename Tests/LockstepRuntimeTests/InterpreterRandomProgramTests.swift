import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import Testing

/// Programs that nobody thought of: registers of all lifetimes, loops in loops, loads around stores.
@Suite struct InterpreterRandomProgramTests {
    @Test(arguments: 0..<60)
    func agreesWithTheReference(_ seed: Int) throws {
        var maker = RandomProgram(seed: UInt64(seed))
        let lanes = 5
        let integers = (0..<lanes * 4).map { Double($0 * 7 % 4) }
        try ProgramCase(
            program: maker.make(), lanes: lanes,
            data: [
                "own": .perLane((0..<lanes * 8).map { Double($0) / 7 - 2 }), "ownIndex": .perLane(integers),
                "shared": .shared((0..<8).map { Double($0 * $0) / 11 - 3 }), "sharedIndex": .shared([2, 0, 3, 1]),
            ],
            scalars: ["rate": 0.3]
        ).expectAgreement()
    }
}

private struct RandomProgram {
    private var state: UInt64
    private var b = ProgramBuilder()
    private var readable: [BufferID] = []
    private var writable: [BufferID] = []
    private var masks: [BufferID] = []
    private var indices: [BufferID] = []
    /// Registers that may be read here.
    private var reals: [Register] = []
    private var bools: [Register] = []
    /// Values in 0 ..< 4.
    private var ints: [Register] = []
    private var variables: [IndexExpression] = []
    private var stream: UInt32 = 0

    init(seed: UInt64) { state = seed &* 2 + 1 }

    private mutating func random(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }

    private mutating func pick<T>(_ values: [T]) -> T { values[random(values.count)] }

    mutating func make() -> LaneProgram {
        let own = b.buffer(.data("own"), 8), shared = b.buffer(.data("shared"), 8, uniform: true)
        let table = b.buffer(.table([1, 0.5, -0.25, 2, 0, -3, 0.125, 7]), 8, uniform: true)
        writable = [b.buffer(.state("a"), 8), b.buffer(.state("b"), 8), b.buffer(.temporary, 8)]
        readable = writable + [own, shared, table]
        masks = [b.buffer(.state("mask"), 8, .bool)]
        indices = [b.buffer(.data("ownIndex"), 4, .int), b.buffer(.data("sharedIndex"), 4, .int, uniform: true)]
        reals = [b.constant(0.75), b.scalar("rate"), b.map(.toReal, b.step())]
        ints = [b.constant(3, .int)]
        bools = [b.map(.less, reals[0], reals[2])]
        let temporary = writable[2]
        let first = reals[2]
        b.loop(8) { b, i in b.store(temporary, i, b.map(.multiply, first, b.map(.toReal, b.index(i)))) }
        statements(count: 14, depth: 0)
        return b.finish()
    }

    /// An index in 0 ..< 8.
    private mutating func index() -> IndexExpression {
        var sum = IndexExpression.constant(random(2))
        for _ in 0..<2 {
            switch random(4) {
            case 0: sum = sum + .register(pick(ints))
            case 1 where !variables.isEmpty: sum = sum + pick(variables)
            default: break
            }
        }
        if random(3) == 0 {
            let (quotient, remainder) = (sum * 5).quotientAndRemainder(dividingBy: 3)
            sum = random(2) == 0 ? remainder : quotient
        }
        return sum.quotientAndRemainder(dividingBy: 8).remainder
    }

    private mutating func statements(count: Int, depth: Int) {
        for _ in 0..<count { statement(depth) }
    }

    private mutating func statement(_ depth: Int) {
        switch random(15) {
        case 0, 1: reals.append(b.load(pick(readable), index()))
        case 2: ints.append(b.load(pick(indices), index().quotientAndRemainder(dividingBy: 4).remainder))
        case 3, 4: reals.append(b.map(.tanh, b.map(pick([.add, .multiply, .subtract, .maximum]), pick(reals), pick(reals))))
        case 5: reals.append(b.map(.select, pick(bools), pick(reals), pick(reals)))
        case 6: bools.append(b.map(pick([.less, .lessOrEqual, .equal]), pick(reals), pick(reals)))
        case 7: ints.append(b.map(pick([.minimum, .maximum]), pick(ints), pick(ints)))
        case 8: b.store(pick(writable), index(), pick(reals))
        // Elements that differ by lane are added to only.
        case 9:
            let index = index()
            b.accumulate(index.registers.isEmpty ? pick([.sum, .maximum, .minimum]) : .sum, pick(writable), index, b.map(.tanh, pick(reals)))
        case 10:
            let index = index()
            if index.registers.isEmpty { b.accumulate(.any, pick(masks), index, pick(bools)) }
        case 11:
            stream += 1
            let expression = index()
            reals += b.draw4(pick([.normal, .uniform]), stream: stream, group: expression)
        case 12:
            stream += 1
            reals.append(b.draw1(pick([.normal, .uniform]), stream: stream))
        default:
            if depth < 3 { loop(depth) }
        }
    }

    private mutating func loop(_ depth: Int) {
        let outer = (reals, bools, ints, variables)
        let (count, interval) = (2 + random(5), random(2) == 0 ? nil : 1 + random(3))
        let extent = 1 + random(4)
        // The builder is part of self: lend it to the closures and take it back.
        var lent = b
        var copy = self
        lent.loop(extent, flushEvery: interval) { inner, variable in
            copy.b = inner
            copy.variables.append(variable)
            copy.statements(count: count, depth: depth + 1)
            inner = copy.b
            (copy.reals, copy.bools, copy.ints, copy.variables) = outer
        } flush: { inner, variable in
            copy.b = inner
            if interval != nil { copy.statements(count: 3, depth: 3) }
            inner = copy.b
        }
        self = copy
        b = lent
        (reals, bools, ints, variables) = outer
    }
}
