import LockstepTensor

// Schedules B and C: the work-items of a group share the steps of their lanes.
extension KernelWriter {
    /// Sums that go up the tree together, so that they share its barriers.
    private static let treeWidth = 8

    /// Trees that put the workers' parts of a sum together.
    func trees(_ accumulator: Loop.Accumulator) -> Int { (buffer(accumulator.buffer).count + Self.treeWidth - 1) / Self.treeWidth }

    /// The step: a barrier stands wherever a worker would read what another stores, or store what another reads.
    mutating func cooperate(_ scalars: [String: String]) {
        guard let cooperation, let group = options.group else { return }
        // Since the last barrier: what the workers stored, each its part; what one of them stored alone; what was loaded.
        var (stored, storedByOne, loaded): (Set<BufferID>, Set<BufferID>, Set<BufferID>) = ([], [], [])
        for (place, statement) in program.body.enumerated() {
            let isDealtOut = cooperation.dealt.contains(place)
            let access = Cooperation.Access([statement])
            let stores = access.stored.intersection(cooperation.shared)
            let loads = access.loaded.intersection(cooperation.shared)
            if !loads.isDisjoint(with: stored.union(storedByOne)) || !stores.isDisjoint(with: stored.union(loaded))
                || isDealtOut && !stores.isDisjoint(with: storedByOne)
            {
                line("LS_BARRIER(CLK_GLOBAL_MEM_FENCE);")
                (stored, storedByOne, loaded) = ([], [], [])
            }
            if isDealtOut { stored.formUnion(stores) } else { storedByOne.formUnion(stores) }
            loaded.formUnion(loads)
            guard case .loop(let loop) = statement, isDealtOut else {
                write(statement, scalars)
                continue
            }
            isDealt = true
            write(loop, scalars, workers: group.workers)
            isDealt = false
            combine(loop.split?.accumulators ?? [], group)
        }
        if !(stored.isEmpty && storedByOne.isEmpty && loaded.isEmpty) { line("LS_BARRIER(CLK_GLOBAL_MEM_FENCE);") }
    }

    /// Local memory for the tree, for each type that goes through it.
    mutating func declareTree() {
        guard let group = options.group else { return }
        for dtype in treeTypes {
            line("__local \(type(dtype, isUniform: false)) ls_tree_\(dtype.rawValue)[\(Self.treeWidth * group.size)];")
        }
    }

    /// Types of the sums that go up a tree.
    private var treeTypes: [DType] {
        guard let cooperation else { return [] }
        var types: Set<DType> = []
        for place in cooperation.dealt {
            guard case .loop(let loop) = program.body[place] else { continue }
            for accumulator in loop.split?.accumulators ?? [] { types.insert(buffer(accumulator.buffer).dtype) }
        }
        return DType.allCases.filter(types.contains)
    }

    /// What `declareTree` takes.
    var localBytes: Int {
        guard let group = options.group else { return 0 }
        return treeTypes.reduce(0) { $0 + Self.treeWidth * group.size * options.laneBytes($1) * options.width }
    }

    /// Puts the workers' parts together, for every worker, in an order that depends on their number alone.
    private mutating func combine(_ accumulators: [Loop.Accumulator], _ group: KernelOptions.Group) {
        for accumulator in accumulators {
            let buffer = buffer(accumulator.buffer)
            if case .variables = places[accumulator.buffer.number] {
                for first in stride(from: 0, to: buffer.count, by: Self.treeWidth) {
                    let elements = (first..<min(first + Self.treeWidth, buffer.count)).map { element(accumulator.buffer, .constant($0)) }
                    climb(elements, accumulator.reduction, buffer, group)
                }
                continue
            }
            // The last turn goes through some elements again: a tree over equal parts must not, so those stay out of it.
            let whole = buffer.count / Self.treeWidth * Self.treeWidth
            if whole > 0 {
                unroll(1)
                open("for (int ls_first_element = 0; ls_first_element < \(whole); ls_first_element += \(Self.treeWidth)) {")
                climb((0..<Self.treeWidth).map { text(accumulator.buffer, "ls_first_element + \($0)") }, accumulator.reduction, buffer, group)
                close()
            }
            if whole < buffer.count {
                climb((whole..<buffer.count).map { text(accumulator.buffer, "\($0)") }, accumulator.reduction, buffer, group)
            }
        }
    }

    private func text(_ id: BufferID, _ index: String) -> String {
        if case .global = places[id.number] { return "b\(id.number)[LS_AT(\(index), \(buffer(id).count))]" }
        return "b\(id.number)[\(index)]"
    }

    private mutating func climb(_ elements: [String], _ reduction: Reduction, _ buffer: Buffer, _ group: KernelOptions.Group) {
        let tree = "ls_tree_\(buffer.dtype.rawValue)"
        func slot(_ number: Int, _ place: String) -> String { "\(tree)[\(number * group.size) + \(place)]" }
        for (number, element) in elements.enumerated() {
            line("\(slot(number, "ls_local")) = \(buffer.isUniform ? splat(element, buffer.dtype) : element);")
        }
        open("for (int ls_half = \(group.workers / 2); ls_half > 0; ls_half /= 2) {")
        line("LS_BARRIER(CLK_LOCAL_MEM_FENCE);")
        open("if (ls_worker < ls_half) {")
        for number in elements.indices {
            let (own, other) = (slot(number, "ls_local"), slot(number, "ls_local + ls_half * \(group.tile)"))
            line("\(own) = \(reduction.combine.row.kernel.text([own, other], buffer.dtype));")
        }
        close()
        close()
        line("LS_BARRIER(CLK_LOCAL_MEM_FENCE);")
        for (number, element) in elements.enumerated() {
            let total = slot(number, "ls_local % \(group.tile)")
            // A mask's first component is -1 where a scalar's is 1.
            let first = buffer.dtype == .bool ? "(LS_FIRST(\(total)) != 0)" : "LS_FIRST(\(total))"
            line("\(element) = \(buffer.isUniform ? first : total);")
        }
        line("LS_BARRIER(CLK_LOCAL_MEM_FENCE);")
    }

    private func splat(_ text: String, _ dtype: DType) -> String {
        switch dtype {
        case .real: "(real)(\(text))"
        case .int: "(ints)(\(text))"
        case .bool: "LS_SPLAT_MASK(\(text))"
        }
    }
}
