import LockstepCompiler
import LockstepTensor

/// The buffers and keys of a batch. Per-lane arrays are laid out as [block][element][lane in block]; the lanes
/// that fill up the last block have key 0 and data 0.
final class BlockMemory<Real: ElementReal>: Sendable {
    enum Storage: Sendable {
        /// Block b begins at b * blockSize; what all lanes share has block size 0.
        case reals(AlignedStorage<Real>, blockSize: Int)
        case ints(AlignedStorage<Int32>, blockSize: Int)
        /// Each worker has its own.
        case temporary
    }

    let layout: LaneLayout
    /// The halves of the lanes' keys.
    let lowKeys: AlignedStorage<UInt32>
    let highKeys: AlignedStorage<UInt32>
    /// By buffer number.
    let buffers: [Storage]

    init(_ program: BlockProgram, _ inputs: LaneInputs, _ layout: LaneLayout) {
        self.layout = layout
        lowKeys = AlignedStorage(count: layout.blocks * layout.width)
        highKeys = AlignedStorage(count: layout.blocks * layout.width)
        layout.place(inputs.keys.map(\.low), count: 1, in: lowKeys.base)
        layout.place(inputs.keys.map(\.high), count: 1, in: highKeys.base)
        buffers = program.buffers.map { buffer in
            switch buffer.role {
            case .temporary: .temporary
            case .state, .record, .exchange, .slices: Self.storage(buffer, layout, [])
            case .table(let values):
                Self.storage(buffer, layout, values.count == 1 ? Array(repeating: values[0], count: buffer.count) : values)
            case .data(let name):
                switch inputs.data[name] {
                case .shared(let values), .perLane(let values): Self.storage(buffer, layout, values)
                case nil: Self.storage(buffer, layout, [])
                }
            }
        }
    }

    /// A buffer with the given values, or zeros. The values' number has been checked.
    private static func storage(_ buffer: BlockBuffer, _ layout: LaneLayout, _ values: [Double]) -> Storage {
        // Shared data are laid out as one lane in one block.
        let layout = buffer.isUniform ? LaneLayout(lanes: 1, width: 1) : layout
        let blockSize = buffer.count * layout.width
        let stride = buffer.isUniform ? 0 : blockSize
        switch buffer.bank {
        case .reals:
            let storage = AlignedStorage<Real>(count: layout.blocks * blockSize)
            layout.place(converting: values, count: buffer.count, in: storage.base)
            return .reals(storage, blockSize: stride)
        case .ints:
            let storage = AlignedStorage<Int32>(count: layout.blocks * blockSize)
            let ints = values.map { buffer.dtype == .bool ? ($0 != 0 ? 1 : 0) : Int32(saturating: $0) }
            layout.place(ints, count: buffer.count, in: storage.base)
            return .ints(storage, blockSize: stride)
        }
    }
}
