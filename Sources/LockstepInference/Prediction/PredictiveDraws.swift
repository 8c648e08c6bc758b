import LockstepCompiler
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Independent draws of some sites of a trace, as steps of a lane program.
struct PredictiveDraws {
    private let sites: [Site]
    private let binding: DataBinding
    private let origin: Origin
    private let draws: Int
    private let precision: Precision

    private static let most = 1 << 18
    /// Bytes of the draws that are on the device, and here, at a time.
    private static let chunkBytes = 1 << 28

    /// - Parameters:
    ///   - trace: of `origin`.
    ///   - sites: those whose values are kept.
    ///   - data: as the trace was given them, and others that it does not read.
    ///   - lanes: that the data are for.
    /// - Throws: `RunError` for a number of draws that makes no sense, `DataError` for data that do not fit.
    init(
        _ trace: Trace, _ sites: [Site], _ declarations: [DataDeclaration], _ data: [String: LaneData], lanes: Int, draws: Int,
        precision: Precision
    ) throws {
        guard (1...Self.most).contains(draws) else { throw RunError("the number of draws is \(draws); give 1 to \(Self.most)") }
        (self.sites, origin, self.draws, self.precision) = (sites, trace.origin, draws, precision)
        // What was observed is drawn, so that nobody may read it: it need not be there.
        let needed = (sites.map(\.value) + trace.readInChecks).reduce(into: Set<String>()) { $0.formUnion($1.dataNames) }
        let read = declarations.filter { data[$0.name] != nil || needed.contains($0.name) || LaneData.isRowsName($0.name) }
        binding = try DataBinding(read, data, lanes: lanes)
        try StreamCheck.check(sites.map(\.value))
    }

    /// Holds the data against what the model uses them for.
    ///
    /// - Throws: `DataError` where those of any lane that is asked for are wrong.
    func check(_ trace: Trace, lanes: [Int], of all: Int) throws {
        let bad = try DataChecks(traces: [trace], starts: []).check(binding, lanes: all, precision: precision, policy: .leaveOut)
        if let error = lanes.lazy.compactMap({ bad[$0] }).first { throw error }
    }

    /// - Parameters:
    ///   - lanes: those that have predictions.
    ///   - places: theirs among the lanes of the result, of which others get NaN.
    ///   - count: the lanes of the result.
    ///   - parameters: unconstrained, of all lanes.
    ///   - keys: of all lanes.
    func values(
        _ lanes: [Int], at places: [Int], of count: Int, _ parameters: [String: LaneArray], keys: [Key], on device: ResolvedDevice,
        memoryBudget: Int?
    ) throws -> Predictions {
        try checkRoom(count)
        var rows: [[[Double]]] = sites.map { _ in [] }
        if !lanes.isEmpty, !sites.isEmpty {
            let program = try DrawProgram(sites.map(\.value), draws: draws, origin: origin, keeping: kept).compiled(
                // The schedule that suits any program, so that a lane's bits do not depend on the number of lanes.
                on: device, lanes: lanes.count, perLane: binding.perLane, precision: precision, schedule: .lanes)
            let budget = min(memoryBudget ?? device.memoryBudget, Self.chunkBytes)
            try program.run(parameters.mapValues { $0.lanes(lanes) }, binding, keys, lanes: lanes, budget: budget) { chunk, execution in
                for (number, site) in sites.enumerated() {
                    let array = try execution.read(.prediction(number))
                    rows[number] += chunk.map { own(array.lane($0 - chunk.lowerBound), site, lane: lanes[$0]) }
                }
            }
        }
        return Predictions(
            sites: sites.map(\.name), draws: draws, lanes: count,
            values: Dictionary(
                uniqueKeysWithValues: zip(sites, rows).map { site, rows in
                    (site.name, LaneValues(rows, at: places, of: count, shape: [draws] + site.value.shape))
                }))
    }

    private func kept(_ values: [Tensor]) -> (states: [LaneFunction.State], records: [LaneFunction.Record]) {
        let records = values.enumerated().map { number, value in
            LaneFunction.Record(StateName.prediction(number).text, slots: draws, slot: DrawProgram.number(origin), value: value.asReal)
        }
        return ([], records)
    }

    /// With NaN in rows that are not the lane's own.
    private func own(_ draws: [Double], _ site: Site, lane: Int) -> [Double] {
        var result = draws
        let shape = site.value.shape
        let strides = Shapes.strides(shape)
        // Plates count batch axes from the right; a deterministic site has no event.
        let batch = site.distribution?.batchShape.count ?? shape.count
        for plate in site.plates {
            let axis = batch + plate.dim
            guard let name = plate.rows, shape.indices.contains(axis), shape[axis] == plate.size,
                let count = binding.data[name]?.rowCounts?[lane]
            else { continue }
            for place in result.indices where place / strides[axis] % shape[axis] >= count { result[place] = .nan }
        }
        return result
    }

    private func checkRoom(_ lanes: Int) throws {
        let elements = sites.reduce(0) { $0 + $1.value.count }
        // As doubles, and once more while they are put together.
        let needed = 16 * Double(draws) * Double(lanes) * Double(elements)
        guard needed > Double(HostMemory.limit) else { return }
        throw RunError(
            "\(draws) draws of \(elements) numbers for \(lanes) lanes take \(HostMemory.text(needed)), of which this machine has "
                + "\(HostMemory.text(Double(HostMemory.limit))); ask for fewer draws or for one lane")
    }
}

extension Trace {
    /// What a check of data looks at.
    fileprivate var readInChecks: [Tensor] {
        let uses = (sites + hidden).flatMap(\.uses)
        return sites.compactMap(\.logProb) + sites.flatMap(\.masks)
            + uses.flatMap { use in [use.value] + use.constraint.bounds.map(\.value) + (use.mask.map { [$0] } ?? []) }
    }
}
