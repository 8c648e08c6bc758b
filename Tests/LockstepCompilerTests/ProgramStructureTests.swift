import LockstepCompiler
import LockstepTensor
import TestSupport
import Testing

/// What fusion is for, asked of the lane program itself: one pass over the data, and no array over data per lane.
@Suite struct ProgramStructureTests {
    /// A step, the rows of its data, and the elementwise operations of which one evaluation per row is enough.
    static let models: [(name: String, step: StepCase, rows: Int, once: [ElementOp])] = [
        ("logistic regression", StatisticalModels.logisticRegression(), 569, [.softplus, .sigmoid]),
        ("Gaussian mixture", StatisticalModels.gaussianMixture(), 500, [.log]),
        ("radon", StatisticalModels.radon(), 919, []),
    ]

    @Test(arguments: 0..<models.count) func oneLoopOverTheRows(_ number: Int) throws {
        let (name, step, rows, once) = Self.models[number]
        var options = LoweringOptions()
        options.tileSize = 1
        let program = try Lowering.lower(step.function, options: options)
        let loops = program.loops(over: rows)
        #expect(loops.count == 1, "\(name): \(program)")
        let body = loops.first?.body ?? []
        for op in once {
            let evaluations = count(of: op, in: body)
            #expect(evaluations == 1, "\(name): \(op) in \(program)")
        }
        let arrays = program.buffers.filter { !$0.isUniform && $0.role == .temporary && $0.count >= rows }
        #expect(arrays.isEmpty, "\(name): \(program)")
        let unflushed = loops.filter { $0.flush == nil }
        #expect(unflushed.isEmpty, "\(name): long sums are summed in parts")
    }

    /// Rows around an inner loop are written out several at a time, so that its loads serve all of them: eight around
    /// 30 columns, four around 4 components.
    @Test(arguments: [(0, 8), (1, 4)]) func rowsAroundInnerLoopsAreTiled(_ number: Int, _ tile: Int) throws {
        let (name, step, rows, once) = Self.models[number]
        let program = try Lowering.lower(step.function)
        let loops = program.loops(over: rows / tile)
        #expect(loops.count == 1 && program.loops(over: rows).isEmpty, "\(name): \(program)")
        for op in once { #expect(count(of: op, in: loops.first?.body ?? []) == tile, "\(name): \(op) in \(program)") }
        let arrays = program.buffers.filter { !$0.isUniform && $0.role == .temporary && $0.count >= rows / tile }
        #expect(arrays.isEmpty, "\(name): \(program)")
    }

    /// exp(scale) does not vary along the rows, so no row computes it.
    @Test func invariantWorkLeavesTheLoop() throws {
        for (name, step, rows, _) in Self.models.dropFirst() {
            let program = try Lowering.lower(step.function)
            let inside = program.loops(over: rows).reduce(0) { $0 + Self.divisionsByInvariant($1) }
            #expect(inside == 0, "\(name): \(program)")
        }
        let program = try Lowering.lower(StatisticalModels.radon().function)
        let exponentials = program.loops(over: 919).reduce(0) { $0 + count(of: .exp, in: $1.body) }
        #expect(exponentials == 0)
    }

    /// What only depends on shared data is computed once for all lanes.
    @Test func sharedWorkIsUniform() throws {
        let origin = Origin()
        let x = Tensor.input(Input(.data, "x", origin: origin), shape: [40], dtype: .real)
        let s = Tensor.input(Input(.state, "s", origin: origin), shape: [], dtype: .real)
        let program = try Lowering.lower(LaneFunction(states: [.init("s", s + exp(x).sum())]))
        program.forEachStatement { statement in
            guard case .map(let register, let op, _) = statement, op == .exp else { return }
            #expect(program.registers[register.number].isUniform)
        }
        let varying = program.buffers.filter { $0.role == .temporary && !$0.isUniform }
        #expect(varying.isEmpty, "\(program)")
    }

    /// A gradient as long as the state, which is needed again when all of it is known, is kept and not computed twice;
    /// what little work makes of it is not kept.
    @Test func gradientsOfLongStatesAreKept() throws {
        let origin = Origin()
        func state(_ name: String) -> Tensor { .input(Input(.state, name, origin: origin), shape: [1000]) }
        let (p, m) = (state("p"), state("m"))
        let gradient = exp(p) - tanh(p)
        let accepts = square(gradient).sum().isFinite
        let next = 0.9 * m + 0.1 * gradient
        let program = try Lowering.lower(
            LaneFunction(states: [
                .init("p", select(accepts, p - 0.01 * next, p)), .init("m", select(accepts, next, m)),
            ]))
        #expect(count(of: .exp, in: program.body) == 1, "\(program)")
        let arrays = program.buffers.filter { $0.role == .temporary && $0.count == 1000 }
        #expect(arrays.count == 1, "\(program)")
    }

    @Test func shortLoopsAreWrittenOut() throws {
        var options = LoweringOptions()
        let step = StatisticalModels.logisticRegression(rows: 12, columns: 3)
        let written = try Lowering.lower(step.function, options: options)
        #expect(written.allLoops.isEmpty)
        options.unrollLimit = 0
        let rolled = try Lowering.lower(step.function, options: options)
        #expect(!rolled.allLoops.isEmpty)
    }

    private static func divisionsByInvariant(_ loop: Loop) -> Int {
        var defined: Set<Register> = []
        var count = 0
        func walk(_ statements: [Statement]) {
            for statement in statements {
                defined.formUnion(statement.results)
                if case .loop(let inner) = statement { walk(inner.body) }
                if case .map(_, _, let operands) = statement, operands.allSatisfy({ !defined.contains($0) }) { count += 1 }
            }
        }
        walk(loop.body)
        return count
    }

    private func count(of op: ElementOp, in statements: [Statement]) -> Int {
        statements.reduce(0) { total, statement in
            switch statement {
            case .map(_, op, _): total + 1
            case .loop(let loop): total + count(of: op, in: loop.body)
            default: total
            }
        }
    }
}

extension LaneProgram {
    var allLoops: [Loop] {
        var loops: [Loop] = []
        forEachStatement { if case .loop(let loop) = $0 { loops.append(loop) } }
        return loops
    }

    func loops(over extent: Int) -> [Loop] { allLoops.filter { $0.variable.extent == extent } }
}
