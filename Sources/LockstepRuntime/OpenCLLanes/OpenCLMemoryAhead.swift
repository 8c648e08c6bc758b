import LockstepCompiler
import LockstepTensor
import Synchronization

/// The memory of the batch that a program runs first, filled on a thread of its own while the driver compiles.
final class OpenCLMemoryAhead: Sendable {
    private struct Batch: Sendable {
        let keys: [Key]
        let memory: OpenCLLaneMemory
    }

    /// Nil once it is taken: a batch writes it.
    private let batch: Mutex<Background<Batch>?>

    /// Nil where the driver is to be used from one thread at a time.
    init?(
        _ first: FirstBatch, _ program: LaneProgram, _ stages: [OpenCLStage], _ session: OpenCLSession, _ schedule: OpenCLSchedule,
        _ precision: Precision
    ) {
        if ResolvedDevice.opencl(session).isOfOneThread { return nil }
        batch = Mutex(
            Background(onThread: true) {
                let lanes = WaveLimits(schedule, stages, precision, on: session.info).lanes(budget: first.budget)
                let inputs = first.inputs(lanes)
                return Batch(keys: inputs.keys, memory: try OpenCLLaneMemory(program, stages, session, schedule, precision, inputs))
            })
    }

    /// The memory, where it is that of these lanes and nobody has it.
    ///
    /// - Throws: why it could not be filled.
    func take(_ inputs: LaneInputs) throws -> OpenCLLaneMemory? {
        let taken = batch.withLock { batch in
            defer { batch = nil }
            return batch
        }
        guard let batch = try taken?.value(), batch.keys == inputs.keys else { return nil }
        return batch.memory
    }
}
