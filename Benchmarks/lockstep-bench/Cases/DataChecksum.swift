import Lockstep

/// A number that tells two sets of data apart, computed alike by the peers. Over what a fit sees: 32-bit floats.
enum DataChecksum {
    static func text(_ data: [String: LaneData]) -> String {
        var total: UInt64 = 0
        for name in data.keys.sorted() {
            let values = data[name]?.values.doubles ?? []
            let sum = values.enumerated().reduce(into: UInt64(0)) { sum, item in
                // Odd weights, so that places that are swapped show.
                sum = sum &+ UInt64(Float(item.element).bitPattern) &* (2 &* UInt64(item.offset) &+ 1)
            }
            total = total &* 0x100_0000_01B3 &+ sum
        }
        let digits = String(total, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
