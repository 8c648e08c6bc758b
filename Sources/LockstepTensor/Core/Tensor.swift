/// An immutable expression for one lane, with a static shape.
///
/// A tensor is a node of a directed acyclic graph whose fields never change. Operators build new nodes; nothing
/// is computed until a program that contains the tensor is compiled and run.
public struct Tensor: Sendable {
    package let node: Node

    package init(node: Node) { self.node = node }

    /// Of one lane's array; empty for a scalar.
    public var shape: Shape { node.shape }
    /// What the elements are.
    public var dtype: DType { node.dtype }
    /// The mistake that this expression carries, if any.
    public var failure: TensorError? { node.failure }
    /// The number of axes.
    public var rank: Int { node.shape.count }
    /// The number of elements.
    public var count: Int { node.shape.elementCount }
}

package final class Node: Sendable {
    package let op: Op
    package var inputs: [Tensor] { operands }
    package let shape: Shape
    package let dtype: DType
    package let failure: TensorError?
    /// Constant from `init` on; only `deinit` takes it apart, when nobody else can see the node any more.
    @exclusivity(unchecked) nonisolated(unsafe) private var operands: [Tensor]

    package init(_ op: Op, _ inputs: [Tensor] = [], shape: Shape, dtype: DType, failure: TensorError? = nil) {
        self.op = op
        self.operands = inputs
        self.dtype = dtype
        let carried = failure ?? inputs.lazy.compactMap(\.failure).first
        if Shapes.isPossible(shape) {
            self.shape = shape
            self.failure = carried
        } else {
            self.shape = []
            self.failure =
                carried ?? TensorError("Tensor", [shape], "extents cannot be negative, and there can be at most \(Shapes.mostElements) elements")
        }
    }

    /// Releases a chain of operands in a loop: left to themselves they would recurse once per node, and a graph
    /// of many steps would overflow the stack.
    deinit {
        if operands.isEmpty { return }
        var pending = operands.map(\.node)
        operands = []
        while var node = pending.popLast() {
            guard isKnownUniquelyReferenced(&node) else { continue }
            pending.append(contentsOf: node.operands.lazy.map(\.node))
            node.operands = []
        }
    }
}

extension Tensor {
    package var id: ObjectIdentifier { ObjectIdentifier(node) }

    package init(_ op: Op, _ inputs: [Tensor] = [], shape: Shape, dtype: DType) {
        self.init(node: Node(op, inputs, shape: shape, dtype: dtype))
    }

    /// A stand-in that carries a mistake to the end of the trace.
    package static func failed(_ error: TensorError) -> Tensor {
        Tensor(node: Node(.literal([.nan]), shape: [], dtype: .real, failure: error))
    }

    package static func input(_ input: Input, shape: Shape, dtype: DType = .real) -> Tensor {
        Tensor(.input(input), shape: shape, dtype: dtype)
    }

    package static func random(_ op: RandomOp, _ parameter: Tensor? = nil, shape: Shape) -> Tensor {
        Tensor(.random(op), parameter.map { [$0.asReal.broadcast(to: shape)] } ?? [], shape: shape, dtype: .real)
    }
}

// MARK: Values known on the host

extension Tensor: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    public init(floatLiteral value: Double) { self.init(value) }
    public init(integerLiteral value: Int) { self.init(Double(value)) }
    public init(arrayLiteral elements: Double...) { self.init(elements) }

    /// A real scalar.
    public init(_ value: Double) { self.init(.literal([value]), shape: [], dtype: .real) }

    /// A real vector.
    public init(_ values: [Double]) { self.init(values, shape: [values.count]) }

    /// Real values in row-major order.
    public init(_ values: [Double], shape: Shape) {
        guard values.count == shape.elementCount, shape.allSatisfy({ $0 >= 0 }) else {
            self = .failed(TensorError("Tensor", [shape], "\(values.count) values were given; give \(shape.elementCount)"))
            return
        }
        self.init(.literal(values), shape: shape, dtype: .real)
    }

    /// A tensor filled with one value.
    public init(repeating value: Double, shape: Shape) {
        self.init(.literal([value]), shape: shape, dtype: .real)
    }

    /// Integers, for indices and counts.
    public init(integers values: [Int]) {
        self.init(.literal(values.map(Double.init)), shape: [values.count], dtype: .int)
    }

    package init(integer value: Int) {
        self.init(.literal([Double(value)]), shape: [], dtype: .int)
    }

    package init(mask value: Bool) {
        self.init(.literal([value ? 1 : 0]), shape: [], dtype: .bool)
    }

    /// The integers 0 ..< count.
    public static func iota(_ count: Int) -> Tensor {
        Tensor(.iota, shape: [count], dtype: .int)
    }

    /// The single value of a literal that is the same everywhere.
    package var splat: Double? {
        if case .literal(let values) = node.op, node.failure == nil, let first = values.first,
            values.count == 1 || values.allSatisfy({ $0 == first })
        {
            return first
        }
        return nil
    }
}
