import LockstepTensor

/// From one step as expressions to a lane program: simplify, pack scalars, hoist what is uniform, decide what is
/// materialised, lay out loops, fuse, prune.
package enum Lowering {
    /// - Throws: `TensorError` when an expression carries a mistake, `LoweringError` when it cannot be compiled.
    package static func lower(_ function: LaneFunction, options: LoweringOptions = LoweringOptions()) throws -> LaneProgram {
        for tensor in function.roots { if let failure = tensor.failure { throw failure } }
        return try onLargeStack { try lowered(function, options) }
    }

    private static func lowered(_ function: LaneFunction, _ options: LoweringOptions) throws -> LaneProgram {
        let simple = function.replacingRoots(Simplifier.simplify(function.roots))
        let packed = options.packs ? Packing.pack(simple) : Packing.Result(function: simple, packs: [])
        let hoisted = options.hoists ? UniformHoisting.hoist(packed.function) : .init(function: packed.function, values: [])
        var program = try fused(hoisted.function, options)
        program.packs = packed.packs
        if !hoisted.values.isEmpty { program.prologue = [try fused(LaneFunction(states: hoisted.values), options)] }
        return program
    }

    private static func fused(_ function: LaneFunction, _ options: LoweringOptions) throws -> LaneProgram {
        var declined: Set<ObjectIdentifier> = []
        // A value kept for several loops that then do not merge would be an array over data: compute it twice instead.
        for _ in 0..<4 {
            let (program, unshared) = try layOut(function, declined: declined, options: options)
            if unshared.isSubset(of: declined) { return Pruning.prune(program) }
            declined.formUnion(unshared)
        }
        return Pruning.prune(try layOut(function, declined: declined, options: options).program)
    }

    private static func layOut(
        _ function: LaneFunction, declined: Set<ObjectIdentifier>, options: LoweringOptions
    ) throws -> (program: LaneProgram, unshared: Set<ObjectIdentifier>) {
        let everything = function.roots
        let materialization = Materialization(everything, declined: declined)
        let planner = NestPlanner(function, materialization, fuses: options.fuses)
        let pull = Pull(plans: planner.plans, perLane: function.perLane)
        for state in function.states {
            pull.named(.state(state.name), state.value.dtype, state.value.count, isUniform: false)
        }
        for record in function.records {
            pull.named(.record(record.name), record.value.dtype, record.slots * record.value.count, isUniform: false)
        }
        let fusion = LoopFusion(pull, options: options, uniform: pull.isUniform(everything))
        fusion.schedule(planner.computing)
        fusion.schedule(planner.storing)
        fusion.finish()
        if let failure = pull.failure { throw failure }
        // As long as what a lane carries anyway, an array costs less than to compute its values twice.
        let carried = function.states.map(\.value.count).max() ?? 0
        let unshared = fusion.stored.filter { id in
            materialization.optional.contains(id) && (planner.plans[id]?.tensor.count ?? 0) > max(options.longSum, carried)
        }
        return (pull.emitter.finish(indexBounds: pull.indexBounds), unshared)
    }
}
