import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

@testable import LockstepCompiler

/// Dense rows one after the other, by the interpreter and from local memory, against the interpreter that runs the program as it was.
@Suite struct DenseRowsExecutionTests {
    struct Side: Sendable, CustomTestStringConvertible {
        let step: StepCase
        let testDescription: String

        init(_ step: StepCase, _ description: String) { (self.step, testDescription) = (step, description) }
    }

    static let sides = [
        Side(StatisticalModels.logisticRegression(), "logistic"),
        Side(StatisticalModels.logisticRegression(rows: 411, columns: 13), "logistic, odd"),
        Side(RowSteps.dense(rows: 1003, columns: 10, lanes: 5), "one table"),
        Side(RowSteps.dense(rows: 403, columns: 12, others: 9, lanes: 3), "two tables"),
        Side(RowSteps.dense(rows: 650, columns: 32, lanes: 2), "most columns"),
        Side(RowSteps.dense(rows: 300, columns: 11, lanes: 70, perLane: true), "each lane's own observations"),
        Side(RowSteps.dense(rows: 70, columns: 9, lanes: 3), "short sums"),
    ]
    static let schedules: [Schedule] = [.lanes, .group(vectors: 2, workers: 4), .group(vectors: 16, workers: 2)]

    @Test(arguments: sides, Precision.allCases) func interpreted(_ side: Side, _ precision: Precision) throws {
        let plain = try Lowering.lower(side.step.function)
        let dense = DenseRows.writtenOut(try Passes.forKernel(plain), bytes: 4)
        #expect(dense.mistakes.isEmpty, "\(dense.mistakes)")
        #expect(dense.body.count > plain.body.count, "nothing is written out")
        let found = try side.step.run(InterpreterExecutable(dense, precision: precision), precision)
        let wanted = try side.step.interpreted(precision)
        #expect(Outcomes.disagreement(found, wanted, relative: precision == .double ? 1e-10 : 2e-5) == nil)
    }

    /// In the form of GPUs, on a CPU device that is described as one.
    @Test(arguments: sides, schedules) func onDevices(_ side: Side, _ schedule: Schedule) throws {
        guard let card = try FakeDevices.card() else { return }
        for precision in Precision.allCases where precision == .float || card.info.supportsDouble {
            let found = try side.step.openCL(card, precision, width: 1, schedule: schedule)
            let wanted = try side.step.interpreted(precision)
            let difference = Outcomes.disagreement(found, wanted, relative: precision == .double ? 1e-9 : 2e-5)
            #expect(difference == nil, "\(precision)")
        }
    }

    /// A lane's numbers do not depend on the lanes beside it, nor on how many of a group are there.
    @Test(arguments: schedules) func lanesAreIndependent(_ schedule: Schedule) throws {
        guard let card = try FakeDevices.card() else { return }
        let all = RowSteps.dense(rows: 403, columns: 12, others: 9, lanes: 67)
        var few = all
        few.lanes = 3
        let wanted = try all.openCL(card, .float, width: 1, schedule: schedule)
        for (name, values) in try few.openCL(card, .float, width: 1, schedule: schedule) {
            #expect(values == wanted[name].map { Array($0[..<3]) }, "\(name)")
        }
    }
}
