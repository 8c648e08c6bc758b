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
        for (name, counts) in rows { data[name] = .perLane(counts.map(Double.init)) }
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
            guard given.rowCounts?.count == lanes else {
                throw DataError(name, "has \(given.rowCounts?.count ?? 0) arrays; give one for each of the \(lanes) lanes")
            }
        } else if let lengths = given.lengths {
            guard lengths.count == lanes else {
                throw DataError(name, "has \(lengths.count) arrays; give one for each of the \(lanes) lanes")
            }
            if let bad = lengths.firstIndex(where: { $0 != count }) {
                throw DataError(
                    name, "has \(lengths[bad]) numbers in lane \(bad); the model wants shape \(declaration.shape), which is \(count)")
            }
        } else if !given.isShared, given.values.count != count * lanes {
            throw DataError(
                name, "has \(given.values.count) numbers for all lanes; \(lanes) lanes of shape \(declaration.shape) need \(count * lanes)")
        }
    }

    /// Where the numbers of each lane are among all that were given; for data that all lanes share, all of them.
    func places(of name: String) -> @Sendable (_ lane: Int) -> Range<Int> {
        guard let given = data[name] else { return { _ in 0..<0 } }
        if given.isShared { return { [count = given.values.count] _ in 0..<count } }
        if given.isRagged, let lengths = given.lengths {
            let starts = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
            return { starts[$0]..<starts[$0 + 1] }
        }
        let count = declarations.first { $0.name == name }?.shape.elementCount ?? 0
        return { ($0 * count)..<(($0 + 1) * count) }
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
                + (given.isRagged ? " \(given.lengths ?? [])" : "")
        }
        return Digest(parts.sorted().joined(separator: "\n").utf8).hexadecimal
    }
}
