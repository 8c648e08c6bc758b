import LockstepTensor

/// How much each row of what is observed counts, by the names of data that a run binds: see `Model.weighted(rows:)`.
///
/// ```swift
/// model.weighted(rows: .data("counts"))
/// model.weighted(rows: .except("held out", of: "fold"))
/// ```
public struct RowWeights: Sendable {
    enum Rule: Sendable {
        /// A number for each row.
        case numbers(String)
        /// 1 for rows that are in a group, or for those that are not, and 0 for others.
        case group(String, of: String, isIn: Bool)
    }

    let rule: Rule
    /// The name of the plate whose copies are the rows.
    let plate: String?

    /// A number for each row.
    ///
    /// - Parameters:
    ///   - name: of real data of shape [rows], not negative.
    ///   - plate: the plate whose copies are the rows; nil where all that is observed has one axis, that of the rows.
    public static func data(_ name: String, plate: String? = nil) -> RowWeights { RowWeights(rule: .numbers(name), plate: plate) }

    /// All rows but those of one group. Where lanes leave out groups of their own, each needs one number.
    ///
    /// - Parameters:
    ///   - group: the name of an index, a scalar.
    ///   - groups: the name of indices of shape [rows]: the group of each row.
    ///   - plate: as of `data(_:plate:)`.
    public static func except(_ group: String, of groups: String, plate: String? = nil) -> RowWeights {
        RowWeights(rule: .group(group, of: groups, isIn: false), plate: plate)
    }

    /// The rows of one group.
    ///
    /// - Parameters:
    ///   - group: the name of an index, a scalar.
    ///   - groups: the name of indices of shape [rows]: the group of each row.
    ///   - plate: as of `data(_:plate:)`.
    public static func only(_ group: String, of groups: String, plate: String? = nil) -> RowWeights {
        RowWeights(rule: .group(group, of: groups, isIn: true), plate: plate)
    }

    // MARK: In a run

    /// Weights as tensors of a run.
    struct Bound: Sendable {
        /// Of shape [rows]: a mask, or reals.
        let rows: Tensor
        let plate: String?
    }

    func bound(_ record: inout RunRecord, _ run: TraceRun) -> Bound {
        func data(_ name: String, _ shape: Shape?, _ dtype: DType) -> Tensor {
            record.declare(DataRequest(name: name, shape: shape, rank: shape == nil ? 1 : nil, dtype: dtype, bound: nil), run)
        }
        switch rule {
        case .numbers(let name): return Bound(rows: data(name, nil, .real), plate: plate)
        case .group(let group, let groups, let isIn):
            let (own, chosen) = (data(groups, nil, .int), data(group, [], .int))
            return Bound(rows: isIn ? own .== chosen : own .!= chosen, plate: plate)
        }
    }
}

extension RowWeights.Bound {
    /// - Throws: `ModelError` where the site's rows are not those that have weights.
    func weigh(_ message: inout Message) throws(ModelError) {
        guard rows.failure == nil, let axes = try axesBehindRows(message) else { return }
        let weights = rows.reshape(rows.shape + Shape(repeating: 1, count: axes))
        if rows.dtype == .bool { message.weighting.masks.append(weights) } else { message.weighting.scales.append(weights) }
    }

    /// How many axes of a site stand right of that of its rows; nil where it is not in their plate.
    private func axesBehindRows(_ message: Message) throws(ModelError) -> Int? {
        let count = rows.count
        if let plate {
            guard let own = message.plates.first(where: { $0.name == plate }) else { return nil }
            guard own.size == count else {
                throw ModelError(
                    [message.name, plate],
                    "site '\(message.name)': plate '\(plate)' has \(own.size) rows, and \(count) have weights; give one for each")
            }
            return -own.dim - 1
        }
        let axes = message.times + (try message.batchShape)
        guard let place = axes.firstIndex(of: count), axes.reduce(1, *) == count else {
            throw ModelError(
                site: message.name,
                "it has the axes \(axes), where \(count) rows have weights; give weights for each of its rows, or name the plate whose copies "
                    + "are the rows, as in plate: \"rows\"")
        }
        return axes.count - 1 - place
    }
}
