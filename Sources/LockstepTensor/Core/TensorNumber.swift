/// What arrays of data may hold: `Double`, `Float`, `Int`, and `Bool` as 0 and 1.
public protocol DataElement: Sendable {
    /// The number as data hold it.
    var dataValue: Double { get }
}

/// What operators and functions take beside a tensor: `Double`, `Float`, `Int`.
public protocol TensorNumber: DataElement {}

extension Double: TensorNumber { public var dataValue: Double { self } }
extension Float: TensorNumber { public var dataValue: Double { Double(self) } }
extension Int: TensorNumber { public var dataValue: Double { Double(self) } }
extension Bool: DataElement { public var dataValue: Double { self ? 1 : 0 } }

extension TensorNumber {
    /// This number as an operand beside `other`: an `Int` beside ints is an int, so that `county + 1` remains an index.
    func tensor(beside other: Tensor) -> Tensor {
        if other.dtype == .int, let whole = self as? Int, Int32(exactly: whole) != nil { return Tensor(integer: whole) }
        return Tensor(dataValue)
    }
}

/// `Tensor`, to the operators that it has in common with numbers.
///
/// They are generic so that a literal is not taken for a tensor on their account: `[1.5, 2.5].reduce(0, +) / 2` is a
/// `Double` still.
public protocol TensorExpression: Sendable {
    /// Itself.
    var tensor: Tensor { get }
}

extension Tensor: TensorExpression {
    public var tensor: Tensor { self }
}

// MARK: Arrays of numbers

extension Tensor {
    /// A real scalar.
    @_disfavoredOverload public init<Number: TensorNumber>(_ value: Number) { self.init(value.dataValue) }

    /// A real vector.
    @_disfavoredOverload public init<Number: TensorNumber>(_ values: [Number]) { self.init(values.map(\.dataValue)) }

    /// A mask.
    @_disfavoredOverload public init(_ values: [Bool]) {
        self.init(.literal(values.map(\.dataValue)), shape: [values.count], dtype: .bool)
    }

    /// A real matrix from its rows. Rows of different lengths make a tensor that carries the mistake.
    @_disfavoredOverload public init<Element: DataElement>(_ rows: [[Element]]) {
        let table = Rows(rows)
        if let problem = table.problem {
            self = .failed(TensorError("Tensor", [], problem))
        } else {
            self.init(table.values, shape: table.shape)
        }
    }
}

/// Rows of equal length, put end to end.
package struct Rows: Sendable {
    package let values: [Double]
    package let shape: Shape
    /// Which row has another length than the first; reads after the name of the data.
    package let problem: String?

    package init<Element: DataElement>(_ rows: [[Element]]) {
        let width = rows.first?.count ?? 0
        problem = rows.firstIndex { $0.count != width }.map { row in
            "has \(rows[row].count) numbers in row \(row) and \(width) in row 0; give rows of one length"
        }
        values = rows.flatMap { row in (row as? [Double]) ?? row.map(\.dataValue) }
        shape = [rows.count, width]
    }
}
