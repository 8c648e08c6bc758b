import LockstepTensor
import TestSupport
import Testing

@testable import LockstepCompiler

/// What rows sorted by group are for, asked of the lane program itself.
@Suite struct GroupedRowsTests {
    private static func scatters(_ program: LaneProgram) -> Int {
        var count = 0
        program.forEachStatement { if case .accumulate(_, _, let index, _) = $0, !index.registers.isEmpty { count += 1 } }
        return count
    }

    private static func arrays(_ program: LaneProgram, _ count: Int) -> Int {
        program.buffers.filter { !$0.isUniform && $0.role == .temporary && $0.count >= count }.count
    }

    @Test func radonIsOnePassOverCounties() throws {
        let plain = try Lowering.lower(StatisticalModels.radon().function)
        let program = GroupedRows.grouped(plain, fewestRows: 2)
        #expect(program.mistakes.isEmpty, "\(program.mistakes)")
        #expect(Self.scatters(plain) == 1 && Self.scatters(program) == 0)
        #expect(Self.arrays(program, 85) + 3 <= Self.arrays(plain, 85), "\(program)")
        let outer = program.loops(over: 85).filter { loop in
            loop.body.contains { if case .loop(let inner) = $0 { inner.variable.extent == 919 && inner.window != nil } else { false } }
        }
        #expect(outer.count == 1, "\(program)")
        #expect(outer.first?.flush?.interval == 340 * 85 / 919)
        #expect(outer.first?.split?.keepsRows == true)
    }

    @Test func groupsMustBeLarge() throws {
        let plain = try Lowering.lower(StatisticalModels.radon().function)
        #expect(GroupedRows.grouped(plain, fewestRows: 11) == plain)
        #expect(GroupedRows.grouped(plain, fewestRows: 10) != plain)
    }

    /// Rows that are kept, and rows that are written out several at a time, stay as they are.
    @Test func otherLoopsStay() throws {
        for step in [RowSteps.keptRows(rows: 300, lanes: 1), RowSteps.regression(rows: 400, columns: 20, groups: 5, lanes: 1)] {
            let plain = try Lowering.lower(step.function)
            #expect(GroupedRows.grouped(plain, fewestRows: 1) == plain)
        }
    }

    /// Of each lane's own data no row moves: they are read where they lie.
    @Test func dataOfLanesAreReadByNumber() throws {
        let step = RowSteps.regression(rows: 400, columns: 3, groups: 5, lanes: 2, perLane: true)
        let program = GroupedRows.grouped(try Lowering.lower(step.function), fewestRows: 1)
        #expect(program.mistakes.isEmpty, "\(program.mistakes)")
        let parts = program.buffers.compactMap { if case .grouped(let data) = $0.role { "\(data.part) of \(data.name)" } else { nil } }
        #expect(parts.sorted() == ["numbers of group", "rows of x", "starts of group"])
    }

    @Test func order() throws {
        let order = try #require(GroupedData.Order([2, 0, 2, 1, 0], groups: 4))
        #expect(order.numbers == [1, 4, 3, 0, 2])
        #expect(order.starts == [0, 2, 3, 5, 5])
        #expect(GroupedData.Order([], groups: 2)?.starts == [0, 0, 0])
        #expect(GroupedData.Order([0, 4], groups: 4) == nil)
        #expect(GroupedData.Order([-1], groups: 4) == nil)
    }

    /// Each loop that can be merged is, and none that may not.
    @Test func mergedLoops() throws {
        var new = ProgramExtension(LaneProgram())
        let (a, b, sum) = (new.temporary(5), new.temporary(5), new.temporary(1))
        func loop(_ body: (IndexExpression) -> [Statement]) -> Statement {
            let counter = new.variable(5)
            return .loop(Loop(variable: counter, body: body(.variable(counter))))
        }
        let (one, x, y, z) = (new.register(.real), new.register(.real), new.register(.real), new.register(.real))
        let first = loop { [.store(a, $0, one), .accumulate(.sum, sum, .constant(0), one)] }
        let next = loop { [.load(x, a, $0), .store(b, $0, x)] }
        let ofSum = loop { [.load(y, sum, .constant(0)), .store(b, $0, y)] }
        let shifted = loop { [.load(z, a, $0 * 0 + .constant(3)), .store(b, $0, z)] }
        func count(_ statements: [Statement]) -> Int {
            var program = new.program
            let ends = (0..<5).map { element -> Statement in .load(Register(0), b, .constant(element)) }
            program.buffers.append(Buffer(role: .state("s"), dtype: .real, count: 1, isUniform: false))
            let end: [Statement] = ends.flatMap { [$0, .store(BufferID(3), .constant(0), Register(0))] }
            program.body = [.constant(one, 1), .store(sum, .constant(0), one)] + statements + end
            return MergedLoops.merged(program).body.filter { if case .loop = $0 { true } else { false } }.count
        }
        #expect(count([first, next]) == 1)
        #expect(count([first, ofSum]) == 2)
        #expect(count([first, shifted]) == 2)
    }
}
