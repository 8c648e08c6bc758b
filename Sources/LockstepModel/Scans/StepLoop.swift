import LockstepDistributions
import LockstepTensor

/// A scan that is open in the body, as its step is traced.
struct StepLoop: Sendable {
    let name: String
    let length: Int
    /// How many plates, masks and scales are around it.
    let scopesAround: Int
    /// What the step gets a row of: what the model names, and what handlers give for all steps.
    private(set) var rows: [StepTrace.Row]

    init(_ name: String, length: Int, scopesAround: Int, rows: [StepTrace.Row]) {
        (self.name, self.length, self.scopesAround, self.rows) = (name, length, scopesAround, rows)
    }

    /// What stands for a row of a tensor over all steps.
    mutating func row(of whole: Tensor) -> Tensor {
        if let known = rows.first(where: { $0.whole.id == whole.id }) { return known.own }
        let own = Region.parameter(like: Array(whole.shape.dropFirst()), whole.dtype, "row \(rows.count)")
        rows.append(StepTrace.Row(own: own, whole: whole))
        return own
    }
}

extension [StepLoop] {
    /// What the step at hand sees of a tensor that broadcasts to the axes of all steps and `rank` more.
    ///
    /// - Parameter depth: how many of the scans are around the tensor: it has no axes for these.
    mutating func row(of tensor: Tensor, rank: Int, from depth: Int = 0) -> Tensor {
        var row = tensor
        for place in depth..<count where row.rank == rank + count - place {
            row = row.shape[0] == 1 ? row.reshape(Shape(row.shape.dropFirst())) : self[place].row(of: row)
        }
        return row
    }
}

// MARK: Sites of a step

extension ModelContext {
    /// Takes what was said of a site for all steps, by handlers or around a scan, to the step at hand.
    mutating func enterStep(_ message: inout Message) throws(ModelError) {
        guard !message.times.isEmpty else { return }
        if let error = message.error { throw error }
        let given = message.weighting
        message.weighting = Weighting(isOfStep: true)
        let batch = try message.batchShape
        let isMasked = !given.masks.isEmpty || !scopes.weighting.masks.isEmpty
        try add(given, from: 0, batch, isMasked: isMasked, to: &message)
        for (place, scope) in scopes.enumerated() {
            let depth = loops.count { $0.scopesAround <= place }
            try add([scope].weighting, from: depth, batch, isMasked: isMasked, to: &message)
        }
        guard message.isOfAllSteps, let value = message.value, case .sample(let distribution) = message.statement else { return }
        let whole = try message.fit(value, OverSteps(distribution, message.times))
        message.give(row: loops.row(of: whole, rank: distribution.shape().count))
    }

    /// - Parameter depth: how many of the scans are around the masks and scales.
    private mutating func add(
        _ weighting: Weighting, from depth: Int, _ batch: Shape, isMasked: Bool, to message: inout Message
    ) throws(ModelError) {
        let whole = Shape(message.times.dropFirst(depth)) + batch
        _ = try weighting.mask(site: message.name, batch: whole)
        // Where a mask may exclude a scale, it is for the check of a run's data.
        let masks = isMasked ? [Tensor(mask: true)] : []
        _ = try Weighting(masks: masks, scales: weighting.scales).scale(site: message.name, batch: whole)
        for mask in weighting.masks { message.weighting.masks.append(loops.row(of: mask, rank: batch.count, from: depth)) }
        for scale in weighting.scales { message.weighting.scales.append(loops.row(of: scale, rank: batch.count, from: depth)) }
    }
}

extension Message {
    /// Of a sample site or a factor; after `prepare`.
    var batchShape: Shape {
        get throws(ModelError) {
            switch statement {
            case .sample(let distribution): distribution.batchShape
            case .factor: try plates.expand(value?.shape ?? [], site: name)
            case .param, .deterministic: []
            }
        }
    }

    /// The distribution as those outside of the scans see it.
    ///
    /// - Throws: `ModelError` where a guide cannot know the support.
    func overSteps(_ distribution: any Distribution) throws(ModelError) -> any Distribution {
        if times.isEmpty { return distribution }
        guard !Region.hasStandIns(distribution.support.bounds.map(\.value)) else {
            throw ModelError(
                site: name,
                "a guide covers it, and its values must be \(distribution.support), with bounds that a step of a scan takes from rows or from "
                    + "what is carried; give the site a support that is the same in all steps, and move or scale its value in the step")
        }
        return OverSteps(distribution, times)
    }
}
