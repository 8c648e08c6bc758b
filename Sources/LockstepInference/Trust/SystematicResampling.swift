import Foundation
import LockstepTensor

/// Draws chosen with replacement by their weights, at equal distances along the sum of these (Carpenter, Clifford and Fearnhead 1999):
/// a draw of weight w is chosen n w times, rounded up or down.
enum SystematicResampling {
    /// - Parameters:
    ///   - logWeights: normalised.
    ///   - count: how many are chosen.
    ///   - offset: of the first place from the start, as a share of the distance; between 0 and 1.
    /// - Returns: ascending places; none where there are no weights.
    static func places(_ logWeights: [Double], count: Int, offset: Double) -> [Int] {
        guard let last = logWeights.lastIndex(where: { exp($0) > 0 }) else { return [] }
        var place = 0
        var sum = exp(logWeights[0])
        return (0..<count).map { number in
            let position = (Double(number) + offset) / Double(count)
            while place < last, sum <= position {
                place += 1
                sum += exp(logWeights[place])
            }
            return place
        }
    }

    /// A function of a lane's key: the same for all sites, so that what is chosen of them belongs together.
    static func offset(_ key: Key) -> Double {
        let own = key.mixed(with: purpose)
        return (Double((UInt64(own.high) << 32 | UInt64(own.low)) >> 11) + 0.5) * 0x1p-53
    }

    /// Apart from the keys that callers are likely to give.
    private static let purpose = Key(0x7265_7361_6d70_6c65)
}
