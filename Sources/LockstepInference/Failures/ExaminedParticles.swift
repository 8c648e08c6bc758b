import LockstepTensor

/// Expressions of one particle's draws, for all particles at once.
struct ExaminedParticles {
    /// Those that depend on draws have an axis of particles in front.
    let tensors: [Tensor]
    fileprivate let count: Int
    fileprivate let hasAxis: [Bool]

    init(_ tensors: [Tensor], count: Int) {
        self.count = count
        let all = count == 1 ? tensors.map { ($0, false) } : Batching.particles(count).rewritten(tensors)
        self.tensors = all.map(\.0)
        hasAxis = all.map(\.1)
    }

    func values(_ values: HostEvaluation.Values) -> ExaminedValues { ExaminedValues(particles: self, values: values) }

    /// The expression with the draws of another particle.
    static func expression(_ tensor: Tensor, of particle: Int) -> Tensor {
        if particle == 0 { return tensor }
        return Graph.rewrite([tensor]) { node, inputs in
            guard case .random(var draw) = node.op, draw.particles == nil else { return node.rebuilt(inputs) }
            draw.particle += UInt32(particle)
            return Tensor(.random(draw), inputs, shape: node.shape, dtype: node.dtype)
        }[0]
    }
}

/// What expressions came to, as one of the particles has it.
struct ExaminedValues {
    fileprivate let particles: ExaminedParticles
    fileprivate let values: HostEvaluation.Values
    private(set) var particle = 0

    fileprivate init(particles: ExaminedParticles, values: HostEvaluation.Values) { (self.particles, self.values) = (particles, values) }

    func of(particle: Int) -> ExaminedValues {
        var own = self
        own.particle = particle
        return own
    }

    subscript(output: Int, place: Int) -> ArraySlice<Double> {
        let all = values[output, place]
        guard particles.hasAxis[output] else { return all }
        let count = all.count / particles.count
        let first = all.startIndex + particle * count
        return all[first..<(first + count)]
    }
}
