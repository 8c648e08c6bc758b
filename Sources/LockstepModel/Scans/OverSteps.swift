import LockstepDistributions
import LockstepTensor

/// The distribution of a site in the steps of a scan, as those outside see it: time is the first axis of the batch.
///
/// What a step's parameters are follows from what is carried, so densities and draws are those given the values that the sites of the run
/// have in the steps before.
struct OverSteps: Distribution {
    /// Of one step, made of stand-ins.
    let step: any Distribution
    /// The axes of steps, outermost first.
    private let times: Shape
    /// Nil as long as the step is being traced.
    private let trace: StepTrace?
    let support: Constraint
    let parameters: [DistributionParameter]
    let failure: TensorError?

    /// In steps that are being traced: shapes and support are known.
    init(_ step: any Distribution, _ times: Shape) {
        self.init(step, times, nil, step.support, step.parameters, step.failure)
    }

    /// In steps that have been traced.
    ///
    /// - Parameters:
    ///   - support: that of all steps.
    ///   - parameters: those of all steps.
    init(_ step: any Distribution, _ trace: StepTrace, support: Constraint, parameters: [DistributionParameter]) {
        self.init(step, [trace.length], trace, support, parameters, step.failure)
    }

    private init(
        _ step: any Distribution, _ times: Shape, _ trace: StepTrace?, _ support: Constraint, _ parameters: [DistributionParameter],
        _ failure: TensorError?
    ) {
        (self.step, self.times, self.trace, self.support, self.parameters) = (step, times, trace, support, parameters)
        self.failure = failure
    }

    var batchShape: Shape { times + step.batchShape }
    var eventShape: Shape { step.eventShape }
    var isDiscrete: Bool { step.isDiscrete }
    var hasReparameterizedSample: Bool { step.hasReparameterizedSample }
    var isProper: Bool { step.isProper }
    var enumeratedSupport: Tensor? { step.enumeratedSupport }

    func logProb(_ value: Tensor) -> Tensor {
        if let failure = failure ?? value.failure { return .failed(failure) }
        guard let shape = Shapes.broadcast([value.shape, self.shape()]) else {
            return .failed(TensorError("logProb", [value.shape, self.shape()], "the value does not broadcast with the batch of the distribution"))
        }
        let samples = shape.count - self.shape().count
        let whole = value.broadcast(to: shape).movingAxis(samples, to: 0)
        guard var trace else { return .failed(unknown) }
        let own = trace.addRow(of: whole)
        return trace.outputs([step.logProb(own)])[0].movingAxis(0, to: samples)
    }

    /// While the step is being traced, draws for the one step: the steps' own follow from them.
    func sample(_ source: RandomSource, sampleShape: Shape) -> Tensor {
        if let failure { return .failed(failure) }
        let draw = step.sample(source, sampleShape: sampleShape)
        guard let trace else { return draw }
        let draws = StepDraws(trace, [draw]) { $1.path == source.path || $1.path.hasPrefix(source.path + "\0") }
        if let stuck = draws.stuck { return .failed(TensorError("sample", [shape()], "draws of '\(stuck.site)' depend on the draws before")) }
        return draws.trace.outputs([draw])[0].movingAxis(0, to: sampleShape.count)
    }

    var mean: Tensor { moment(step.mean) }
    var variance: Tensor { moment(step.variance) }

    private func moment(_ ofStep: Tensor) -> Tensor {
        if let failure = failure ?? ofStep.failure { return .failed(failure) }
        return trace?.outputs([ofStep])[0] ?? .failed(unknown)
    }

    private var unknown: TensorError { TensorError("scan", [shape()], "the steps of this distribution are still being traced") }

    /// Plates are of the step.
    func expanded(to batchShape: Shape) -> any Distribution {
        if failure != nil || batchShape == self.batchShape { return self }
        let error = TensorError("expanded", [self.batchShape, batchShape], "the batch of a site in a scan is that of its steps")
        return OverSteps(step, times, trace, support, parameters, error)
    }
}

extension Tensor {
    fileprivate func movingAxis(_ axis: Int, to place: Int) -> Tensor {
        if failure != nil || axis == place { return self }
        var order = Array(shape.indices)
        order.insert(order.remove(at: axis), at: place)
        return transposed(order)
    }
}
