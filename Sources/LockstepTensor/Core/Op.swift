/// The operations that a tensor node can be. Elementwise operands have the node's own shape: broadcasting is
/// an operation of its own, put in by the operators.
package enum Op: Hashable, Sendable {
    /// Values known on the host, row-major; a single value fills the shape.
    case literal([Double])
    case input(Input)
    /// Counter-based draws; inputs are the distribution's parameters (none, or one of the node's shape).
    case random(RandomOp)
    /// 0, 1, 2 ... along the only axis.
    case iota
    case map(ElementOp)
    /// Axes are sorted, and dropped from the shape.
    case reduce(Reduction, axes: [Int])
    case broadcast
    case reshape
    /// Result axis i is operand axis `order[i]`.
    case permute([Int])
    /// `node.shape` elements from `starts`.
    case slice(starts: [Int])
    /// Disjoint parts that fill the shape, operand i from `starts[i]` on.
    case assemble(starts: [[Int]])
    /// (source [n] + rest, index) -> index.shape + rest
    case gather
    /// (values index.shape + rest, index) -> [count] + rest: the adjoint of gather.
    case segmentSum
    case stopGradient
    /// [..., n, n] -> its lower Cholesky factor. Of the operand the lower triangle is read.
    case cholesky
    /// (lower triangular [..., n, n], [..., n, m]) -> [..., n, m]; of the matrix the lower triangle is read.
    case triangular(Triangular)
    /// A recurrence: starts of what is carried, stacked operands, what the region captured. Read by its results only.
    case scan(Region, Scan)
    /// A function with derivatives of its own. Read by its results only, which are written out before anything is computed.
    case call(Region, Pullback)
    /// A result of the operand by number.
    case result(Int)
}

package enum Reduction: String, Hashable, Sendable, CaseIterable {
    case sum, maximum, minimum
    /// Of masks: whether any is true.
    case any

    /// What combines an element with a value, and what changes no value by being combined with it, as a real and as an int.
    private var row: (combine: ElementOp, identity: Double, intIdentity: Int32) {
        switch self {
        case .sum: (.add, 0, 0)
        case .maximum: (.maximum, -.infinity, .min)
        case .minimum: (.minimum, .infinity, .max)
        case .any: (.or, 0, 0)
        }
    }

    package var combine: ElementOp { row.combine }

    package func identity(_ dtype: DType) -> Double { dtype == .int ? Double(row.intIdentity) : row.identity }
}

/// A value that a run binds: to one trace, so that a tensor which escapes its trace is found out.
package struct Input: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        /// A user's data, shared by all lanes or one array per lane.
        case data
        /// What a lane carries from step to step.
        case state
        /// A number that is the same for all lanes, given at each launch.
        case scalar
        /// What a region is called with.
        case bound
    }

    /// The scalar that holds the number of the running step, an int.
    package static let step = "step"

    package let kind: Kind
    package let name: String
    package let origin: Origin

    package init(_ kind: Kind, _ name: String, origin: Origin) {
        self.kind = kind
        self.name = name
        self.origin = origin
    }
}

/// The identity of one trace. It holds nothing: two origins are equal when they are the same object.
package final class Origin: Hashable, Sendable {
    package init() {}
    package static func == (a: Origin, b: Origin) -> Bool { a === b }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// A draw: Philox4x32-10(key of the lane; stream, step, particle, element). The key and the step are the
/// running program's own.
package struct RandomOp: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Inside (0, 1).
        case uniform
        /// Standard normal.
        case normal
        /// Standard gamma; input: shape parameter.
        case gamma
        /// Input: rate.
        case poisson
    }

    package let kind: Kind
    package let stream: UInt32
    package var particle: UInt32
    /// The site that draws, for messages.
    package let site: String
    /// What the stream is the hash of: two draws of one stream and different paths collide.
    package let path: String
    package let origin: Origin
    /// Of a vector each of whose elements is the one draw of a site of its own: their streams. Nil for one site.
    package var streams: [UInt32]?
    /// How many particles draw, beginning with `particle`: one after the other along the first axis, each as it would by itself. Nil for one,
    /// which has no axis.
    package var particles: Int?

    /// - Parameter path: the site when nil.
    package init(_ kind: Kind, stream: UInt32, particle: UInt32, site: String, path: String? = nil, origin: Origin) {
        self.kind = kind
        self.stream = stream
        self.particle = particle
        self.site = site
        self.path = path ?? site
        self.origin = origin
    }
}

extension Op: CustomStringConvertible {
    /// The operation with what it has besides operands, for people.
    package var description: String {
        switch self {
        case .literal(let values):
            "literal(" + values.prefix(4).map { "\($0)" }.joined(separator: ", ") + (values.count > 4 ? ", ... \(values.count) in all)" : ")")
        case .input(let input): "\(input.kind.rawValue) '\(input.name)'"
        case .random(let draw): "\(draw.kind.rawValue) draw of '\(draw.site)'"
        case .iota: "iota"
        case .map(let op): op.name
        case .reduce(let reduction, let axes): "\(reduction.rawValue) over \(axes)"
        case .broadcast: "broadcast"
        case .reshape: "reshape"
        case .permute(let order): "permute \(order)"
        case .slice(let starts): "slice from \(starts)"
        case .assemble(let starts): "assemble at \(starts.prefix(8))"
        case .gather: "gather"
        case .segmentSum: "segmentSum"
        case .stopGradient: "stopGradient"
        case .cholesky: "cholesky"
        case .triangular(let op): "triangular \(op.kind.rawValue)\(op.isTransposed ? ", transposed" : "")"
        case .scan(let region, let scan):
            "scan of \(scan.length) steps\(scan.isReversed ? " from the last" : ""), \(scan.carries) carried, \(scan.stacked) stacked, "
                + "\(region.parameters.count - scan.carries - scan.stacked) captured, \(scan.outputs) outputs"
        case .call(let region, _): "call, \(region.results.count) results"
        case .result(let number): "result \(number)"
        }
    }
}
