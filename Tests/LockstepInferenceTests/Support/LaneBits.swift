import LockstepRuntime

@testable import LockstepInference

/// All that a run says of one lane, bit for bit; every NaN counts as the same.
struct LaneBits: Equatable, CustomStringConvertible {
    let parameters: [String: [UInt64]]
    let losses: [UInt64]
    let summary: [UInt64]
    let status: FitStatus

    var description: String {
        let values = parameters.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.prefix(4).map(Double.init(bitPattern:)))" }
        return "\(status), losses \(losses.prefix(4).map(Double.init(bitPattern:))), \(values)"
    }
}

extension Fits {
    func bits(_ lane: Int) -> LaneBits {
        func pattern(_ value: Double) -> UInt64 { value.isNaN ? Double.nan.bitPattern : value.bitPattern }
        return LaneBits(
            parameters: outcome.parameters.mapValues { $0.lane(lane).map(pattern) },
            losses: outcome.losses.lane(lane).map(pattern),
            summary: [
                pattern(loss[lane]), pattern(initialLoss[lane]), pattern(elbo[lane]), pattern(elboError[lane]),
                pattern(nonFiniteDraws[lane]), UInt64(refusedLosses[lane]), UInt64(refusedGradients[lane]),
            ],
            status: status[lane])
    }

    var bits: [LaneBits] { (0..<lanes).map(bits) }

    /// The unconstrained values of a parameter, lane by lane.
    func unconstrained(_ name: String) -> [[Double]] {
        outcome.parameters[name].map { array in (0..<lanes).map(array.lane) } ?? []
    }
}
