import LockstepTensor
import TestSupport
import Testing

@testable import LockstepCompiler

/// What is counted in a step, against the text of its kernel and against programs written by hand.
@Suite struct StepWorkTests {
    private static let options = KernelOptions(width: 1, isDouble: false, interleaves: true, privateBytes: 1 << 11)

    private static func work(rows: Int, columns: Int = 3, groups: Int = 4, perLane: Bool = false) throws -> StepWork {
        let step = RowSteps.regression(rows: rows, columns: columns, groups: groups, lanes: 1, perLane: perLane)
        return try StepWork(Lowering.lower(step.function), options)
    }

    @Test func rowsAreDealtOut() throws {
        let (few, many) = (try Self.work(rows: 1000), try Self.work(rows: 2000))
        func total(_ work: StepWork) -> Int { work.dealt.reduce(0) { $0 + $1.iterations * $1.amount.operations } }
        #expect(abs(Double(total(many)) / Double(total(few)) - 2) < 0.01)
        // A hyperbolic tangent a row, and a few operations for each column.
        #expect(total(few) > 1000 * 30 && total(few) < 1000 * 100)
        #expect(few.repeated.operations == many.repeated.operations)
        #expect(few.sums == many.sums && few.reductions == many.reductions)
        // Too few rows for anybody to share.
        let none = try Self.work(rows: 31)
        #expect(none.dealt.isEmpty && none.sums == 0 && none.fences == 0)
    }

    /// Data of each lane are its own, those of all lanes are not.
    @Test func dataAreALanesOwnOrShared() throws {
        let (shared, own) = (try Self.work(rows: 1000), try Self.work(rows: 1000, perLane: true))
        #expect(own.laneElements == shared.laneElements + 1000)
        func sum(_ work: StepWork, _ count: (StepWork.Amount) -> Int) -> Int {
            work.dealt.reduce(0) { $0 + $1.iterations * count($1.amount) }
        }
        #expect(abs(sum(own, \.accesses) - sum(shared, \.accesses) - 1000) < 20)
        #expect(abs(sum(shared, \.sharedLoads) - sum(own, \.sharedLoads) - 1000) < 20)
    }

    /// Groups that are added to by index lie in memory, an array for each worker.
    @Test func arraysOfAWorkerAreCounted() throws {
        let (few, many) = (try Self.work(rows: 1000, groups: 40), try Self.work(rows: 1000, groups: 80))
        // Offsets, their sums with what rounding left of them, at least.
        #expect(many.ownElements + many.laneElements - few.ownElements - few.laneElements >= 3 * 40)
        #expect(many.values - few.values < 10)
    }

    /// Sixteen sums are put together at once, as in the text.
    @Test(arguments: [3, 9, 16]) func reductionsAreThoseOfTheText(_ columns: Int) throws {
        let step = RowSteps.regression(rows: 1000, columns: columns, groups: 3, lanes: 1)
        let program = try Lowering.lower(step.function)
        let work = try StepWork(program, Self.options)
        var options = Self.options
        options.group = KernelOptions.Group(tile: 16, workers: 4)
        let text = try program.kernelText(options).kernel
        let sums = text.components(separatedBy: " + ls_local] = ").count - 1
        #expect(work.sums == sums, "\(text)")
        #expect(work.reductions == text.components(separatedBy: "for (int ls_other = ls_lane").count - 1)
    }

    /// What one loop keeps for each row, and another reads, is a barrier, and lies in memory for the workers together.
    @Test func keptRowsAreOfALane() throws {
        let work = try StepWork(Lowering.lower(RowSteps.keptRows(rows: 1000, lanes: 1).function), Self.options)
        #expect((1...3).contains(work.fences))
        #expect(work.laneElements >= 2000 && work.ownElements == 0)
    }

    /// A loop over the rows of a group runs as often, all together, as there are rows.
    @Test func windowsArePartsOfARange() throws {
        let step = RowSteps.regression(rows: 1000, columns: 2, groups: 50, lanes: 1)
        let program = try Lowering.lower(step.function)
        let grouped = GroupedRows.grouped(program, fewestRows: 2)
        #expect(grouped != program)
        #expect(GroupedRows.grouped(program, fewestRows: 2, fewestGroups: 51) == program)
        #expect(GroupedRows.grouped(program, fewestRows: 2, fewestGroups: 50) == grouped)
        func total(_ program: LaneProgram) throws -> Int {
            let work = try StepWork(program, Self.options)
            return work.repeated.operations + work.dealt.reduce(0) { $0 + $1.iterations * $1.amount.operations }
        }
        let ratio = try Double(total(grouped)) / Double(total(program))
        #expect(ratio > 0.6 && ratio < 1.3, "\(ratio)")
    }

    /// Values are counted while they are needed: all of them at once where their sum is taken last, two where it is taken as
    /// they come.
    @Test(arguments: [4, 10, 50]) func valuesLiveUntilTheirLastUse(_ count: Int) throws {
        let together = Self.sum(count, isLast: true)
        #expect(LiveValues(together).most == count)
        #expect(LiveValues(Self.sum(count, isLast: false)).most == 2)
        // In a loop, what stands before it is kept to its end.
        var inLoop = together
        let loop = Loop(variable: LoopVariable(number: 0, extent: 3), body: Array(together.body[count...]))
        inLoop.body = Array(together.body[..<count]) + [.loop(loop)]
        #expect(LiveValues(inLoop).most > count)
        #expect(LiveValues(inLoop).most <= count + 2)
    }

    /// A step without loops that could be shared.
    @Test func straightLinesAreRepeated() throws {
        let work = try StepWork(Self.sum(10, isLast: true), Self.options)
        #expect(work.dealt.isEmpty && work.sums == 0 && work.fences == 0 && work.ownElements == 0)
        #expect(work.laneElements == 10)
        // Ten loads, nine sums, a store.
        #expect(work.repeated.operations == 20)
        #expect(work.repeated.accesses == 11)
    }

    /// The sum of data of a lane, which are loaded one after the other as they are needed, or before.
    private static func sum(_ count: Int, isLast: Bool) -> LaneProgram {
        var program = LaneProgram()
        program.buffers = [
            Buffer(role: .data("x"), dtype: .real, count: count, isUniform: false),
            Buffer(role: .record("y"), dtype: .real, count: 1, isUniform: false),
        ]
        program.registers = [RegisterType](repeating: RegisterType(dtype: .real, isUniform: false), count: 2 * count)
        let loads = (0..<count).map { Statement.load(Register($0), BufferID(0), .constant($0)) }
        let sums = (1..<count).map { place in
            Statement.map(Register(count + place), .add, [Register(place == 1 ? 0 : count + place - 1), Register(place)])
        }
        program.body = isLast ? loads + sums : [loads[0]] + zip(loads.dropFirst(), sums).flatMap { [$0, $1] }
        program.body.append(.store(BufferID(1), .constant(0), Register(2 * count - 1)))
        return program
    }
}
