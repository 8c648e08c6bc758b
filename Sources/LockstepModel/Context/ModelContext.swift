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
    var record = RunRecord()

    init(_ run: TraceRun, _ handlers: [Handler]) {
        self.run = run
        self.handlers = handlers
    }
}

/// A context belongs to the one run that made it.
@available(*, unavailable)
extension ModelContext: Sendable {}

// MARK: Sites

extension ModelContext {
    /// A random variable: latent, unless a handler conditions it.
    ///
    /// - Returns: its value, of shape batch + event.
    @discardableResult
    public mutating func sample(_ name: String, _ distribution: any Distribution) -> Tensor {
        pass(name, .sample(distribution))
    }

    /// A random variable that is observed when a value is there.
    ///
    /// - Parameter observed: broadcasts to batch + event; nil for a latent.
    /// - Returns: its value, of shape batch + event.
    @discardableResult
    public mutating func sample(_ name: String, _ distribution: any Distribution, observed: Tensor?) -> Tensor {
        pass(name, .sample(distribution), value: observed, isObserved: observed != nil)
    }

    /// A random variable with a known value.
    ///
    /// - Parameter value: broadcasts to batch + event.
    /// - Returns: the value, of shape batch + event.
    @discardableResult
    public mutating func observe(_ name: String, _ distribution: any Distribution, _ value: Tensor) -> Tensor {
        pass(name, .sample(distribution), value: value, isObserved: true)
    }

    /// A value to optimise.
    ///
    /// - Parameters:
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

    private mutating func pass(_ name: String, _ statement: Message.Statement, value: Tensor? = nil, isObserved: Bool = false) -> Tensor {
        var message = Message(
            name: name, statement: statement, value: value, isObserved: isObserved, plates: scopes.plates,
            weighting: scopes.weighting)
        do throws(ModelError) {
            try message.prepare()
            handlers.process(&message)
            let site = try message.resolve(run)
            record.add(site, hiddenBy: message.hiddenBy)
            return site.value
        } catch {
            record.report(error)
            return .failed(TensorError("site '\(name)'", [], error.description))
        }
    }
}

// MARK: Data

extension ModelContext {
    /// Real data.
    ///
    /// - Parameter shape: of one lane's array.
    public mutating func data(_ name: String, shape: Shape = []) -> Tensor {
        record.declare(DataDeclaration(name: name, shape: shape, dtype: .real, bound: nil), run.origin)
    }

    /// Integer data that choose rows, as in `alpha[m.indices("county", shape: [919], below: 85)]`.
    ///
    /// - Parameters:
    ///   - shape: of one lane's array.
    ///   - bound: the number of rows, when it is known: values that reach it are refused before a run.
    public mutating func indices(_ name: String, shape: Shape = [], below bound: Int? = nil) -> Tensor {
        record.declare(DataDeclaration(name: name, shape: shape, dtype: .int, bound: bound), run.origin)
    }
}
