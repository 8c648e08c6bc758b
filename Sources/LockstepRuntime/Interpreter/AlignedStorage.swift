/// A fixed array of numbers on a cache line boundary, zero at first unless it is said otherwise. It is never empty, so that a clamped index
/// always finds an element.
final class AlignedStorage<Element: BitwiseCopyable>: @unchecked Sendable {
    // Unchecked: who may touch which part when is the matter of the execution that owns the storage.
    let base: UnsafeMutablePointer<Element>
    let count: Int
    private let block: HostBlock

    /// - Parameter isUndefined: whether somebody else is going to fill it.
    init(count: Int, isUndefined: Bool = false) {
        self.count = max(count, 1)
        block = HostBlock(byteCount: self.count * MemoryLayout<Element>.stride, isUndefined: isUndefined)
        base = block.address.bindMemory(to: Element.self, capacity: self.count)
    }
}

extension AlignedStorage {
    convenience init(filling count: Int, with value: Element) {
        self.init(count: count)
        for position in 0..<self.count { base[position] = value }
    }

    convenience init(_ values: [Element]) {
        self.init(count: values.count)
        for (position, value) in values.enumerated() { base[position] = value }
    }
}
