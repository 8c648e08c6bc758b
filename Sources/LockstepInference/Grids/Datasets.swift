import LockstepRuntime
import LockstepTensor

/// Data of several datasets that one model is fitted to, by the names that it declares.
///
/// ```swift
/// let datasets = try Datasets(["y": .perLane(tables), "prior scale": .shared(10)], labels: ["a", "b", "c"])
/// let fits = try svi.run(starts: 8, datasets: datasets, steps: 2000)
/// ```
///
/// Numbers are kept once, however many lanes are fitted to them.
public struct Datasets: Sendable {
    /// What each dataset is called.
    public let labels: [String]
    /// With an array for each dataset where they are not shared.
    let data: [String: LaneData]

    /// How many datasets there are.
    public var count: Int { labels.count }

    /// Datasets that are named one by one.
    ///
    /// - Parameters:
    ///   - data: `.shared` by all datasets, or with an array for each of them: `.perLane` or `.ragged`. Where all are shared there is one
    ///     dataset.
    ///   - labels: what each dataset is called, all of them different: `0`, `1` and so on where nil.
    /// - Throws: `LockstepError` for data of different numbers of datasets, and for labels that are not one for each.
    public init(_ data: [String: LaneData], labels: [String]? = nil) throws {
        self = try LockstepError.wrapping {
            let count = data.values.allSatisfy(\.isShared) ? 1 : try Self.count(data) ?? labels?.count ?? Self.countOfFlat(data) ?? 1
            guard count >= 1 else { throw RunError("there are no datasets: give at least one") }
            let labels = labels ?? (0..<count).map(String.init)
            guard labels.count == count else {
                let why = data.values.allSatisfy(\.isShared) ? "one dataset, as all data are shared" : "\(count) datasets"
                throw RunError("there are \(labels.count) labels for \(why); give one for each")
            }
            var seen: Set<String> = []
            if let twice = labels.first(where: { !seen.insert($0).inserted }) {
                throw RunError("two datasets are called '\(twice)'; give each a label of its own")
            }
            let owners = labels.map { "dataset '\($0)'" }
            return Datasets(
                labels: labels,
                data: Dictionary(
                    uniqueKeysWithValues: try data.map { name, given in
                        if given.isShared { return (name, given) }
                        var own = try given.divided(among: count, name)
                        own.name(owners)
                        return (name, own)
                    }))
        }
    }

    private init(labels: [String], data: [String: LaneData]) {
        self.labels = labels
        self.data = data
    }

    /// - Returns: how many datasets the data tell of; nil where it is not to be told.
    private static func count(_ data: [String: LaneData]) throws -> Int? {
        var known: (name: String, count: Int)?
        for name in data.keys.sorted() {
            guard let given = data[name], let count = given.source?.count ?? given.arrays else { continue }
            if let known, known.count != count {
                throw DataError(name, "has \(count) arrays, and '\(known.name)' has \(known.count); give one for each dataset")
            }
            known = known ?? (name, count)
        }
        return known?.count
    }

    /// Where nothing tells how many datasets there are, each has one number.
    private static func countOfFlat(_ data: [String: LaneData]) -> Int? {
        data.values.filter { !$0.isShared }.map(\.values.count).min()
    }
}

extension LaneData {
    /// With a length for each array, where that was not known.
    ///
    /// - Parameters:
    ///   - count: of arrays.
    ///   - name: of the data.
    fileprivate func divided(among count: Int, _ name: String) throws -> LaneData {
        guard source == nil, case .flat = form, lengths == nil else { return self }
        if values.count == count { return with(.scalar) }
        guard values.count % count == 0 else {
            throw DataError(name, "has \(values.count) numbers, which are not as many for each of the \(count) datasets")
        }
        return .perLane(numbers: values, lengths: Array(repeating: values.count / count, count: count))
    }

    /// Gives owners names.
    ///
    /// - Parameter names: by dataset; of an array that several have it is the first's.
    fileprivate mutating func name(_ names: [String]) {
        guard let source else {
            owners = names
            return
        }
        let firsts = Dictionary(zip(source, names)) { first, _ in first }
        owners = (0...(source.max() ?? 0)).map { firsts[$0] ?? "array \($0)" }
    }
}
