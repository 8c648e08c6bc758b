import LockstepTensor
import TestSupport
import Testing

@testable import LockstepCompiler

/// Rows of shared data in local memory, asked of the text of kernels.
@Suite struct StagedRowsTests {
    private static func text(_ step: StepCase, isDouble: Bool = false, _ change: (inout KernelOptions) -> Void = { _ in }) throws -> KernelText {
        var options = KernelOptions(width: 1, isDouble: isDouble, interleaves: true, privateBytes: 2048)
        options.groupSize = 64
        change(&options)
        return try Lowering.lower(step.function).kernelText(options)
    }

    private static func grouped(_ tile: Int, _ workers: Int) -> (inout KernelOptions) -> Void {
        { options in
            options.group = KernelOptions.Group(tile: tile, workers: workers, localBytes: 48 << 10)
            options.groupSize = tile * workers
        }
    }

    /// The lines inside of the loop whose head has a text.
    private static func lines(_ text: String, inside head: String) -> [Substring] {
        let all = text.split(separator: "\n")
        guard let first = all.firstIndex(where: { $0.contains(head) }) else { return [] }
        let margin = all[first].prefix { $0 == " " }
        return Array(all[(first + 1)...].prefix { !$0.hasPrefix(margin + "}") })
    }

    private static func bytes(_ text: String) -> Int {
        text.split(separator: "\n").reduce(0) { sum, line in
            guard let match = line.firstMatch(of: /__local (float|double|int|real)(4?) \w+\[(\d+)\]/) else { return sum }
            return sum + (match.1 == "double" ? 8 : 4) * (match.2.isEmpty ? 1 : 4) * (Int(match.3) ?? 0)
        }
    }

    /// A row's elements and numbers come from local memory, by fours, each once; nothing comes from global memory.
    @Test(arguments: [false, true]) func rowsComeFromLocalMemory(_ isGrouped: Bool) throws {
        for step in [StatisticalModels.logisticRegression(), RowSteps.dense(rows: 403, columns: 12, others: 9, lanes: 1)] {
            let text = try Self.text(step, isGrouped ? Self.grouped(32, 8) : { _ in })
            let head = try #require(text.kernel.firstMatch(of: /for \(int (i\d+) = i\d+_2/))
            let lines = Self.lines(text.kernel, inside: String(head.0))
            #expect(lines.count > 100)
            let globals = text.parameters.indices.compactMap { place -> String? in
                if case .buffer(let id) = text.parameters[place] { "b\(id.number)[" } else { nil }
            }
            #expect(globals.count > 3)
            for line in lines { #expect(!globals.contains { line.contains($0) }, "\(line)") }
            // Eight rows are written out.
            #expect(lines.filter { $0.contains("LS_NEXT_ROW;") }.count == 7)
            let loads = lines.filter { $0.contains("= ls_rows_") }
            #expect(Set(loads).count == loads.count)
            #expect(loads.allSatisfy { $0.contains("const float4 ls_row") || $0.contains("const int4 ls_row") })
        }
    }

    /// Every work-item comes to every barrier: no way leads around one, and only loops that all go through alike lead to one.
    @Test(arguments: [false, true]) func barriersAreForAll(_ isGrouped: Bool) throws {
        let text = try Self.text(RowSteps.dense(rows: 1003, columns: 20, lanes: 1), isGrouped ? Self.grouped(16, 4) : { _ in }).kernel
        let step = text.components(separatedBy: "lockstep_steps_start").first ?? ""
        var open: [Substring] = []
        var count = 0
        for line in step.split(separator: "\n") {
            if line.hasSuffix("}") { open.removeLast() }
            if line.hasSuffix("{") { open.append(line) }
            guard line.contains("LS_BARRIER") else { continue }
            count += 1
            for outer in open where outer.contains("for (") {
                let bounds = outer.prefix { $0 != "{" }
                #expect(!bounds.contains("ls_worker") && !bounds.contains("ls_local"), "\(outer)")
            }
            #expect(!open.contains { $0.contains("if (") }, "\(open)")
        }
        #expect(count >= 2)
        #expect(!step.contains("return") || isGrouped)
    }

    /// What is said to be taken of local memory is what is declared, and no more than there is.
    @Test(arguments: [false, true]) func localMemory(_ isDouble: Bool) throws {
        for step in [StatisticalModels.logisticRegression(columns: 16), RowSteps.dense(rows: 1003, columns: 18, lanes: 1)] {
            let alone = try Self.text(step, isDouble: isDouble)
            #expect(alone.localBytes == Self.bytes(alone.kernel.replacing("real", with: isDouble ? "double" : "float")))
            #expect(alone.localBytes > 1 << 10 && alone.localBytes <= 16 << 10)
            let grouped = try Self.text(step, isDouble: isDouble, Self.grouped(32, 8))
            #expect(grouped.localBytes == Self.bytes(grouped.kernel.replacing("real", with: isDouble ? "double" : "float")))
            #expect(grouped.localBytes > 16 << 10 && grouped.localBytes <= 48 << 10)
        }
    }

    /// Work-items alone have nobody to share rows with, few numbers of a row are loaded in time, and CPUs have caches.
    @Test func otherTextStays() throws {
        let dense = RowSteps.dense(rows: 1003, columns: 20, lanes: 1)
        #expect(try !Self.text(dense) { $0.groupSize = 1 }.kernel.contains("__local"))
        #expect(try !Self.text(dense) { ($0.width, $0.interleaves) = (16, false) }.kernel.contains("__local"))
        #expect(try !Self.text(StatisticalModels.gaussianMixture()).kernel.contains("__local"))
        #expect(try !Self.text(StatisticalModels.radon()).kernel.contains("__local"))
    }

    /// Sums of log(1 + exp(-|x|)) need no look at their operands; those of anything else do.
    @Test func logarithmsOfFractions() throws {
        #expect(try !Self.text(StatisticalModels.logisticRegression()).kernel.contains("ls_sum_log1p"))
        #expect(try Self.text(StatisticalModels.logisticRegression()) { ($0.width, $0.interleaves) = (16, false) }.kernel.contains("ls_sum_log1p8("))
        var new = ProgramExtension(LaneProgram())
        let r = (0..<6).map { _ in new.register(.real) }
        new.program.body = [
            .map(r[1], .abs, [r[0]]), .map(r[2], .negate, [r[1]]), .map(r[3], .exp, [r[2]]), .map(r[4], .negate, [r[0]]), .map(r[5], .exp, [r[4]]),
        ]
        let options = KernelOptions(width: 1, isDouble: false, interleaves: true, privateBytes: 0)
        #expect(KernelWriter.fractions(new.program, options) == [r[3]])
        #expect(KernelWriter.grown(["a", "b", "c"]) == "ls_grown(ls_grown(a, b), c)")
    }
}
