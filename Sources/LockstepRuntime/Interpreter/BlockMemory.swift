import CLanes
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
    /// Those of the program that draws where lanes begin.
    let startBuffers: [Storage]

    /// - Parameter shared: data that lie ready.
    init(_ program: BlockProgram, start: BlockProgram?, _ inputs: LaneInputs, _ layout: LaneLayout, shared: BlockSharedData<Real>?) {
        self.layout = layout
        lowKeys = AlignedStorage(count: layout.blocks * layout.width)
        highKeys = AlignedStorage(count: layout.blocks * layout.width)
        inputs.keys.map(\.low).withUnsafeBufferPointer { [lowKeys] in layout.place(words: $0, count: 1, in: lowKeys.base) }
        inputs.keys.map(\.high).withUnsafeBufferPointer { [highKeys] in layout.place(words: $0, count: 1, in: highKeys.base) }
        var named: [BlockBuffer: Storage] = shared?.storages ?? [:]
        func storage(_ buffer: BlockBuffer) -> Storage {
            switch buffer.role {
            case .temporary: return .temporary
            case .table(let values):
                return Self.storage(buffer, layout, .shared(values.count == 1 ? Array(repeating: values[0], count: buffer.count) : values))
            case .state, .record, .exchange, .slices, .grouped, .data: break
            }
            if let known = named[buffer] { return known }
            var data: LaneInputs.Data?
            if case .data(let name) = buffer.role { data = inputs.data[name] }
            let isWritten = if case .data = buffer.role { false } else { start != nil }
            let made = Self.storage(buffer, layout, data, isUndefined: isWritten)
            named[buffer] = made
            return made
        }
        buffers = program.buffers.map(storage)
        startBuffers = start?.buffers.map(storage) ?? []
    }

    /// What other batches need not place again.
    ///
    /// - Parameter given: the names of the data that are not the program's own.
    func shared(_ program: BlockProgram, given: Set<String>) -> BlockSharedData<Real> {
        var storages: [BlockBuffer: Storage] = [:]
        for (buffer, storage) in zip(program.buffers, buffers) {
            if case .data(let name) = buffer.role, buffer.isUniform, given.contains(name) { storages[buffer] = storage }
        }
        return BlockSharedData(storages: storages)
    }

    /// A buffer with the given values, or zeros. The values' number has been checked.
    ///
    /// - Parameter isUndefined: whether somebody else is going to fill it.
    private static func storage(_ buffer: BlockBuffer, _ layout: LaneLayout, _ values: LaneInputs.Data?, isUndefined: Bool = false) -> Storage {
        // Shared data are laid out as one lane in one block.
        let layout = buffer.isUniform ? LaneLayout(lanes: 1, width: 1) : layout
        let blockSize = buffer.count * layout.width
        let stride = buffer.isUniform ? 0 : blockSize
        func filled<Element>(_ type: Element.Type, _ format: ElementFormat) -> AlignedStorage<Element> {
            let storage = AlignedStorage<Element>(count: layout.blocks * blockSize, isUndefined: isUndefined || values != nil)
            switch values {
            case .shared(let numbers), .perLane(let numbers): layout.place(numbers, count: buffer.count, as: format, in: storage.base)
            case .rows(let rows): layout.place(rows, count: buffer.count, together: nil, as: format, in: storage.base)
            case nil: break
            }
            return storage
        }
        switch buffer.bank {
        case .reals: return .reals(filled(Real.self, Real.self == Float.self ? .float : .double), blockSize: stride)
        case .ints: return .ints(filled(Int32.self, buffer.dtype == .bool ? .mask : .int), blockSize: stride)
        }
    }
}

/// What all lanes of a batch share, in the interpreter.
struct BlockSharedData<Real: ElementReal>: PlacedData {
    fileprivate let storages: [BlockBuffer: BlockMemory<Real>.Storage]

    var shared: any PlacedData { self }
}
