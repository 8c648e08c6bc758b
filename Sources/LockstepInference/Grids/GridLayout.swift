import LockstepTensor

/// One axis of a grid of fits: the datasets, the values of a setting, or the starts.
public struct GridAxis: Sendable, Hashable {
    /// `dataset`, the name of a setting, or `start`.
    public let name: String
    /// What stands along it.
    public let labels: [String]
    /// Of a setting; nil for datasets and starts.
    public let values: [Double]?

    /// How much stands along it.
    public var count: Int { labels.count }

    static let dataset = "dataset"
    static let start = "start"
    static let reserved: Set<String> = [dataset, start]

    /// A number as a label: `0.1`, `10`.
    static func text(_ value: Double) -> String {
        abs(value) < 1e15 && value == value.rounded() ? String(Int(value)) : String(value)
    }
}

/// Which fit of a grid is which lane: datasets go slowest, then settings in their order, and starts go fastest.
struct GridLayout: Sendable {
    let axes: [GridAxis]
    let lanes: Int
    /// The places of datasets by label.
    private let datasets: [String: Int]

    /// - Throws: `RunError` for a grid that makes no sense.
    init(_ datasets: Datasets, _ settings: Settings, starts: Int) throws {
        guard (1...Key.mostChildren).contains(starts) else {
            throw RunError("cannot fit from \(starts) starts; give 1 to \(Key.mostChildren)")
        }
        try settings.validate(Set(datasets.data.keys))
        axes =
            [GridAxis(name: GridAxis.dataset, labels: datasets.labels, values: nil)]
            + settings.settings.map { GridAxis(name: $0.name, labels: $0.values.map(GridAxis.text), values: $0.values) }
            + [GridAxis(name: GridAxis.start, labels: (0..<starts).map(String.init), values: nil)]
        var lanes = 1
        for axis in axes {
            let (product, overflows) = lanes.multipliedReportingOverflow(by: axis.count)
            guard !overflows, product <= Int(Int32.max) else {
                throw RunError("the grid has more than \(Int32.max) fits: \(axes.map { "\($0.count) of '\($0.name)'" }.joined(separator: ", "))")
            }
            lanes = product
        }
        self.lanes = lanes
        self.datasets = Dictionary(uniqueKeysWithValues: zip(datasets.labels, datasets.labels.indices))
    }

    // MARK: What lanes have

    /// Where each lane is along an axis.
    func places(along axis: Int) -> [Int] {
        let (stride, count) = (stride(of: axis), axes[axis].count)
        return (0..<lanes).map { $0 / stride % count }
    }

    /// Lanes from one place along an axis to the next.
    func stride(of axis: Int) -> Int { axes[(axis + 1)...].reduce(1) { $0 * $1.count } }

    /// What all lanes are run on.
    func data(_ datasets: Datasets) -> [String: LaneData] {
        let own = places(along: 0)
        var data = datasets.data.mapValues { $0.taken(own) }
        for (number, axis) in axes.enumerated() {
            guard let values = axis.values else { continue }
            var setting = LaneData.perLane(values).with(.scalar).taken(places(along: number))
            setting.owners = axis.labels.map { "setting '\(axis.name)' = \($0)" }
            data[axis.name] = setting
        }
        return data
    }

    /// A lane's key is that of its dataset and its start: whatever else there is in the grid, and the same for all settings.
    func keys(_ key: Key) -> [Key] {
        let settings = axes[0].count == 0 ? 0 : lanes / axes[0].count / starts
        return (0..<axes[0].count).flatMap { dataset in
            let keys = key.fold(dataset).split(starts)
            return (0..<settings).flatMap { _ in keys }
        }
    }

    var starts: Int { axes[axes.count - 1].count }

    // MARK: Which lanes are asked for

    /// The lanes at some places, ascending.
    ///
    /// - Parameter chosen: a place along each axis; nil for all.
    func lanes(_ chosen: [Int?]) -> [Int] {
        var lanes = [0]
        for (axis, place) in zip(axes, chosen) {
            let places = place.map { $0...$0 } ?? 0...(axis.count - 1)
            lanes = lanes.flatMap { lane in places.map { lane * axis.count + $0 } }
        }
        return lanes
    }

    /// The places along all axes that are named; nil along others.
    ///
    /// - Throws: `RunError` for what the grid does not have.
    func chosen(dataset: (any DatasetReference)?, settings: [String: Double], start: Int?) throws -> [Int?] {
        var chosen: [Int?] = axes.map { _ in nil }
        chosen[0] = try dataset.map(place)
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
            guard let number = axes.firstIndex(where: { $0.name == name }), let values = axes[number].values else {
                let known = axes.filter { $0.values != nil }.map(\.name)
                throw RunError("the grid has no setting '\(name)'; \(Spelling.hint(name, among: known))")
            }
            guard let place = values.firstIndex(of: value) else {
                let text = GridAxis.text(value)
                throw RunError("setting '\(name)' has no value \(text); \(Spelling.hint(text, among: axes[number].labels))")
            }
            chosen[number] = place
        }
        if let start {
            guard (0..<starts).contains(start) else { throw RunError("there is no start \(start); there are \(starts)") }
            chosen[axes.count - 1] = start
        }
        return chosen
    }

    private func place(_ dataset: any DatasetReference) throws -> Int {
        switch dataset.datasetPlace {
        case .number(let number):
            guard axes[0].labels.indices.contains(number) else {
                throw RunError("there is no dataset \(number); there are \(axes[0].count)")
            }
            return number
        case .label(let label):
            guard let place = datasets[label] else {
                throw RunError("the grid has no dataset '\(label)'; \(Spelling.hint(label, among: axes[0].labels))")
            }
            return place
        }
    }

    /// The one lane at some places.
    ///
    /// - Throws: `RunError` where there are others along an axis that is not named.
    func lane(_ chosen: [Int?]) throws -> Int {
        for (axis, place) in zip(axes, chosen) where place == nil && axis.count > 1 {
            let how =
                switch axis.name {
                case GridAxis.dataset: "dataset: \"\(axis.labels[0])\""
                case GridAxis.start: "start: 0"
                default: "settings: [\"\(axis.name)\": \(axis.labels[0])]"
                }
            throw RunError("the grid has \(axis.count) places along '\(axis.name)'; say which one is asked for, as in \(how)")
        }
        return lanes(chosen)[0]
    }

    /// The number of an axis.
    ///
    /// - Throws: `RunError` where there is no such axis.
    func axis(_ name: String) throws -> Int {
        guard let number = axes.firstIndex(where: { $0.name == name }) else {
            throw RunError("the grid has no axis '\(name)'; \(Spelling.hint(name, among: axes.map(\.name)))")
        }
        return number
    }

    /// Where some lanes are, by what stands along an axis there.
    func groups(by axis: Int, _ chosen: [Int?]) -> [(label: String, lanes: [Int])] {
        axes[axis].labels.indices.filter { chosen[axis] == nil || chosen[axis] == $0 }.map { place in
            var chosen = chosen
            chosen[axis] = place
            return (axes[axis].labels[place], lanes(chosen))
        }
    }
}
