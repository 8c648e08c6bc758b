import LockstepModel
import LockstepRuntime
import LockstepTensor

/// Data that have the names and sizes that a model declares.
struct DataBinding: Sendable {
    let declarations: [DataDeclaration]
    let data: [String: LaneData]

    /// Of the data that are read.
    var shapes: DataShapes {
        let known = data.shapes(lanes: nil)
        return Dictionary(
            uniqueKeysWithValues: declarations.map { declaration in
                if case .ragged? = known[declaration.name] { return (declaration.name, known[declaration.name] ?? .known(declaration.shape)) }
                return (declaration.name, .known(declaration.shape))
            })
    }

    /// These data with others in their place, and the shapes of all: an array that nobody replaces has the one that it has here.
    func replacing(_ given: [String: LaneData], lanes: Int) -> (data: [String: LaneData], shapes: DataShapes) {
        let merged = data.filter { !LaneData.isRowsName($0.key) }.merging(given) { $1 }
        var shapes = merged.shapes(lanes: lanes)
        for declaration in declarations where given[declaration.name] == nil && merged[declaration.name] != nil {
            if case .ragged? = shapes[declaration.name] { continue }
            shapes[declaration.name] = .known(declaration.shape)
        }
        return (merged, shapes)
    }

    var perLane: Set<String> { Set(data.filter { !$0.value.isShared }.keys) }

    /// - Throws: `DataError` for data that are missing, unknown, or of another size.
    init(_ declarations: [DataDeclaration], _ data: [String: LaneData], lanes: Int) throws {
        var unique: [String: DataDeclaration] = [:]
        for declaration in declarations {
            if let other = unique[declaration.name], other.shape != declaration.shape || other.dtype != declaration.dtype {
                throw DataError(declaration.name, "is declared with shape \(other.shape) and with shape \(declaration.shape); declare it once")
            }
            unique[declaration.name] = declaration
        }
        var data = data
        let rows = data.raggedCounts.filter { unique[$0.name] != nil }
        for row in rows { data[row.name] = row.data }
        let known = unique.keys.filter { name in !rows.contains { $0.name == name } }.sorted().joined(separator: ", ")
        for name in data.keys.sorted() where unique[name] == nil {
            throw DataError(name, "is not read by the model; it reads \(known.isEmpty ? "no data" : known)")
        }
        // What rows are counted of is checked in their place.
        for name in unique.keys.sorted() where !rows.contains(where: { $0.name == name }) {
            guard let declaration = unique[name] else { continue }
            guard let given = data[name] else {
                throw DataError(name, "of shape \(declaration.shape) is missing; give data: [\"\(name)\": .shared(...)] or .perLane(...)")
            }
            try Self.checkSize(declaration, given, lanes: lanes)
        }
        self.declarations = unique.values.sorted { $0.name < $1.name }
        self.data = data
    }

    private static func checkSize(_ declaration: DataDeclaration, _ given: LaneData, lanes: Int) throws {
        let name = declaration.name
        let count = declaration.shape.elementCount
        if let problem = given.problem(with: declaration.shape) { throw DataError(name, problem) }
        if given.isShared, given.values.count != count {
            throw DataError(name, "has \(given.values.count) numbers; the model wants shape \(declaration.shape), which is \(count)")
        }
        if given.isRagged {
            try checkCount(given.rowCounts?.count ?? 0)
        } else if let lengths = given.lengths {
            try checkCount(given.source?.count ?? lengths.count)
            if let bad = lengths.firstIndex(where: { $0 != count }) {
                throw DataError(
                    name, "has \(lengths[bad]) numbers in \(given.owner(bad)); the model wants shape \(declaration.shape), which is \(count)")
            }
        } else if let source = given.source {
            try checkCount(source.count)
            let arrays = given.values.count / max(count, 1)
            guard given.values.count == count * arrays, count == 0 || (source.max() ?? -1) < arrays else {
                throw DataError(
                    name,
                    "has \(given.values.count) numbers; \((source.max() ?? -1) + 1) arrays of shape \(declaration.shape) need "
                        + "\(count * ((source.max() ?? -1) + 1))")
            }
        } else if !given.isShared, given.values.count != count * lanes {
            throw DataError(
                name, "has \(given.values.count) numbers for all lanes; \(lanes) lanes of shape \(declaration.shape) need \(count * lanes)")
        }

        func checkCount(_ arrays: Int) throws {
            guard arrays != lanes else { return }
            throw DataError(name, "has \(arrays) arrays; give one for each of the \(lanes) lanes")
        }
    }

    /// Where the numbers of each lane are among all that were given; for data that all lanes share, all of them.
    func places(of name: String) -> @Sendable (_ lane: Int) -> Range<Int> {
        guard let given = data[name] else { return { _ in 0..<0 } }
        if given.isShared { return { [count = given.values.count] _ in 0..<count } }
        if given.isRagged, let lengths = given.lengths {
            let starts = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
            return { lane in
                let place = given.place(of: lane)
                return starts[place]..<starts[place + 1]
            }
        }
        let count = declarations.first { $0.name == name }?.shape.elementCount ?? 0
        return { lane in
            let place = given.place(of: lane)
            return (place * count)..<((place + 1) * count)
        }
    }

    /// What the owner of some data is called: the dataset, say, and a setting; where these have no name it is the lane.
    func owner(of lane: Int, _ names: Set<String>) -> String {
        var owners: [String] = []
        for name in names.sorted() {
            guard let given = data[name], !given.isShared, given.owners != nil else { continue }
            let owner = given.owner(given.place(of: lane))
            if !owners.contains(owner) { owners.append(owner) }
        }
        return owners.isEmpty ? "lane \(lane)" : owners.joined(separator: ", ")
    }

    /// Lanes by what they have of some data: those that have the same arrays are alike.
    ///
    /// - Parameter lanes: ascending.
    /// - Returns: the first of the lanes that are alike, and for each of these all of them; nil where no two are.
    func alike(_ lanes: [Int], _ names: Set<String>) -> (firsts: [Int], peers: [Int: [Int]])? {
        let own = names.compactMap { data[$0] }.filter { !$0.isShared }
        let sources = own.compactMap(\.source)
        guard !sources.isEmpty, sources.count == own.count else { return nil }
        let groups = Dictionary(grouping: lanes) { lane in sources.map { $0[lane] } }
        let peers = Dictionary(uniqueKeysWithValues: groups.values.map { ($0[0], $0) })
        return (peers.keys.sorted(), peers)
    }

    /// Lanes in an order in which those that lie together have about as many rows: the longest first, which are then not waited for last.
    func ordered(_ lanes: [Int]) -> [Int] {
        let counts = data.raggedCounts.map(\.counts)
        if counts.isEmpty { return lanes }
        return lanes.sorted { a, b in
            for count in counts where count[a] != count[b] { return count[a] > count[b] }
            return a < b
        }
    }

    /// What some lanes are run on.
    func inputs(_ keys: [Key], lanes: [Int]) -> LaneInputs {
        LaneInputs(keys: lanes.map { keys[$0] }, data: slices(lanes))
    }

    /// The data of some lanes.
    ///
    /// - Parameter names: of the data; nil for all.
    func slices(_ lanes: [Int], of names: Set<String>? = nil) -> [String: LaneInputs.Data] {
        var slices: [String: LaneInputs.Data] = [:]
        for declaration in declarations where names?.contains(declaration.name) ?? true {
            slices[declaration.name] = data[declaration.name]?.slice(lanes, count: declaration.shape.elementCount)
        }
        return slices
    }

    /// What tells data apart.
    var mark: String {
        let parts = declarations.compactMap { declaration -> String? in
            guard let given = data[declaration.name] else { return nil }
            return "\(declaration.name) \(declaration.shape) \(given.isShared ? "shared" : "per lane") \(given.values.digest.hexadecimal)"
                + (given.isRagged ? " \(given.lengths ?? [])" : "") + (given.source.map { " of \($0)" } ?? "")
        }
        return Digest(parts.sorted().joined(separator: "\n").utf8).hexadecimal
    }
}
