import LockstepTensor
import TestSupport
import Testing

@testable import LockstepCompiler

/// What dense rows one after the other are for, asked of the lane program itself.
@Suite struct DenseRowsTests {
    private static func programs(_ step: StepCase, bytes: Int = 4) throws -> (plain: LaneProgram, dense: LaneProgram) {
        let plain = try Passes.forKernel(Lowering.lower(step.function))
        return (plain, DenseRows.writtenOut(plain, bytes: bytes))
    }

    /// The loop over most rows.
    private static func rows(_ program: LaneProgram, _ extent: Int) throws -> Loop { try #require(program.loops(over: extent).first) }

    @Test(arguments: [(569, 30), (400, 20), (300, 9)]) func oneRowAfterTheOther(_ rows: Int, _ columns: Int) throws {
        let (plain, dense) = try Self.programs(StatisticalModels.logisticRegression(rows: rows, columns: columns))
        #expect(dense.mistakes.isEmpty, "\(dense.mistakes)")
        let before = try Self.rows(plain, rows / 8)
        #expect(before.body.contains { if case .loop = $0 { true } else { false } })
        let loop = try Self.rows(dense, rows / 8)
        // Straight statements, of which each element of a row is loaded by one, and the lane's own by none.
        var places: [Int] = []
        for statement in loop.body {
            switch statement {
            case .loop: Issue.record("an inner loop is left")
            case .load(_, let buffer, let index):
                #expect(dense.buffers[buffer.number].isUniform, "\(dense.text(statement))")
                if let piece = index.piece(.variable(loop.variable)), piece.length == 8 * columns { places.append(piece.place.asConstant ?? -1) }
            default: break
            }
        }
        #expect(places.count == 8 * columns)
        #expect(places.map { $0 / columns } == places.map { $0 / columns }.sorted())
        #expect(Set(places).count == places.count)
        // Sums over rows have constant places.
        let sums = loop.body.filter { statement in
            guard case .accumulate(_, let buffer, let index, _) = statement else { return false }
            return index.asConstant != nil && dense.buffers[buffer.number].count == columns
        }
        #expect(sums.count == 8 * columns)
    }

    /// What takes too many registers, in one precision or in both, and what is no such loop.
    @Test func otherLoopsStay() throws {
        let wide = try Self.programs(RowSteps.dense(rows: 400, columns: 36, lanes: 1))
        #expect(wide.dense == wide.plain)
        let two = try Self.programs(RowSteps.dense(rows: 400, columns: 20, others: 18, lanes: 1))
        #expect(two.dense == two.plain)
        let less = RowSteps.dense(rows: 400, columns: 20, others: 10, lanes: 1)
        #expect(try Self.programs(less).dense != Self.programs(less).plain)
        #expect(try Self.programs(less, bytes: 8).dense == Self.programs(less, bytes: 8).plain)
        for step in [
            RowSteps.dense(rows: 40, columns: 12, lanes: 1), RowSteps.regression(rows: 400, columns: 20, groups: 5, lanes: 1),
            RowSteps.keptRows(rows: 300, lanes: 1), StatisticalModels.gaussianMixture(), StatisticalModels.radon(),
        ] {
            let (plain, dense) = try Self.programs(step)
            #expect(dense == plain)
        }
    }

    /// A dot product is added up side by side, and begins with no zero.
    @Test func twoSumsOfADotProduct() throws {
        let (_, dense) = try Self.programs(StatisticalModels.logisticRegression(rows: 80, columns: 12))
        let loop = try Self.rows(dense, 10)
        var depth: [Register: Int] = [:]
        for case .map(let result, .add, let operands) in loop.body { depth[result] = 1 + (operands.compactMap { depth[$0] }.max() ?? 0) }
        // Twelve products in two sums, the two of them, the intercept.
        #expect(depth.values.max().map { $0 <= 5 + 1 + 1 } ?? false, "\(depth.values.max() ?? 0)")
    }
}
