import Dispatch
import Foundation
import LockstepCompiler
import LockstepTensor

/// A lane program for the built-in CPU interpreter: the fallback where there is no OpenCL, and the oracle.
///
/// It executes one instruction over a block of lanes at a time, blocks in parallel on all cores.
package struct InterpreterExecutable: LaneExecutable {
    package let precision: Precision
    package let compileSeconds: Double
    package let source: LaneProgram
    private let program: BlockProgram
    /// Draws where lanes begin.
    private let startProgram: BlockProgram?
    private let blockWidth: Int?

    /// - Parameters:
    ///   - blockWidth: lanes of a block; chosen by the program's size when nil. Results do not depend on it.
    ///   - level: the instruction set, the best one when nil. Results do not depend on it.
    package init(_ program: LaneProgram, precision: Precision, blockWidth: Int? = nil, level: Int32? = nil) {
        let start = DispatchTime.now().uptimeNanoseconds
        source = program
        self.program = Translation.translate(program, LaneLoops(precision, level: level))
        startProgram = program.start.map { Translation.translate($0, LaneLoops(precision, level: level)) }
        self.precision = precision
        self.blockWidth = blockWidth
        compileSeconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    }

    package var bytesPerLane: Int { source.bytesPerLane(realBytes: precision == .float ? 4 : 8) }
    package var chosenSchedule: Schedule? { nil }
    package var laneWidth: Int { 1 }

    package func start(_ inputs: LaneInputs, placed: PlacedData?) throws -> any LaneExecution {
        let given = Set(inputs.data.keys)
        let inputs = try inputs.completed(for: source)
        try inputs.validate(for: source)
        switch precision {
        case .float: return PackedExecution.over(try execution(Float.self, inputs, given, placed), source.packs)
        case .double: return PackedExecution.over(try execution(Double.self, inputs, given, placed), source.packs)
        }
    }

    private func execution<Real: ElementReal>(
        _ type: Real.Type, _ inputs: LaneInputs, _ given: Set<String>, _ placed: PlacedData?
    ) throws -> InterpreterExecution<Real> {
        let lanes = inputs.keys.count
        let cores = max(ProcessInfo.processInfo.activeProcessorCount, 1)
        let layout: LaneLayout
        if let blockWidth {
            layout = LaneLayout(lanes: lanes, width: max(blockWidth, 1))
        } else {
            let filled = BlockWidth.choose(
                lanes: lanes, cores: cores, bytesPerLane: program.scratchBytesPerLane(realSize: MemoryLayout<Real>.size))
            layout = LaneLayout(lanes: lanes, width: BlockWidth.wholeVectors(filled), filled: filled)
        }
        let workers = max(min(cores, layout.blocks), 1)
        try checkMemory(layout, workers: workers)
        return InterpreterExecution(
            program, start: startProgram, inputs, layout, workers: workers, given: given, shared: placed as? BlockSharedData<Real>)
    }

    /// - Throws: `ExecutionError` where arrays for one block of lanes, or for as many as are given, are too large.
    package func checkMemory(lanes: Int = 1) throws {
        try checkMemory(LaneLayout(lanes: lanes, width: BlockWidth.wholeVectors(1)), workers: 1)
    }

    private func checkMemory(_ layout: LaneLayout, workers: Int) throws(ExecutionError) {
        try source.checkExtents()
        let realBytes = precision == .float ? 4 : 8
        var demand = MemoryDemand(lanes: layout.lanes)
        for buffer in source.buffers {
            let copies = buffer.role == .temporary ? workers : layout.blocks
            demand.add(buffer, elementBytes: buffer.dtype == .real ? realBytes : 4, copies: buffer.isUniform ? 1 : copies * layout.width)
        }
        try demand.check(HostMemory.limit, of: "this machine")
    }
}
