import LockstepTensor

/// A probabilistic model: a function of a context that names its sites, and the handlers around it.
///
/// A model is a value. Running it builds expressions and computes nothing; it may run many times, and from many tasks
/// at once, with the same result.
public struct Model: Sendable {
    private let body: @Sendable (inout ModelContext) -> Void
    /// Innermost first.
    private var handlers: [Handler] = []
    /// The key of runs that are given none.
    package var seededKey: Key?

    /// The body names its sites on the context, each once a run; it may run more than once.
    public init(_ body: @escaping @Sendable (inout ModelContext) -> Void) {
        self.body = body
    }

    /// Runs the model, and records its sites.
    ///
    /// With a handler that replays a trace, the new trace belongs to the same run as that one, so that their tensors
    /// go together.
    /// - Parameter dataShapes: of data whose shape the model leaves to the run; where there are data,
    ///   `trace(data:)` takes them instead.
    /// - Throws: `ModelError`, the first mistake that the run met.
    public func trace(dataShapes: [String: Shape]? = nil) throws -> Trace {
        try trace(shapes: dataShapes?.mapValues(DataShape.known))
    }

    package func trace(shapes: DataShapes?) throws -> Trace {
        let replayed = handlers.lazy.compactMap { handler -> Origin? in
            if case .replay(let trace) = handler { trace.origin } else { nil }
        }
        return try trace(TraceRun(origin: replayed.first ?? Origin(), data: shapes))
    }

    /// - Throws: `ModelError`, the first mistake that the run met.
    package func trace(_ run: TraceRun) throws -> Trace {
        var context = ModelContext(run, handlers)
        body(&context)
        return try context.record.trace(run, handlers: handlers)
    }

    func adding(_ handler: Handler) -> Model {
        var copy = self
        copy.handlers.append(handler)
        return copy
    }
}
