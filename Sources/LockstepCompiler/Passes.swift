import LockstepTensor

/// The compiler, as a straight list of passes in the order in which they run: from one step as expressions to a lane program,
/// and from there to the program that is written as a kernel.
package enum Passes {
    /// What a compilation has come to: expressions until `fuse`, then a program.
    struct Draft {
        var options: LoweringOptions
        var function: LaneFunction
        var packs: [Pack] = []
        /// What is computed once, for all lanes and steps.
        var hoisted: [LaneFunction.State] = []
        var program: LaneProgram?
        /// What states begin with, as the function was given.
        private let given: LaneFunction

        init(options: LoweringOptions, function: LaneFunction, program: LaneProgram? = nil) {
            self.options = options
            self.function = function
            self.program = program
            given = function
        }

        /// All states with which the program begins, under the names that it has for them; nil where nobody says.
        var starts: LaneFunction? {
            if given.starts.isEmpty { return nil }
            let starts = Dictionary(given.starts.map { ($0.name, $0.value) }, uniquingKeysWith: { a, _ in a })
            let members = Dictionary(packs.filter { $0.kind == .states }.map { ($0.name, $0.members) }, uniquingKeysWith: { a, _ in a })
            return LaneFunction(
                states: function.states.map { state in
                    func start(_ name: String, _ shape: Shape) -> Tensor {
                        starts[name]?.reshape(shape) ?? Tensor(.literal([0]), shape: [], dtype: state.value.dtype).broadcast(to: shape)
                    }
                    let value = members[state.name].map { Tensor.stack($0.map { start($0, []) }) }
                    return .init(state.name, value ?? start(state.name, state.value.shape))
                }, perLane: given.perLane)
        }
    }

    struct Pass: Sendable {
        let name: String
        let run: @Sendable (inout Draft) throws -> Void
    }

    /// From expressions to a program, but for where states begin.
    private static let step = [
        Pass(name: "simplify") { $0.function = $0.function.replacingRoots(Simplifier.simplify($0.function.roots)) },
        Pass(name: "pack") { draft in
            let packed = Packing.pack(draft.function, draft.options)
            (draft.function, draft.packs) = (packed.function, packed.packs)
        },
        Pass(name: "hoist") { draft in
            guard draft.options.hoists else { return }
            let hoisted = UniformHoisting.hoist(draft.function, draft.options)
            (draft.function, draft.hoisted) = (hoisted.function, hoisted.values)
        },
        Pass(name: "fuse") { draft in
            var program = try Lowering.fused(draft.function, draft.options)
            program.packs = draft.packs
            if !draft.hoisted.isEmpty { program.prologue = try Lowering.fused(LaneFunction(states: draft.hoisted), draft.options) }
            draft.program = program
        },
        programPass("prune") { program in
            var pruned = Pruning.prune(program)
            pruned.prologue = program.prologue.map { Pruning.prune($0) }
            return pruned
        },
        programPass("bound") { RowBounds.bounded($0) },
    ]

    static let lowering =
        step + [
            Pass(name: "start") { draft in
                guard let starts = draft.starts else { return }
                var own = Draft(options: draft.options, function: starts)
                (own.options.packsStates, own.options.ownNames) = (false, "s")
                try run(step, on: &own)
                draft.program?.start = own.program
            }
        ]

    /// What a kernel's text is made from.
    static let kernel = [
        programPass("sum logarithms") { LogSums.combined($0) },
        programPass("interleave") { Interleaving.interleaved($0) },
    ]

    private static func programPass(_ name: String, _ change: @escaping @Sendable (LaneProgram) -> LaneProgram) -> Pass {
        Pass(name: name) { draft in draft.program = draft.program.map(change) }
    }

    /// A lane program as its kernel is written.
    ///
    /// - Parameter options: where the form of a GPU depends on them; nil for what all kernels have in common.
    /// - Throws: `LoweringError`, as `run`.
    static func forKernel(_ program: LaneProgram, _ options: KernelOptions? = nil) throws -> LaneProgram {
        var draft = Draft(options: LoweringOptions(), function: LaneFunction(states: []), program: program)
        try run(kernel, on: &draft)
        if let options, options.interleaves, options.keepsRows {
            try run([programPass("dense rows") { DenseRows.writtenOut($0, bytes: options.realBytes * options.width) }], on: &draft)
        }
        return draft.program ?? program
    }

    /// Their names, in order.
    package static let names = (lowering + kernel).map(\.name)

    /// - Throws: `LoweringError` where a program breaks a rule of its language after a pass, and that is asked for.
    static func run(_ passes: [Pass], on draft: inout Draft) throws {
        for pass in passes {
            try pass.run(&draft)
            try draft.program?.verify(after: pass.name)
        }
    }

    /// A step as it is after one of the passes, as text for people.
    ///
    /// - Throws: `LoweringError` where there is no such pass, and as `Lowering.lower`.
    package static func text(_ function: LaneFunction, after name: String, options: LoweringOptions = LoweringOptions()) throws -> String {
        guard let last = names.firstIndex(of: name) else {
            throw LoweringError("there is no pass '\(name)'; there are \(names.joined(separator: ", "))")
        }
        try function.checkExpressions()
        return try onLargeStack {
            var draft = Draft(options: options, function: function)
            try run(Array((lowering + kernel)[...last]), on: &draft)
            return draft.program?.description ?? draft.function.description
        }
    }
}
