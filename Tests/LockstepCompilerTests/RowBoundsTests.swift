import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import Testing

/// Loops that end where no lane has more rows.
@Suite struct RowBoundsTests {
    private let origin = Origin()
    private var x: Tensor { .input(Input(.data, "x", origin: origin), shape: [200]) }
    private var count: Tensor { .input(Input(.data, "count", origin: origin), shape: [], dtype: .int) }
    private var counts: Tensor { Tensor.iota(200) .< count }

    private func program(_ values: [Tensor]) throws -> LaneProgram {
        try Lowering.lower(LaneFunction(states: values.enumerated().map { .init("\($0)", $1) }, perLane: ["x", "count"]))
    }

    private static let rowCounts = [0, 1, 63, 64, 65, 127, 128, 130, 199, 200]
    private static let rows = (0..<200).map { Double(($0 * 7919) % 101) / 50 - 1 }

    private func results(_ program: LaneProgram) throws -> [[Double]] {
        let inputs = LaneInputs(
            keys: Self.rowCounts.map { _ in Key(1) },
            data: ["x": .perLane(Self.rowCounts.flatMap { _ in Self.rows }), "count": .perLane(Self.rowCounts.map(Double.init))])
        let run = try InterpreterExecutable(program, precision: .double).start(inputs)
        try run.advance(from: 0, count: 1, scalars: [:])
        return try program.stateNames.sorted().map { try run.read($0).element(0) }
    }

    @Test func sumsAndExtremesOfSomeRows() throws {
        let program = try program([
            select(counts, x * x, 0).sum(), select(counts, x, Tensor(-Double.infinity)).max(), select(counts, x, Tensor(Double.infinity)).min(),
            (counts .& (0.5 .< x)).asInt.sum().asReal,
        ])
        #expect(program.description.contains("greatest of") && !program.description.contains("..< 200"), "\(program)")
        let found = try results(program)
        for (lane, count) in Self.rowCounts.enumerated() {
            let own = Self.rows[..<count]
            #expect(abs(found[0][lane] - own.reduce(0) { $0 + $1 * $1 }) < 1e-12)
            #expect(found[1][lane] == own.max() ?? -.infinity && found[2][lane] == own.min() ?? .infinity)
        }
    }

    /// Rows that count for something, or are read elsewhere, are gone through.
    @Test func otherLoopsStay() throws {
        let others = [
            select(counts, x, 1).sum(), select(.!counts, x, 0).sum(), select(counts, x, 0).max(), select(counts, x, 0).sum() + x.sum(),
        ]
        for other in others {
            let program = try program([other])
            #expect(!program.description.contains("greatest of"), "\(program)")
        }
        let kept = try program([select(counts, x, 0)])
        #expect(!kept.description.contains("greatest of"), "\(kept)")
    }

    /// Room beyond the rows that lanes have stays as it is, so nothing may read it.
    @Test func dataOfRowsAreKnown() throws {
        let own = try program([select(counts, x * x, 0).sum()])
        let together = try #require(own.rowsTogether["x"])
        #expect(1...16 ~= together && own.rowsTogether.count == 1)
        let others: Tensor = .input(Input(.data, "others", origin: origin), shape: [], dtype: .int)
        let both = select(counts, x, 0).sum() + select(Tensor.iota(200) .< others, x * x, 0).sum()
        let all = [[select(counts, x, 0).sum() + x.sum()], [select(counts, x, 0)], [both], [select(counts, x, 0).sum() + x[3]]]
        for values in all {
            let program = try Lowering.lower(
                LaneFunction(states: values.enumerated().map { .init("\($0)", $1) }, perLane: ["x", "count", "others"]))
            #expect(program.rowsTogether.isEmpty, "\(program)")
        }
    }
}
