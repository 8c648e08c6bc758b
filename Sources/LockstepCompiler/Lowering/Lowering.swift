import LockstepTensor

package enum Lowering {
    /// From one step as expressions to a lane program.
    ///
    /// - Throws: `TensorError` when an expression carries a mistake, `LoweringError` when it cannot be compiled.
    package static func lower(_ function: LaneFunction, options: LoweringOptions = LoweringOptions()) throws -> LaneProgram {
        try function.checkExpressions()
        return try onLargeStack {
            var draft = Passes.Draft(options: options, function: function)
            try Passes.run(Passes.lowering, on: &draft)
            return draft.program ?? LaneProgram()
        }
    }

    /// With limits of unrolling that keep to the budgets.
    static func fused(_ function: LaneFunction, _ options: LoweringOptions) throws -> LaneProgram {
        let function = function.replacingRoots(Region.distinct(function.roots))
        var options = options
        var best = try merged(function, options)
        var program = best
        while true {
            let isOver = (outer: program.unrolling.outer > options.unrollBudget, inner: program.unrolling.inner > options.innerUnrollBudget)
            guard (isOver.outer && options.unrollLimit > 0) || (isOver.inner && options.innerUnrollLimit > 0) else { return program }
            if isOver.outer { options.unrollLimit /= 2 }
            if isOver.inner { options.innerUnrollLimit /= 2 }
            program = try merged(function, options)
            if program.unrolling.outer + program.unrolling.inner < best.unrolling.outer + best.unrolling.inner { best = program }
            if options.unrollLimit == 0, options.innerUnrollLimit == 0 { return best }
        }
    }

    private static func merged(_ function: LaneFunction, _ options: LoweringOptions) throws -> LaneProgram {
        var declined: Set<ObjectIdentifier> = []
        // A value kept for several loops that then do not merge would be an array over data: compute it twice instead.
        for _ in 0..<4 {
            let (program, unshared) = try layOut(function, declined: declined, options: options)
            if unshared.isSubset(of: declined) { return program }
            declined.formUnion(unshared)
        }
        return try layOut(function, declined: declined, options: options).program
    }

    private static func layOut(
        _ function: LaneFunction, declined: Set<ObjectIdentifier>, options: LoweringOptions
    ) throws -> (program: LaneProgram, unshared: Set<ObjectIdentifier>) {
        let everything = function.roots
        let materialization = Materialization(everything, declined: declined)
        let planner = NestPlanner(function, materialization, fuses: options.fuses)
        let pull = Pull(plans: planner.plans, bindings: planner.bindings, perLane: function.perLane)
        for state in function.states {
            pull.named(.state(state.name), state.value.dtype, state.value.count, isUniform: false)
        }
        for record in function.records {
            pull.named(.record(record.name), record.value.dtype, record.slots * record.value.count, isUniform: false)
        }
        let fusion = LoopFusion(pull, options: options, variation: Variation.of(everything, perLane: function.perLane))
        fusion.schedule(planner.computing)
        fusion.schedule(planner.storing)
        fusion.finish()
        if let failure = pull.failure { throw failure }
        // As long as what a lane carries anyway, an array costs less than to compute its values twice.
        let carried = function.states.map(\.value.count).max() ?? 0
        let unshared = fusion.stored.filter { id in
            materialization.optional.contains(id) && (planner.plans[id]?.tensor.count ?? 0) > max(options.longSum, carried)
        }
        var program = pull.emitter.finish(indexBounds: pull.indexBounds)
        program.unrolling = fusion.unrolling
        return (program, unshared)
    }
}
