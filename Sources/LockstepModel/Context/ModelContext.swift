import LockstepDistributions
import LockstepTensor

/// What a model's body writes its sites into, as `inout`: it can be neither copied nor kept, so what a run accumulates
/// dies with the run.
///
/// Nothing here throws or traps. The first mistake of a run is thrown when its trace ends.
public struct ModelContext: ~Copyable {
    private let run: TraceRun
    private let handlers: [Handler]
    /// Plates, masks and scales that are open in the body, outermost first.
    var scopes: [Scope] = []
    /// Scans that are open in the body, outermost first.
    var loops: [StepLoop] = []
    var record: RunRecord

    init(_ run: TraceRun, _ handlers: [Handler]) {
        self.run = run
        var record = RunRecord()
        self.handlers = handlers.map { handler in
            if case .weigh(let weights) = handler { .weighRows(weights.bound(&record, run)) } else { handler }
        }
        self.record = record
    }
}

/// A context belongs to the one run that made it.
@available(*, unavailable)
extension ModelContext: Sendable {}

// MARK: Sites

extension ModelContext {
    /// A random variable: latent, unless a handler conditions it.
    ///
    /// - Parameters:
    ///   - name: of the site; no other of the run may bear it.
    ///   - distribution: of the value.
    ///   - shape: independent copies that make one value: `sample("b", Normal(0, 1), shape: [3])` is a vector of three
    ///     normal variates. The axes stand between the plates' and the distribution's event; a mask or scale takes them as
    ///     a whole, so copies that are to be told apart belong in a plate.
    /// - Returns: its value, of shape batch + event.
    @discardableResult
    public mutating func sample(_ name: String, _ distribution: any Distribution, shape: Shape = []) -> Tensor {
        pass(name, .sample(distribution), shape: shape)
    }

    /// A random variable that is observed when a value is there.
    ///
    /// - Parameters:
    ///   - name: of the site; no other of the run may bear it.
    ///   - distribution: of the value.
    ///   - shape: independent copies that make one value, as of a latent.
    ///   - observed: broadcasts to batch + event; nil for a latent.
    /// - Returns: its value, of shape batch + event.
    @discardableResult
    public mutating func sample(_ name: String, _ distribution: any Distribution, shape: Shape = [], observed: Tensor?) -> Tensor {
        pass(name, .sample(distribution), shape: shape, value: observed, isObserved: observed != nil)
    }

    /// A random variable with a known value.
    ///
    /// - Parameters:
    ///   - name: of the site; no other of the run may bear it.
    ///   - distribution: of the value.
    ///   - value: broadcasts to batch + event.
    ///   - shape: independent copies that make one value, as of a latent.
    /// - Returns: the value, of shape batch + event.
    @discardableResult
    public mutating func observe(_ name: String, _ distribution: any Distribution, _ value: Tensor, shape: Shape = []) -> Tensor {
        pass(name, .sample(distribution), shape: shape, value: value, isObserved: true)
    }

    /// A value to optimise.
    ///
    /// - Parameters:
    ///   - name: of the site; no other of the run may bear it.
    ///   - initial: where the optimiser starts; it lies in the constraint.
    ///   - constraint: where the value must stay.
    /// - Returns: the value, of the shape of `initial`.
    @discardableResult
    public mutating func param(_ name: String, _ initial: Tensor, constraint: Constraint = .real) -> Tensor {
        pass(name, .param(initial: initial, constraint: constraint))
    }

    /// A named value that follows from others, for the record.
    @discardableResult
    public mutating func deterministic(_ name: String, _ value: Tensor) -> Tensor {
        pass(name, .deterministic, value: value)
    }

    /// A term of the log density. In plates it counts once per element of them.
    public mutating func factor(_ name: String, _ logFactor: Tensor) {
        _ = pass(name, .factor, value: logFactor, isObserved: true)
    }

    private mutating func pass(
        _ name: String, _ statement: Message.Statement, shape: Shape = [], value: Tensor? = nil, isObserved: Bool = false
    ) -> Tensor {
        var message = Message(
            name, statement, shape: shape, value: value, isObserved: isObserved, plates: scopes.plates,
            weighting: loops.isEmpty ? scopes.weighting : Weighting(), times: loops.map(\.length))
        do throws(ModelError) {
            try message.prepare()
            handlers.process(&message)
            try enterStep(&message)
            let site = try message.resolve(run)
            record.add(site, hiddenBy: message.hiddenBy)
            return site.value
        } catch {
            record.report(error)
            return .failed(TensorError("site '\(name)'", [], error.description))
        }
    }
}

// MARK: Rows of a lane's own

extension ModelContext {
    /// How many rows of data a lane has.
    ///
    /// - Parameter data: the name of the data.
    /// - Returns: an int scalar. Where the data are not ragged it is the same for all lanes.
    public mutating func rowCount(_ data: String) -> Tensor {
        let rows = record.rows(of: data, run)
        return rows.count ?? Tensor(integer: rows.most)
    }

    /// Independent copies, as many as a lane has rows of ragged data: sites inside count in these rows only, in value and gradient.
    ///
    /// Along the axis of the plate all arrays are as long as the longest lane needs. Where the data are not ragged this is the plate of all
    /// their rows.
    ///
    /// - Parameters:
    ///   - name: of the plate, for messages and traces.
    ///   - data: the name of the data. Others of the same lengths may be used beside them.
    ///   - dim: the axis, counted from the right, so negative; by default the rightmost that no plate around takes.
    ///   - body: the sites inside: observed ones, factors and deterministic ones.
    /// - Returns: what the body returns.
    @discardableResult
    public mutating func plate<R>(
        _ name: String, rowsOf data: String, dim: Int? = nil, _ body: (inout ModelContext) throws -> R
    ) rethrows -> R {
        try rows(name, data, dim, body)
    }

    private mutating func rows<R>(
        _ name: String, _ data: String, _ dim: Int?, _ body: (inout ModelContext) throws -> R
    ) rethrows -> R {
        let rows = record.rows(of: data, run)
        guard let count = rows.count else { return try plate(name, rows.most, dim: dim, body) }
        return try plate(name, rows.most, rows: data, dim: dim) { m in
            let axis = m.scopes.plates.last?.dim ?? -1
            let numbers = Tensor.iota(rows.most).reshape([rows.most] + Shape(repeating: 1, count: max(-axis, 1) - 1))
            return try m.mask(numbers .< count, body)
        }
    }

    /// `plate(_:rowsOf:dim:_:)` of a body that returns nothing.
    public mutating func plate(
        _ name: String, rowsOf data: String, dim: Int? = nil, _ body: (inout ModelContext) throws -> Void
    ) rethrows {
        try rows(name, data, dim, body)
    }
}

// MARK: Data

extension ModelContext {
    /// Real data.
    ///
    /// Without a shape the data have that of what is bound at the run: `.shared(2.5)` is a scalar, an array of numbers a
    /// vector, rows a matrix. `y.shape[0]` sizes a plate. A body that reads more of the shape names the rank, so that data
    /// of another one are an error.
    ///
    /// - Parameters:
    ///   - name: that the run binds the data to.
    ///   - shape: of one lane's array.
    ///   - rank: how many axes the shape that is taken from the run must have; any when nil.
    public mutating func data(_ name: String, shape: Shape? = nil, rank: Int? = nil) -> Tensor {
        record.declare(DataRequest(name: name, shape: shape, rank: rank, dtype: .real, bound: nil), run)
    }

    /// Integer data that choose rows, as in `alpha[m.indices("county", below: 85)]`.
    ///
    /// - Parameters:
    ///   - name: that the run binds the data to.
    ///   - shape: of one lane's array; by default that of what is bound at the run, as of `data(_:shape:rank:)`.
    ///   - rank: how many axes the shape that is taken from the run must have; any when nil.
    ///   - bound: the number of rows, when it is known: values that reach it are refused before a run.
    public mutating func indices(_ name: String, shape: Shape? = nil, rank: Int? = nil, below bound: Int? = nil) -> Tensor {
        record.declare(DataRequest(name: name, shape: shape, rank: rank, dtype: .int, bound: bound), run)
    }
}
