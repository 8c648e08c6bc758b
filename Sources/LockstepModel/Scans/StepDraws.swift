import LockstepTensor

/// The draws of a step, taken out of it: one draw for all steps, of which each step gets a row. Element i of n of step t is element
/// t * n + i of that draw, so a draw is a function of key, site, step of the algorithm and time.
struct StepDraws {
    /// The step, in which rows stand for the draws.
    private(set) var trace: StepTrace
    /// A draw whose parameter depends on the draws of the steps before: there is none for all steps.
    private(set) var stuck: RandomOp?

    /// - Parameters:
    ///   - roots: of the step.
    ///   - isOwn: whether a draw is the step's, not one of outside that the step reads.
    init(_ trace: StepTrace, _ roots: [Tensor], isOwn: (_ draw: Tensor, RandomOp) -> Bool) {
        self.trace = trace
        var pending = Graph.topologicalOrder(roots).filter { tensor in
            if case .random(let draw) = tensor.node.op { !trace.isReplaced(tensor) && isOwn(tensor, draw) } else { false }
        }
        while !pending.isEmpty {
            let waiting = Set(pending.map(\.id))
            let ready = pending.filter { self.trace.reached(from: $0.node.inputs).isDisjoint(with: waiting) }
            guard !ready.isEmpty else { break }
            let made = ready.map { ($0, self.trace.drawForAllSteps($0)) }
            for (draw, whole) in made { self.trace.replace(draw, byRowOf: whole) }
            pending.removeAll { self.trace.isReplaced($0) }
        }
        if case .random(let draw) = pending.first?.node.op { stuck = draw }
    }
}

extension StepTrace {
    /// A draw for each step, whose parameters are those that the steps have.
    fileprivate func drawForAllSteps(_ draw: Tensor) -> Tensor {
        let parameters = zip(draw.node.inputs, depend(draw.node.inputs)).map { parameter, depends in
            depends ? outputs([parameter])[0] : parameter.broadcast(to: [length] + parameter.shape)
        }
        return Tensor(draw.node.op, parameters, shape: [length] + draw.shape, dtype: draw.dtype)
    }
}
