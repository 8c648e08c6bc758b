/// 128 bits that tell apart byte strings met by chance. It names files and finds torn ones; it is no defence against
/// someone who looks for a collision, which is why a cache file also holds its whole key.
package struct Digest: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    /// Two hashes that take each byte in turn: FNV-1a, and one of another multiplier with a rotation.
    package init(_ bytes: some Sequence<UInt8>) {
        var a: UInt64 = 0xcbf2_9ce4_8422_2325
        var b: UInt64 = 0x2545_f491_4f6c_dd1d
        for byte in bytes {
            a = (a ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
            b = ((b << 29 | b >> 35) &+ UInt64(byte)) &* 0x9e37_79b9_7f4a_7c15
        }
        high = Self.mixed(a)
        low = Self.mixed(b)
    }

    /// MurmurHash3's last step: without it the last bytes reach few bits.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var x = value
        x = (x ^ x >> 33) &* 0xff51_afd7_ed55_8ccd
        x = (x ^ x >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return x ^ x >> 33
    }

    var bytes: [UInt8] {
        [high, low].flatMap { word in withUnsafeBytes(of: word.littleEndian) { [UInt8]($0) } }
    }

    /// 32 digits.
    package var hexadecimal: String {
        [high, low].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
