import LockstepTensor

/// An array that a model asks of whoever runs it.
public struct DataDeclaration: Hashable, Sendable {
    /// As the model names it.
    public let name: String
    /// Of one lane.
    public let shape: Shape
    /// Reals, or ints that choose rows.
    public let dtype: DType
    /// Indices must be below this; nil when any will do.
    public let bound: Int?

    package init(name: String, shape: Shape, dtype: DType, bound: Int?) {
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.bound = bound
    }
}
