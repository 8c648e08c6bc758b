import LockstepModel
import LockstepRuntime
import LockstepTensor

/// What an algorithm has to do with in one lane: parameters, and losses at values of them.
public struct LaneProblem: Sendable {
    /// Something to optimise.
    public struct Parameter: Sendable {
        /// As the guide or the model calls it.
        public let name: String
        /// What the lane holds before the step, in unconstrained space.
        public let value: Tensor
    }

    /// In the order of the guide's, those of the model's `param` sites last.
    public let parameters: [Parameter]
    /// The number of steps that the lane has been given before this one, a real scalar.
    public let step: Tensor
    /// The number of steps of the run, a real scalar.
    public let steps: Tensor
    /// Of all reals of the run.
    public let precision: Precision

    let time: StepTime
    let origin: Origin
    private let model: Model
    let guide: PreparedGuide
    let data: DataShapes

    init(_ model: Model, _ guide: PreparedGuide, _ data: DataShapes, _ precision: Precision) {
        self.model = model
        self.guide = guide
        self.data = data
        self.precision = precision
        origin = Origin()
        let carried = guide.carried(origin)
        parameters = guide.parameters.compactMap { parameter in
            carried[parameter.name].map { Parameter(name: parameter.name, value: $0) }
        }
        time = StepTime(origin)
        (step, steps) = (time.done, time.steps)
    }

    var named: [String: Tensor] { Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.value) }) }

    // MARK: Losses

    /// A loss with the draws of this step.
    ///
    /// - Parameters:
    ///   - loss: that of the algorithm, say.
    ///   - values: of the parameters, in their order; what the lane holds where nil.
    /// - Returns: a scalar.
    /// - Throws: `ModelError` when model and guide do not fit together.
    public func value(of loss: any Loss, at values: [Tensor]? = nil) throws -> Tensor {
        var named = named
        if let values {
            try check(values)
            for (parameter, value) in zip(parameters, values) { named[parameter.name] = value }
        }
        let value = try loss.value(of: LossStep(model: model, guide: guide, parameters: named, origin: origin, data: data))
        if let failure = value.failure { throw failure }
        return value
    }

    /// A loss with the draws of this step, and its gradients with respect to all parameters, in their order.
    ///
    /// - Throws: as `value(of:at:)`.
    public func valueAndGradients(of loss: any Loss, at values: [Tensor]? = nil) throws -> (value: Tensor, gradients: [Tensor]) {
        let value = try value(of: loss, at: values)
        return (value, Gradient.of(value, withRespectTo: values ?? parameters.map(\.value)))
    }

    private func check(_ values: [Tensor]) throws {
        guard values.map(\.shape) == parameters.map(\.value.shape) else {
            throw RunError(
                "values of the shapes \(values.map(\.shape)) were given for the parameters \(parameters.map(\.name)) of the shapes "
                    + "\(parameters.map(\.value.shape)); give one value for each, of its shape")
        }
    }

    // MARK: One vector

    /// The number of elements of all parameters.
    public var count: Int { parameters.reduce(0) { $0 + $1.value.count } }

    /// Tensors of the parameters' shapes as one vector `[count]`.
    public func flattened(_ tensors: [Tensor]) -> Tensor {
        tensors.isEmpty ? Tensor(repeating: 0, shape: [0]) : .concatenate(tensors.map { $0.reshape([$0.count]) }, axis: 0)
    }

    /// A vector `[count]` as tensors of the parameters' shapes.
    public func unflattened(_ vector: Tensor) -> [Tensor] {
        var first = 0
        return parameters.map { parameter in
            defer { first += parameter.value.count }
            return vector.slice(axis: 0, first..<(first + parameter.value.count)).reshape(parameter.value.shape)
        }
    }

    // MARK: What the algorithm carries

    /// What a state of the algorithm's own, `LanePlan.State`, holds before the step.
    ///
    /// - Parameters:
    ///   - name: of the state.
    ///   - shape: of its value.
    ///   - dtype: `real` or `int`.
    public func state(_ name: String, shape: Shape = [], dtype: DType = .real) -> Tensor {
        StateName.own(name).before(origin, shape: shape, dtype: dtype)
    }
}
