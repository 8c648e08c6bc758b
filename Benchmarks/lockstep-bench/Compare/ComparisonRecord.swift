/// Comparisons with all that was measured, for programs.
struct ComparisonRecord: Encodable {
    struct Entry: Encodable {
        let `case`: String
        let lanes, steps: Int
        /// Absent where the fits do not agree; `objection` says why.
        let ratio, cpuRatio: Double?
        let objection: String?
        let peerFit: String
        let lockstep: [RunReport]
        /// By the way to write the fit.
        let numpyro: [String: [PeerReport]]

        init(_ comparison: Comparison) {
            `case` = comparison.item.name
            lanes = comparison.lanes
            steps = comparison.steps
            ratio = comparison.ratio
            cpuRatio = comparison.cpuRatio
            objection = comparison.agreement.objection
            peerFit = comparison.peerFit
            lockstep = comparison.own
            numpyro = comparison.peers
        }
    }

    let command, machine, rule: String
    let comparisons: [Entry]
    let failures: [ComparisonFailure]

    init(comparisons: [Comparison], command: String, failures: [ComparisonFailure]) {
        self.command = command
        machine = Machine.description
        rule = Agreement.rule
        self.comparisons = comparisons.map(Entry.init)
        self.failures = failures
    }
}

/// What could not be compared.
struct ComparisonFailure: Encodable {
    let `case`: String
    let lanes: Int
    let reason: String
    /// What was measured of Lockstep before.
    let lockstep: [RunReport]

    var text: String { "\(`case`), \(lanes) lanes: not measured: \(reason)" }
}
