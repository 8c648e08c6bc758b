import LockstepModel
import LockstepRuntime
import LockstepTensor

extension LaneData {
    /// What is known of the shape of one lane's array, beside its count.
    enum Form: Sendable {
        /// Row-major numbers that fit any shape of their count; a vector where the model asks for none.
        case flat
        /// One number, which fits any shape of one element.
        case scalar
        /// A shape that the model must have too.
        case shape(Shape)
        /// Rows of each lane's own number; the shape is that of a row.
        case ragged(row: Shape)
        /// No array at all; the text reads after the name of the data, and calls the owners of arrays as it is told.
        case broken(@Sendable (_ owner: (Int) -> String) -> String)
    }

    func with(_ form: Form) -> LaneData {
        var copy = self
        copy.form = form
        return copy
    }

    // MARK: Shared by all lanes

    /// One number for all lanes.
    @_disfavoredOverload public static func shared<Element: DataElement>(_ value: Element) -> LaneData { shared(value.dataValue) }

    /// One array, row-major, for all lanes.
    @_disfavoredOverload public static func shared<Element: DataElement>(_ values: [Element]) -> LaneData {
        shared(numbers: Numbers(values))
    }

    /// One matrix for all lanes, by rows: shape [rows, columns]. The run throws when rows differ in length.
    public static func shared<Element: DataElement>(_ rows: [[Element]]) -> LaneData {
        let table = Rows(rows)
        return shared(table.values).with(table.problem.map { problem in .broken { _ in problem } } ?? .shape(table.shape))
    }

    /// One array for all lanes.
    ///
    /// - Parameters:
    ///   - values: row-major.
    ///   - shape: where the model states one, it must be the same.
    public static func shared<Element: DataElement>(_ values: [Element], shape: Shape) -> LaneData {
        shared(numbers: Numbers(values)).with(form(shape, of: values.count))
    }

    // MARK: For each lane

    /// Numbers for each lane in turn, row-major `[lanes] + shape`: one number for each lane, for scalar data.
    @_disfavoredOverload public static func perLane<Element: DataElement>(_ values: [Element]) -> LaneData {
        perLane(numbers: Numbers(values))
    }

    /// An array for each lane.
    @_disfavoredOverload public static func perLane<Element: DataElement>(_ values: [[Element]]) -> LaneData {
        perLane(numbers: Numbers(Array(values.joined())), lengths: values.map(\.count))
    }

    /// A matrix for each lane, by rows. The run throws when rows differ in length, or matrices in shape.
    public static func perLane<Element: DataElement>(_ matrices: [[[Element]]]) -> LaneData {
        let tables = matrices.map { Rows($0) }
        let shape = tables.first?.shape ?? [0, 0]
        let ragged = tables.indices.lazy.compactMap { place in
            tables[place].problem.map { problem in Form.broken { owner in "\(problem) (\(owner(place)))" } }
        }.first
        let other = tables.firstIndex { $0.shape != shape }.map { place in
            Form.broken { [own = tables[place].shape] owner in
                "has shape \(own) in \(owner(place)) and \(shape) in \(owner(0)); all lanes need data of one shape"
            }
        }
        return perLane(tables.map(\.values)).with(ragged ?? other ?? .shape(shape))
    }

    /// An array of a stated shape for each lane.
    ///
    /// - Parameters:
    ///   - values: row-major, for each lane.
    ///   - shape: of one lane's array; where the model states one, it must be the same.
    public static func perLane<Element: DataElement>(_ values: [[Element]], shape: Shape) -> LaneData {
        let other = values.firstIndex { $0.count != shape.elementCount }
        let form = other.map { place in
            Form.broken { [count = values[place].count] owner in
                "has \(count) numbers in \(owner(place)), where shape \(shape) has \(shape.elementCount)"
            }
        }
        return perLane(values).with(form ?? self.form(shape, of: shape.elementCount))
    }

    /// Numbers for each lane in turn, row-major `[lanes] + shape`.
    ///
    /// - Parameters:
    ///   - values: of all lanes.
    ///   - shape: of one lane's array; where the model states one, it must be the same.
    public static func perLane<Element: DataElement>(_ values: [Element], shape: Shape) -> LaneData {
        perLane(numbers: Numbers(values)).with(form(shape, of: shape.elementCount))
    }

    // MARK: Rows of a lane's own

    /// An array for each lane, of its own length; see `ModelContext.plate(_:rowsOf:dim:_:)`.
    public static func ragged<Element: DataElement>(_ values: [[Element]]) -> LaneData {
        perLane(numbers: Numbers(Array(values.joined())), lengths: values.map(\.count)).with(.ragged(row: []))
    }

    /// A matrix for each lane, by rows, of its own number of rows. The run throws when rows differ in length.
    ///
    /// - Parameters:
    ///   - matrices: by lanes.
    ///   - columns: numbers in a row; as many as the first row has where nil.
    public static func ragged<Element: DataElement>(_ matrices: [[[Element]]], columns: Int? = nil) -> LaneData {
        let columns = columns ?? matrices.lazy.compactMap(\.first?.count).first ?? 0
        let lengths = matrices.map { $0.count * columns }
        for (place, rows) in matrices.enumerated() {
            if let bad = rows.firstIndex(where: { $0.count != columns }) {
                let count = rows[bad].count
                return perLane(numbers: .double([]), lengths: lengths)
                    .with(.broken { owner in "has \(count) numbers in row \(bad) of \(owner(place)), where others have \(columns)" })
            }
        }
        return perLane(numbers: Numbers(matrices.flatMap { $0.flatMap { $0 } }), lengths: lengths).with(.ragged(row: [columns]))
    }

    /// How many rows each lane has; nil where the data are not ragged.
    var rowCounts: [Int]? { arrayRows.map(byLane) }

    /// How many rows each array has; nil where the data are not ragged.
    var arrayRows: [Int]? {
        guard case .ragged(let row) = form else { return nil }
        return lengths?.map { $0 / max(row.elementCount, 1) }
    }

    /// The shape of one lane's array as all lanes have it: as many rows as the longest needs.
    var raggedShape: Shape? {
        guard case .ragged(let row) = form, let counts = rowCounts else { return nil }
        return [Self.room(counts.max() ?? 0)] + row
    }

    /// Rows that arrays have room for: a power of two, and so many that sums of up to 128 columns are made alike whatever other lanes need.
    private static func room(_ rows: Int) -> Int {
        var room = 1024
        while room < rows { room *= 2 }
        return room
    }

    private static func form(_ shape: Shape, of count: Int) -> Form {
        guard shape.allSatisfy({ $0 >= 0 }), Shapes.isPossible(shape) else {
            return .broken { _ in "cannot have shape \(shape); extents cannot be negative, nor can there be so many elements" }
        }
        return count == shape.elementCount
            ? .shape(shape) : .broken { _ in "has \(count) numbers, where shape \(shape) has \(shape.elementCount)" }
    }

    // MARK: Shapes

    /// Why this is not an array of a shape, beside its count.
    func problem(with wanted: Shape) -> String? {
        switch form {
        case .flat, .scalar: nil
        case .ragged:
            raggedShape == wanted
                ? nil : "is ragged, with \(rowCounts?.max() ?? 0) rows at most, but the model wants \(wanted); read it without a shape"
        case .broken(let problem): problem(owner)
        case .shape(let own): own == wanted ? nil : "has shape \(own), but the model wants \(wanted)"
        }
    }

    /// The shape of one lane's array, for a model that states none.
    ///
    /// - Parameter lanes: nil where any number will do.
    func shape(lanes: Int?) -> DataShape {
        switch form {
        case .shape(let shape): return .known(shape)
        case .broken(let problem): return .unknown(problem(owner))
        case .scalar: return .known([])
        case .ragged: return raggedShape.map(DataShape.known) ?? .unknown("has no rows")
        case .flat: break
        }
        if isShared { return .known([values.count]) }
        if let lengths {
            let first = lengths.first ?? 0
            guard let other = lengths.firstIndex(where: { $0 != first }) else { return .known([first]) }
            return .unknown(
                "has \(lengths[other]) numbers in \(owner(other)) and \(first) in \(owner(0)); all lanes need data of one shape, or give "
                    + ".ragged(...) to a model with a plate of its rows")
        }
        // Of arrays that several lanes have there is no telling how many there are.
        guard let lanes, lanes != values.count, source == nil else { return .known([]) }
        return .unknown("has \(values.count) numbers for \(lanes) lanes; give one for each, an array for each, or a shape")
    }
}

extension Numbers {
    /// As they are, where they are of a type that devices are given.
    init<Element: DataElement>(_ values: [Element]) {
        if let floats = values as? [Float] {
            self = .float(floats)
        } else {
            self = .double((values as? [Double]) ?? values.map(\.dataValue))
        }
    }
}

extension [String: LaneData] {
    /// - Parameter lanes: nil where any number will do.
    func shapes(lanes: Int?) -> DataShapes {
        let counts = raggedCounts
        return mapValues { data in
            guard let shape = data.raggedShape, let own = data.rowCounts, let rows = counts.first(where: { $0.counts == own }) else {
                return data.shape(lanes: lanes)
            }
            return .ragged(shape, rows: rows.name)
        }
    }

    /// The numbers of rows that lanes have, also as data: once for all data that have the same.
    var raggedCounts: [(name: String, counts: [Int], data: LaneData)] {
        var result: [(name: String, counts: [Int], data: LaneData)] = []
        for name in keys.sorted() {
            guard let given = self[name], let rows = given.arrayRows else { continue }
            let counts = given.byLane(rows)
            if result.contains(where: { $0.counts == counts }) { continue }
            var data = LaneData.perLane(rows.map(Double.init))
            (data.source, data.owners) = (given.source, given.owners)
            result.append((LaneData.rowsName(name), counts, data))
        }
        return result
    }
}

extension Model {
    /// Runs the model on data of these shapes, and records its sites.
    ///
    /// - Parameter data: as for `SVI.run`; only their shapes count here.
    /// - Throws: `ModelError`, the first mistake that the run met.
    public func trace(data: [String: LaneData]) throws -> Trace { try trace(shapes: data.shapes(lanes: nil)) }
}

extension DataError {
    /// Runs what traces a model for a run.
    ///
    /// - Throws: `DataError` where the model asked for data that the run does not have.
    static func naming<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as ModelError {
            guard let name = error.missingData else { throw error }
            throw DataError(name, "is missing; give data: [\"\(name)\": .shared(...)] or .perLane(...)")
        }
    }
}
