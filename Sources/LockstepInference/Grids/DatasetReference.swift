/// What a dataset of a grid can be asked for by: its label, a `String`, or its number, an `Int` from 0.
public protocol DatasetReference: Sendable {
    /// The label or the number.
    var datasetPlace: DatasetPlace { get }
}

/// A label or a number of a dataset.
public enum DatasetPlace: Sendable, Hashable {
    /// As `Datasets.labels` has it.
    case label(String)
    /// From 0, in the order of `Datasets.labels`.
    case number(Int)
}

extension String: DatasetReference {
    public var datasetPlace: DatasetPlace { .label(self) }
}

extension Int: DatasetReference {
    public var datasetPlace: DatasetPlace { .number(self) }
}
