/// A mistake inside an expression. Operators cannot throw, so it travels in the expression and is thrown
/// when the trace that holds the expression ends.
public struct TensorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The operation as a user wrote it, `+` or `gather` say.
    public let operation: String
    /// The shapes of its operands.
    public let shapes: [Shape]
    /// What is wrong and what to do.
    public let reason: String

    package init(_ operation: String, _ shapes: [Shape], _ reason: String) {
        self.operation = operation
        self.shapes = shapes
        self.reason = reason
    }

    public var description: String {
        let operands = shapes.map { "\($0)" }.joined(separator: ", ")
        return shapes.isEmpty ? "\(operation): \(reason)" : "\(operation) of shapes \(operands): \(reason)"
    }
}
