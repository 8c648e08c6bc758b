import Synchronization

/// What is found out about the lanes of a run on demand, kept once it is known.
final class Examination: Sendable {
    private let known = Mutex<[Int: FitReason]>([:])
    private let edges = Mutex<[Int: [FitProgress.Edge]]?>(nil)

    /// By lane; nil where they could not be evaluated.
    func edges(of fits: Fits) -> [Int: [FitProgress.Edge]]? {
        edges.withLock { edges in
            let usable = fits.status.indices.filter { !fits.status[$0].isLost }
            edges = edges ?? (try? RangeEdges(fits).edges(of: usable))
            return edges
        }
    }

    func reasons(of fits: Fits) -> [FitReason?] {
        let lost = fits.status.indices.filter { fits.status[$0].isLost && fits.status[$0] != .waiting }
        let found = find(lost, in: fits)
        return fits.status.indices.map { found[$0] }
    }

    func reason(of lane: Int, in fits: Fits) -> FitReason? {
        fits.status.indices.contains(lane) && fits.status[lane] != .waiting ? find([lane], in: fits)[lane] : nil
    }

    private func find(_ lanes: [Int], in fits: Fits) -> [Int: FitReason] {
        known.withLock { known in
            let missing = lanes.filter { known[$0] == nil }
            if !missing.isEmpty { known.merge(Self.search(missing, in: fits)) { first, _ in first } }
            return known
        }
    }

    private static func search(_ lanes: [Int], in fits: Fits) -> [Int: FitReason] {
        let known = fits.badData.filter { lanes.contains($0.key) }.mapValues { FitReason($0) }
        let lanes = lanes.filter { known[$0] == nil }
        if lanes.isEmpty { return known }
        do {
            return try FailureSearch(fits).reasons(of: lanes).merging(known) { $1 }
        } catch {
            return known.merging(lanes.map { ($0, FitReason(status: fits.status[$0], error: error)) }) { first, _ in first }
        }
    }
}
