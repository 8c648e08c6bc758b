/// The different texts of a column as they are spelled in the bytes of a table, with quotes and all: a hash table that compares bytes, since
/// making a string of each of millions of fields takes most of the time.
struct Spellings {
    private struct Entry {
        /// Where it is spelled so first.
        let range: Range<Int>
        let hash: UInt64
        let level: Int32
    }

    private var entries: [Entry] = []
    /// Numbers of entries, or -1, at places that follow from hashes; a power of two, half of them free.
    private var slots = [Int32](repeating: -1, count: 16)

    /// FNV-1a, with its upper bits brought down.
    private static func hash(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for place in range { hash = (hash ^ UInt64(bytes[place])) &* 0x100_0000_01B3 }
        return hash ^ (hash >> 32)
    }

    /// The level of what is spelled in a range.
    ///
    /// - Parameter make: the level of a spelling that is new.
    mutating func level(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ make: () throws -> Int32) rethrows -> Int32 {
        let hash = Self.hash(bytes, range)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let entry = entries[Int(slots[slot])]
            if entry.hash == hash, Self.areEqual(bytes, entry.range, range) { return entry.level }
            slot = (slot + 1) & (slots.count - 1)
        }
        let level = try make()
        slots[slot] = Int32(entries.count)
        entries.append(Entry(range: range, hash: hash, level: level))
        if entries.count * 2 > slots.count { grow() }
        return level
    }

    private static func areEqual(_ bytes: UnsafeBufferPointer<UInt8>, _ a: Range<Int>, _ b: Range<Int>) -> Bool {
        guard a.count == b.count else { return false }
        for offset in 0..<a.count where bytes[a.lowerBound + offset] != bytes[b.lowerBound + offset] { return false }
        return true
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for (number, entry) in entries.enumerated() {
            var slot = Int(truncatingIfNeeded: entry.hash) & (slots.count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(number)
        }
    }
}
