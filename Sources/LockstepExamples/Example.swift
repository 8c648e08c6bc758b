import Lockstep
import LockstepTables

/// A model that the programs know by name, and how its data come from a table.
public struct Example: Sendable {
    /// What `lockstep fit` calls it.
    public let name: String
    /// One line.
    public let summary: String
    /// The columns that a table must have; empty when the model needs no table.
    public let columns: String
    private let make: @Sendable (Table?) throws -> Problem
    /// Of tables whose groups are datasets of their own; nil where the model is of one dataset.
    private let makeGrouped: (@Sendable (GroupedTable) throws -> Problem)?

    init(_ name: String, _ summary: String, columns: String, make: @escaping @Sendable (Table?) throws -> Problem) {
        self.name = name
        self.summary = summary
        self.columns = columns
        self.make = make
        makeGrouped = nil
    }

    /// A model whose datasets may have rows of their own number.
    init(ofRows name: String, _ summary: String, columns: String, make rows: @escaping @Sendable (DatasetRows) throws -> Problem) {
        self.name = name
        self.summary = summary
        self.columns = columns
        make = { try rows(.one(required($0, name))) }
        makeGrouped = { try rows(.groups($0)) }
    }

    /// A model with its data.
    public struct Problem: Sendable {
        /// What is fitted.
        public let model: Model
        /// What automatic guides are built over: the model, or a part of it.
        public let guided: Model
        /// By the names that the model declares.
        public let data: [String: LaneData]

        init(_ model: Model, guided: Model? = nil, data: [String: LaneData]) {
            self.model = model
            self.guided = guided ?? model
            self.data = data
        }
    }

    /// The model for a table, or for the example's own data.
    ///
    /// - Throws: `TableError` when the table does not fit.
    public func problem(_ table: Table? = nil) throws -> Problem {
        if columns.isEmpty, let table { throw TableError("\(table.name): the model '\(name)' takes no data") }
        return try make(table)
    }

    /// Whether the groups of a table may be fitted, each by itself.
    public var isGrouped: Bool { makeGrouped != nil }

    /// The model for the groups of a table: its data have a lane for each group.
    ///
    /// - Throws: `TableError` when the table does not fit, or the model takes no groups.
    public func problem(_ groups: GroupedTable) throws -> Problem {
        guard let makeGrouped else {
            let others = Self.all.filter(\.isGrouped).map(\.name).joined(separator: ", ")
            throw TableError("the model '\(name)' is not fitted by groups; choose from: \(others)")
        }
        return try makeGrouped(groups)
    }

    /// By name, in the order of `lockstep fit --help`.
    public static let all: [Example] = [.eightSchools, .radon, .gaussianMixture, .logistic, .line, .lightCurve, .blockedDeterministic]

    /// The example of a name; nil where there is none.
    public static func named(_ name: String) -> Example? { all.first { $0.name == name } }
}

/// Wraps a table that must be there.
func required(_ table: Table?, _ name: String) throws -> Table {
    guard let table else { throw TableError("the model '\(name)' needs data: pass --data FILE.csv") }
    return table
}
