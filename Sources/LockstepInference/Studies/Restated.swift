import LockstepModel
import LockstepTensor

/// An algorithm as it is, for another model of the same sites.
struct Restated: LaneAlgorithm {
    private let base: any LaneAlgorithm
    let model: Model

    init(_ base: any LaneAlgorithm, _ model: Model) {
        self.base = base
        self.model = model
    }

    var guide: any Guide { base.guide }
    var loss: any Loss { base.loss }

    func prepare(_ problem: LaneProblem) throws -> LanePlan { try base.prepare(problem) }
}

extension Key {
    /// A whole number from 0 to one less than `count`, each as likely as the others to one part in 2^32 / `count`.
    func number(_ place: Int, below count: Int) -> Int { Int((UInt64(fold(place).low) * UInt64(count)) >> 32) }
}

/// Names of the data that studies add to those of a model.
enum StudyData {
    static let fold = "\0study/fold"
    static let leftOut = "\0study/left out"
    static let counts = "\0study/counts"

    /// - Throws: `RunError` for data that differ by lane: lanes are what the study makes of them.
    static func checkShared(_ data: [String: LaneData], _ study: String) throws {
        guard let own = data.filter({ !$0.value.isShared }).keys.sorted().first else { return }
        throw RunError("data '\(own)' differ by lane, and the lanes of \(study) are its own; give .shared(...) data")
    }
}
