import LockstepTensor

extension ModelContext {
    /// Sites in a recurrence: one step after the other, each of which gets what the one before carried on.
    ///
    /// A site inside is one site for all steps. Its value has the axis of the steps in front, `[steps]` + plates + event, also for handlers,
    /// guides and queries, and the plates inside and around keep their dims, which count from the right; of scans inside of each other the
    /// outer one's axis is the first. Its log density is one term for each step. A mask or a scale around the scan may have that axis too; one
    /// inside is that of a step. A `param` inside is one value for all steps.
    ///
    /// ```swift
    /// m.scan("t", over: y, from: 0) { m, level, y in
    ///     let next = m.sample("level", Normal(level, sigma))
    ///     m.observe("y", Normal(next, 0.5), y)
    ///     return next
    /// }
    /// ```
    ///
    /// Draws of a site differ from step to step. The concentrations of gamma variates and the rates of Poisson variates, and what is made of
    /// these, cannot depend on the site's own draws in the steps before, since all are made before the first step; where a guide or a handler
    /// gives the value, nothing is drawn.
    /// - Parameters:
    ///   - name: of the recurrence, for messages.
    ///   - rows: what each step gets one row of: tensors `[steps] + rest`, alike in their first axis. At least one: for steps that get nothing,
    ///     `Tensor.iota(steps)`.
    ///   - carries: what the first step gets. Shapes and types stay the same from step to step; ints and masks become reals where a step
    ///     carries on a real.
    ///   - isReversed: whether the last row comes first; sites and outputs stand in the places of their rows.
    ///   - step: gets the context of a step, what is carried and rows, and returns what is carried on and a row of each output. It is called
    ///     with stand-ins, once, or twice where ints or masks become reals. Where it throws, its sites are none of the run's.
    /// - Returns: what is carried in the end, and the outputs with time in front; tensors that carry a mistake where there is one, which the
    ///   trace then throws.
    @discardableResult
    public mutating func scan(
        _ name: String, over rows: [Tensor], from carries: [Tensor], isReversed: Bool = false,
        _ step: (_ m: inout ModelContext, _ carries: [Tensor], _ rows: [Tensor]) throws -> ([Tensor], [Tensor])
    ) rethrows -> ScanResult {
        let length = record.open(scan: name, over: rows, inside: loops)
        let before = record
        var starts = carries
        while true {
            let own = starts.enumerated().map { Region.parameter(like: $1.shape, $1.dtype, "carry \($0)") }
            let each = rows.enumerated().map { Region.parameter(like: Array($1.shape.dropFirst()), $1.dtype, "row \($0)") }
            loops.append(
                StepLoop(name, length: length, scopesAround: scopes.count, rows: zip(each, rows).map { StepTrace.Row(own: $0, whole: $1) }))
            let next: [Tensor]
            let outputs: [Tensor]
            do {
                (next, outputs) = try step(&self, own, each)
            } catch {
                loops.removeLast()
                record.goBack(to: before)
                throw error
            }
            let loop = loops.removeLast()
            do throws(ModelError) {
                let traced = try TracedStep(loop, starts, own, next, outputs, isReversed: isReversed)
                if let reals = traced.realStarts {
                    record.goBack(to: before)
                    starts = reals
                    continue
                }
                return try close(traced, before)
            } catch {
                record.report(error)
                let failure = TensorError("scan '\(name)'", [], error.description)
                return ScanResult(carries: carries.map { _ in .failed(failure) }, outputs: outputs.map { _ in .failed(failure) })
            }
        }
    }

    /// A recurrence with sites that carries one tensor and goes over the rows of one, and has one output; see
    /// `scan(_:over:from:isReversed:_:)` of several.
    @discardableResult
    public mutating func scan(
        _ name: String, over rows: Tensor, from carry: Tensor, isReversed: Bool = false,
        _ step: (_ m: inout ModelContext, _ carry: Tensor, _ row: Tensor) throws -> (Tensor, Tensor)
    ) rethrows -> (carry: Tensor, outputs: Tensor) {
        let result = try scan(name, over: [rows], from: [carry], isReversed: isReversed) { m, carries, rows in
            let (next, output) = try step(&m, carries[0], rows[0])
            return ([next], [output])
        }
        return (result.carries[0], result.outputs[0])
    }

    /// A recurrence with sites that carries one tensor and goes over the rows of one; see `scan(_:over:from:isReversed:_:)` of several.
    ///
    /// - Returns: what is carried in the end.
    @discardableResult
    public mutating func scan(
        _ name: String, over rows: Tensor, from carry: Tensor, isReversed: Bool = false,
        _ step: (_ m: inout ModelContext, _ carry: Tensor, _ row: Tensor) throws -> Tensor
    ) rethrows -> Tensor {
        try scan(name, over: [rows], from: [carry], isReversed: isReversed) { m, carries, rows in
            ([try step(&m, carries[0], rows[0])], [])
        }.carries[0]
    }

    /// Makes sites of all steps of those of one.
    private mutating func close(_ traced: TracedStep, _ before: RunRecord) throws(ModelError) -> ScanResult {
        let sites = record.sites(from: before.siteCount)
        // What the step reads from outside may be draws; they are the same in each step.
        let outside = Graph.topologicalOrder(before.sites(from: 0).map(\.value) + traced.starts + traced.trace.rows.map(\.whole))
        let drawn = Set(outside.lazy.filter { if case .random = $0.node.op { true } else { false } }.map(\.id))
        let draws = StepDraws(traced.trace, sites.map(\.value)) { draw, _ in !drawn.contains(draw.id) }
        if let stuck = draws.stuck {
            throw ModelError(
                site: stuck.site,
                "its draws have a parameter that depends on its draws in the steps before, by way of what scan '\(traced.name)' carries, and "
                    + "\(stuck.kind.rawValue) draws are all made before the first step; give it a value by a guide, condition(_:) or "
                    + "substitute(_:), or make it from standard variates, as exp(level + sigma * z) of a normal z")
        }
        var over = StepSites(draws.trace, sites, outputs: traced.outputs)
        record.replaceSites(from: before.siteCount, by: sites.map { over.overSteps($0) })
        return over.result
    }
}

/// A call of a step.
private struct TracedStep {
    let name: String
    let trace: StepTrace
    let starts: [Tensor]
    let outputs: [Tensor]
    /// What the first step gets where it has to be called again, since it makes reals of ints or masks.
    let realStarts: [Tensor]?

    init(
        _ loop: StepLoop, _ starts: [Tensor], _ own: [Tensor], _ next: [Tensor], _ outputs: [Tensor], isReversed: Bool
    ) throws(ModelError) {
        func failed(_ reason: String) -> ModelError { ModelError([loop.name], "scan '\(loop.name)': \(reason)") }
        if let failure = starts.lazy.compactMap(\.failure).first { throw failed("what the first step gets is wrong: \(failure)") }
        if let failure = (next + outputs).lazy.compactMap(\.failure).first { throw failed("what a step returns is wrong: \(failure)") }
        guard next.count == starts.count else { throw failed("a step carries on \(next.count) tensors and gets \(starts.count)") }
        for (place, (new, old)) in zip(next, starts).enumerated() where new.shape != old.shape {
            throw failed(
                "a step carries on \(new.shape) as number \(place) and gets \(old.shape); broadcast what the first step gets to the shape "
                    + "that is carried on")
        }
        let unlike = next.indices.filter { next[$0].dtype != starts[$0].dtype }
        if let place = unlike.first(where: { next[$0].dtype != .real }) {
            throw failed("a step carries on \(next[place].dtype) values as number \(place) and gets \(starts[place].dtype) values")
        }
        (name, self.starts, self.outputs) = (loop.name, starts, outputs)
        realStarts = unlike.isEmpty ? nil : starts.indices.map { unlike.contains($0) ? starts[$0].asReal : starts[$0] }
        let carries = starts.indices.map { StepTrace.Carry(own: own[$0], start: starts[$0], next: next[$0]) }
        trace = StepTrace(length: loop.length, isReversed: isReversed, carries: carries, rows: loop.rows)
    }
}
