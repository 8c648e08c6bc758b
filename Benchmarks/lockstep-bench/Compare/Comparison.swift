/// One case at one number of lanes, measured beside its twin.
struct Comparison {
    /// Medians over the turns, with what the turns differ by.
    struct Side {
        /// One for each turn.
        let rates: [Double]
        let cpuRates: [Double]
        let compileSeconds: Double

        var rate: Double { rates.median }
        /// Per second of processor time: what counts where others share the machine.
        var cpuRate: Double { cpuRates.median }
        /// Half the range of the turns, relative to their median; NaN of a single turn.
        var spread: Double { rates.count < 2 ? .nan : ((rates.max() ?? .nan) - (rates.min() ?? .nan)) / 2 / rate }
    }

    let item: BenchmarkCase
    let lanes, steps, latents: Int
    let deviceName: String
    let lockstep, peer: Side
    let own: [RunReport]
    let peers: [String: [PeerReport]]
    /// Which way to write NumPyro's fit was the faster one.
    let peerFit: String
    let peerVersions: [String: String]
    let agreement: Agreement

    var ratio: Double? { agreement.objection == nil ? lockstep.rate / peer.rate : nil }
    var cpuRatio: Double? { agreement.objection == nil ? lockstep.cpuRate / peer.cpuRate : nil }

    /// - Parameters:
    ///   - own: a report for each turn.
    ///   - peers: by the way to write the fit, a report for each turn.
    init?(_ item: BenchmarkCase, lanes: Int, steps: Int, own: [RunReport], peers: [String: [PeerReport]]) {
        func rate(_ reports: [PeerReport]) -> Double { reports.map { Double(lanes * steps) / $0.runSeconds.median }.median }
        guard let ours = own.first, let best = peers.max(by: { rate($0.value) < rate($1.value) }), let theirs = best.value.first
        else { return nil }
        self.item = item
        self.own = own
        self.peers = peers
        self.lanes = lanes
        self.steps = steps
        latents = ours.latents
        deviceName = ours.deviceName
        lockstep = Side(
            rates: own.map(\.laneStepsPerSecond), cpuRates: own.map { Double(lanes * steps) / $0.cpuSeconds },
            compileSeconds: own.map { $0.traceSeconds + $0.compileSeconds }.median)
        peer = Side(
            rates: best.value.map { Double(lanes * steps) / $0.runSeconds.median },
            cpuRates: best.value.map { Double(lanes * steps) / $0.cpuSeconds.median },
            compileSeconds: best.value.map(\.compileSeconds).median)
        peerFit = best.key
        peerVersions = theirs.versions
        // The keys are the same in each turn, and so are the losses.
        agreement = Agreement(
            item, lanes: lanes,
            lockstep: .init(
                mean: ours.loss.mean, sd: ours.loss.sd, median: ours.loss.q50, lost: ours.loss.lost, checksum: ours.dataChecksum),
            peer: .init(
                mean: theirs.loss.mean, sd: theirs.loss.sd, median: theirs.loss.q50, lost: theirs.loss.notFinite,
                checksum: theirs.dataChecksum))
    }
}
