import Foundation

/// Bytes of the host's memory, on a cache line boundary at least, freed with the last reference.
///
/// A large block is mapped, in huge pages where the system has them, and its pages are made on all cores at once: an operating
/// system takes two microseconds for a page of 4 KB that is made when it is first touched, which for short runs of many lanes is
/// most of all.
///
/// `@unchecked Sendable`: who may touch which part when is the matter of the block's owner.
final class HostBlock: @unchecked Sendable {
    let address: UnsafeMutableRawPointer
    let byteCount: Int
    #if os(Linux)
    /// What was mapped for it, from before its own beginning; empty where nothing was.
    private let mapping: UnsafeMutableRawBufferPointer
    #endif

    /// From here on a block is mapped.
    static let large = 1 << 20
    #if os(Linux)
    /// A huge page of most processors, at whose multiples large blocks begin, and what one core makes in one go.
    private static let part = 1 << 21
    #endif

    /// - Parameter isUndefined: whether somebody else is going to fill it; zeros otherwise.
    init(byteCount: Int, isUndefined: Bool) {
        self.byteCount = max(byteCount, 1)
        #if os(Linux)
        if byteCount >= Self.large {
            let room = byteCount + Self.part
            let start = mmap(nil, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            if let start, start != MAP_FAILED {
                mapping = UnsafeMutableRawBufferPointer(start: start, count: room)
                address = start.alignedUp(toMultipleOf: Self.part)
                makePages()
                return
            }
        }
        mapping = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        #endif
        address = .allocate(byteCount: self.byteCount, alignment: 64)
        if !isUndefined { address.initializeMemory(as: UInt8.self, repeating: 0, count: self.byteCount) }
    }

    #if os(Linux)
    private func makePages() {
        // MADV_HUGEPAGE and MADV_POPULATE_WRITE, which not all headers have, of Linux 2.6.38 and 5.14. Where there is neither,
        // pages come as they are touched.
        let huge: Int32 = 14
        let populate: Int32 = 23
        _ = madvise(address, byteCount, huge)
        AllCores.run((byteCount + Self.part - 1) / Self.part) { number in
            let first = number * Self.part
            _ = madvise(address + first, min(Self.part, byteCount - first), populate)
        }
    }
    #endif

    deinit {
        #if os(Linux)
        if let start = mapping.baseAddress {
            munmap(start, mapping.count)
            return
        }
        #endif
        address.deallocate()
    }
}
