import Foundation

/// Bytes of the host's memory, on a cache line boundary at least, freed with the last reference.
///
/// A large block is mapped and its pages are made on all cores at once: an operating system takes two microseconds for a page
/// that is made when it is first touched, which for short runs of many lanes is most of all.
///
/// `@unchecked Sendable`: who may touch which part when is the matter of the block's owner.
final class HostBlock: @unchecked Sendable {
    let address: UnsafeMutableRawPointer
    let byteCount: Int
    private let isMapped: Bool

    /// From here on a block is mapped.
    static let large = 1 << 20
    /// What one core makes in one go.
    private static let part = 1 << 18

    /// - Parameter isUndefined: whether somebody else is going to fill it; zeros otherwise.
    init(byteCount: Int, isUndefined: Bool) {
        self.byteCount = max(byteCount, 1)
        #if os(Linux)
        if byteCount >= Self.large {
            let mapped = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            if let mapped, mapped != MAP_FAILED {
                address = mapped
                isMapped = true
                makePages()
                return
            }
        }
        #endif
        address = .allocate(byteCount: self.byteCount, alignment: 64)
        isMapped = false
        if !isUndefined { address.initializeMemory(as: UInt8.self, repeating: 0, count: self.byteCount) }
    }

    #if os(Linux)
    private func makePages() {
        // MADV_POPULATE_WRITE, which not all headers have, of Linux 5.14. Where there is none, pages come as they are touched.
        let populate: Int32 = 23
        AllCores.run((byteCount + Self.part - 1) / Self.part) { number in
            let first = number * Self.part
            _ = madvise(address + first, min(Self.part, byteCount - first), populate)
        }
    }
    #endif

    deinit {
        #if os(Linux)
        if isMapped {
            munmap(address, byteCount)
            return
        }
        #endif
        address.deallocate()
    }
}
