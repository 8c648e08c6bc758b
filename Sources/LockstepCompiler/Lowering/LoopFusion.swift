import LockstepTensor

/// Merges loops over the same extent, so that one pass over data serves every value that needs it, and writes
/// the merged loops out. A value whose users all run in its own loop needs no array.
final class LoopFusion {
    private struct Group {
        /// Nil for values that need no further loop.
        let extent: Int?
        var members: [(nest: Nest, axis: Int)]
    }

    let pull: Pull
    let options: LoweringOptions
    let variation: [ObjectIdentifier: Variation]
    /// Stores that wait until everything that may read the old value has been written.
    private var deferred: [[(buffer: BufferID, index: IndexExpression, value: Register)]] = [[]]
    /// Kept values that found no common loop with their users.
    private(set) var stored: Set<ObjectIdentifier> = []
    private(set) var unrolling = Unrolling()
    /// Of loops that are unrolled, around what is being written.
    private var unrolledDepth = 0
    /// Around what is being written. Their steps are many: what unrolling costs outside of loops does not hold them back.
    private var recurrences = 0

    init(_ pull: Pull, options: LoweringOptions, variation: [ObjectIdentifier: Variation]) {
        self.pull = pull
        self.options = options
        self.variation = variation
        unrolling.limit = options.unrollLimit
        unrolling.innerLimit = min(options.innerUnrollLimit, options.unrollLimit)
    }

    /// Writes the loops of `nests`, which are in an order in which each comes after what it reads.
    func schedule(_ nests: [Nest]) {
        for group in groups(nests) {
            guard let extent = group.extent else {
                for (nest, _) in group.members { writeBody(nest) }
                continue
            }
            for (nest, axis) in group.members where nest.targetAxes[axis] == nil && !nest.isReducing { initialize(nest) }
            if unrolls(extent, group) {
                let before = pull.emitter.statementCount
                unrolledDepth += 1
                for iteration in 0..<extent {
                    for (nest, axis) in group.members { nest.bound[axis] = .constant(iteration) }
                    schedule(group.members.map(\.nest))
                }
                unrolledDepth -= 1
                let added = pull.emitter.statementCount - before
                if unrolledDepth == 0, pull.emitter.depth == 0 { unrolling.outer += added }
                if unrolledDepth == 0, pull.emitter.depth > 0 { unrolling.inner += added }
            } else {
                writeLoop(extent, group)
            }
            for (nest, axis) in group.members { nest.bound[axis] = nil }
        }
    }

    /// Writes the stores that had to wait for all loops.
    func finish() { storeDeferred() }

    /// Stores a value when everything of the body at hand that may read the old one has been written.
    func store(later buffer: BufferID, _ index: IndexExpression, _ value: Register) {
        deferred[deferred.count - 1].append((buffer, index, value))
    }

    /// Writes a body, and then what had to wait for all of it.
    func body(_ write: () -> Void) {
        deferred.append([])
        write()
        storeDeferred()
        deferred.removeLast()
    }

    private func storeDeferred() {
        for (buffer, index, value) in deferred[deferred.count - 1] { pull.emitter.storeAnew(buffer, index, value) }
        deferred[deferred.count - 1] = []
    }

    // MARK: Grouping

    private func groups(_ nests: [Nest]) -> [Group] {
        var groups: [Group] = []
        var place: [ObjectIdentifier: (group: Int, axis: Int)] = [:]
        for nest in nests {
            let producers = nest.reads.keys.compactMap { pull.plans[$0] }.flatMap(\.producers)
                .filter { $0 !== nest && place[ObjectIdentifier($0)] != nil }
            let earliest = producers.map { place[ObjectIdentifier($0)]?.group ?? 0 }.max() ?? 0
            let free = nest.freeAxes
            if free.isEmpty {
                if let last = groups.indices.last, groups[last].extent == nil, last >= earliest {
                    groups[last].members.append((nest, 0))
                } else {
                    groups.append(Group(extent: nil, members: [(nest, 0)]))
                }
                place[ObjectIdentifier(nest)] = (groups.count - 1, 0)
                continue
            }
            let preferred = free.sorted { a, b in
                if nest.extents[a] != nest.extents[b] { return nest.extents[a] > nest.extents[b] }
                if (nest.targetAxes[a] == nil) != (nest.targetAxes[b] == nil) { return nest.targetAxes[a] != nil }
                return a < b
            }
            // A long axis is not put inside a short one for company: what it computes would be kept for all its rows.
            // Which loop a nest joins first must depend on its extents alone: stores of states rely on it.
            let joining = preferred.filter { 4 * nest.extents[$0] >= nest.extents[preferred[0]] }
            var chosen: (group: Int, axis: Int)?
            if options.fuses {
                search: for index in groups.indices.dropFirst(producers.isEmpty ? 0 : earliest) {
                    for axis in joining where groups[index].extent == nest.extents[axis] {
                        guard canRunTogether(groups[index].members.map(\.nest), nest) else { continue }
                        let sharable = producers.allSatisfy { producer in
                            guard let at = place[ObjectIdentifier(producer)], at.group == index else { return true }
                            return canShare(producer, at.axis, nest, axis)
                        }
                        if sharable {
                            chosen = (index, axis)
                            break search
                        }
                    }
                }
            }
            if let chosen {
                groups[chosen.group].members.append((nest, chosen.axis))
                place[ObjectIdentifier(nest)] = chosen
            } else {
                groups.append(Group(extent: nest.extents[preferred[0]], members: [(nest, preferred[0])]))
                place[ObjectIdentifier(nest)] = (groups.count - 1, preferred[0])
            }
        }
        return groups
    }

    /// Whether recurrences go the same way.
    private func canRunTogether(_ members: [Nest], _ nest: Nest) -> Bool {
        guard let scan = nest.scan?.scan else { return true }
        return members.allSatisfy { $0.scan.map { $0.scan.isReversed == scan.isReversed } ?? true }
    }

    /// Whether `consumer`, looping over `axis`, finds what it reads of `producer` finished in the same iteration.
    private func canShare(_ producer: Nest, _ producerAxis: Int, _ consumer: Nest, _ axis: Int) -> Bool {
        if case .part = producer.kind { return false }
        if let plan = producer.scan {
            // Of rows, the one at hand. What is carried in the end is known when all iterations are done.
            let symbol = Nest.symbol(axis, extent: consumer.extents[axis])
            return consumer.reads.allSatisfy { id, indices in
                guard let source = pull.plans[id], source.producers.contains(where: { $0 === producer }) else { return true }
                return plan.results.values.contains { $0 === source } && indices.allSatisfy { $0[0] == symbol }
            }
        }
        guard let targetAxis = producer.targetAxes[producerAxis] else { return false }
        let symbol = Nest.symbol(axis, extent: consumer.extents[axis])
        return consumer.reads[producer.target.tensor.id, default: []].allSatisfy { $0[targetAxis] == symbol }
    }

    /// Short loops are, unless there is a longer one inside of them, or they are over particles: text is to be the same however many
    /// there are.
    private func unrolls(_ extent: Int, _ group: Group) -> Bool {
        let limit = pull.emitter.depth == 0 ? unrolling.limit : recurrences > 0 ? options.innerUnrollLimit : unrolling.innerLimit
        if group.members.contains(where: { $0.nest.hasOwnLoops || $0.nest.walksParticles($0.axis) }) { return false }
        return extent <= limit && group.members.allSatisfy { nest, _ in nest.freeAxes.allSatisfy { nest.extents[$0] <= limit } }
    }

    // MARK: Writing

    private func writeLoop(_ extent: Int, _ group: Group) {
        let scans = group.members.compactMap(\.nest.scan)
        let tile = scans.isEmpty ? tileSize(extent, group) : stepsTogether(extent, group)
        for scan in scans {
            scan.mayLeave = scan.scan.stops && group.members.count == 1
            start(scan)
        }
        contract(group, tile)
        let partials = group.members.compactMap { member in partialSums(member.nest, member.axis, extent, tile) }
        let split = split(group, totals: partials.map { ($0.nest, $0.sum.total) }, tile)
        let variable = pull.emitter.makeVariable(extent: extent / tile)
        pull.emitter.openLoop(variable)
        let isReversed = scans.contains(where: \.scan.isReversed)
        func counter(_ iteration: IndexExpression) -> IndexExpression { isReversed ? .constant(extent - 1) + iteration * -1 : iteration }
        writeIterations(group, (0..<tile).map { counter(.variable(variable) * tile + .constant($0)) })
        var flush: Loop.Flush?
        if let interval = partials.map(\.interval).max() {
            flush = Loop.Flush(interval: interval, statements: partials.flatMap(\.statements), sums: partials.map(\.sum))
        }
        pull.emitter.closeLoop(variable, flush: flush, split: split)
        for partial in partials { partial.nest.accumulator = partial.sum.total }
        defer { for carry in scans.flatMap(\.carries) { if let id = carry.id { pull.emitter.release(id) } } }
        let whole = extent / tile * tile
        guard whole < extent else { return }
        // What is left over runs once, in a body of its own. The counter stays in the indices, since it is what holds
        // loads inside the body: they may be of values that the body computes.
        let once = pull.emitter.makeVariable(extent: 1)
        pull.emitter.openLoop(once)
        writeIterations(group, (whole..<extent).map { counter(.atom(.variable(once)) + .constant($0)) })
        pull.emitter.closeLoop(once)
    }

    /// How several workers may share the loop that is about to be opened: each iteration adds to sums, or stores what
    /// is its own, and reads nothing of another.
    private func split(_ group: Group, totals: [(nest: Nest, total: BufferID)], _ tile: Int) -> Loop.Split? {
        guard pull.emitter.depth == 0, group.members.allSatisfy({ $0.nest.scan == nil }) else { return nil }
        var accumulators: [Loop.Accumulator] = []
        var keepsRows = false
        for (nest, axis) in group.members {
            // Of a buffer that other loops fill in part, no worker could tell what is its own.
            let isWhole = nest.bound.indices.allSatisfy { nest.bound[$0] == nil || nest.extents[$0] == 1 }
            if let reduction = nest.reduction, nest.targetAxes[axis] == nil {
                guard isWhole, let total = totals.first(where: { $0.nest === nest })?.total ?? nest.accumulator else { return nil }
                accumulators.append(Loop.Accumulator(total, reduction))
            } else if let targetAxis = nest.targetAxes[axis] {
                keepsRows = keepsRows || nest.target.contracted[targetAxis] == nil
            } else {
                keepsRows = true
            }
        }
        return Loop.Split(accumulators: accumulators, keepsRows: keepsRows, rowsPerIteration: tile)
    }

    /// Iterations written out together share what their inner loops load and add to: worth it where those are not few.
    private func tileSize(_ extent: Int, _ group: Group) -> Int {
        guard options.tileSize > 1, !group.members.contains(where: { $0.nest.hasOwnLoops || $0.nest.walksParticles($0.axis) }) else { return 1 }
        let inner = group.members.flatMap { nest, axis in nest.freeAxes.filter { $0 != axis }.map { nest.extents[$0] } }.max() ?? 0
        let sizes = inner > options.innerUnrollLimit ? [options.longTileSize, options.tileSize] : inner >= options.tileSize ? [options.tileSize] : []
        return sizes.first { extent >= 4 * $0 } ?? 1
    }

    /// Steps of recurrences that are written out together, where they are short: sums of logarithms are then taken together, and
    /// what is carried stays in registers.
    private func stepsTogether(_ extent: Int, _ group: Group) -> Int {
        let isFlat = group.members.allSatisfy { $0.nest.freeAxes.count == 1 && ($0.nest.scan != nil || !$0.nest.hasOwnLoops) }
        let isShort = group.members.allSatisfy { ($0.nest.scan?.scalarWork ?? 0) <= options.shortStep }
        return isFlat && isShort && extent >= 4 * options.tileSize ? max(options.tileSize, 1) : 1
    }

    /// Finds the values that no one reads outside of this loop.
    private func contract(_ group: Group, _ tile: Int) {
        let members = Dictionary(group.members.map { (ObjectIdentifier($0.nest), $0.axis) }, uniquingKeysWith: { a, _ in a })
        for (nest, axis) in group.members where !nest.isRoot {
            guard let targetAxis = nest.targetAxes[axis] else { continue }
            for plan in nest.targets where plan.id == nil { contract(plan, targetAxis, members, tile) }
        }
    }

    private func contract(_ plan: BufferPlan, _ targetAxis: Int, _ members: [ObjectIdentifier: Int], _ tile: Int) {
        let isOwn = plan.producers.allSatisfy { producer in
            if case .part = producer.kind { return false }
            return members[ObjectIdentifier(producer)].map { producer.targetAxes[$0] == targetAxis } ?? false
        }
        if isOwn, plan.consumers.allSatisfy({ members[ObjectIdentifier($0)] != nil }) {
            plan.contracted[targetAxis] = tile
            plan.homeDepth = pull.emitter.depth + 1
        } else {
            stored.insert(plan.tensor.id)
        }
    }

    /// Writes the body of the open loop for several values of its counter.
    private func writeIterations(_ group: Group, _ counters: [IndexExpression]) {
        let isRecurrence = group.members.contains { $0.nest.scan != nil }
        if counters.count > 1, !isRecurrence { return body { scheduleCopies(group, counters) } }
        recurrences += isRecurrence ? 1 : 0
        defer { recurrences -= isRecurrence ? 1 : 0 }
        // Of a recurrence one after the other: each reads what the one before carries on.
        for counter in counters {
            body {
                for (nest, axis) in group.members { nest.bound[axis] = counter }
                schedule(group.members.map(\.nest))
            }
        }
    }

    /// Schedules a copy of each nest per counter. While they are written the copies stand in for the nests among the
    /// producers and consumers of buffers.
    private func scheduleCopies(_ group: Group, _ counters: [IndexExpression]) {
        var copies: [ObjectIdentifier: [Nest]] = [:]
        for (nest, axis) in group.members {
            copies[ObjectIdentifier(nest)] = counters.map { Nest(nest, binding: axis, to: $0) }
        }
        func standIns(_ nests: [Nest]) -> [Nest] { nests.flatMap { copies[ObjectIdentifier($0)] ?? [$0] } }
        var plans: [ObjectIdentifier: BufferPlan] = [:]
        for (nest, _) in group.members {
            plans[ObjectIdentifier(nest.target)] = nest.target
            for read in nest.reads.keys { if let plan = pull.plans[read] { plans[ObjectIdentifier(plan)] = plan } }
        }
        let before = plans.values.map { ($0, $0.producers, $0.consumers) }
        for plan in plans.values {
            plan.producers = standIns(plan.producers)
            plan.consumers = standIns(plan.consumers)
        }
        schedule(standIns(group.members.map(\.nest)))
        for (plan, producers, consumers) in before {
            plan.producers = producers
            plan.consumers = consumers
        }
    }

    func buffer(of nest: Nest) -> BufferID { buffer(of: nest.target) }

    func buffer(of plan: BufferPlan) -> BufferID {
        if let id = plan.id { return id }
        let id = pull.emitter.makeBuffer(
            .temporary, dtype: plan.tensor.dtype, count: plan.storedCount, isUniform: isUniform(plan),
            homeDepth: plan.homeDepth)
        plan.id = id
        return id
    }

    func isUniform(_ plan: BufferPlan) -> Bool { variation[plan.tensor.id].map { $0 < .varying } ?? false }

    /// Sets what a reduction adds to, at the place where its first reducing loop begins.
    func initialize(_ nest: Nest) {
        guard let reduction = nest.reduction else { return }
        let id = buffer(of: nest)
        nest.accumulator = id
        fill(nest, id, reduction.identity(nest.target.tensor.dtype))
    }

    /// The target's axes that no decided loop walks, and the index built from those and the decided ones.
    private func openAxes(_ nest: Nest) -> (axes: [Int], index: ([IndexExpression]) -> [IndexExpression]) {
        let shape = nest.target.tensor.shape
        var fixed: [Int: IndexExpression] = [:]
        for (axis, target) in nest.targetAxes.enumerated() { if let target, let value = nest.bound[axis] { fixed[target] = value } }
        let axes = shape.indices.filter { fixed[$0] == nil }
        return (
            axes,
            { counters in
                var index = shape.indices.map { fixed[$0] ?? .constant(0) }
                for (axis, counter) in zip(axes, counters) { index[axis] = counter }
                return index
            }
        )
    }

    private func fill(_ nest: Nest, _ id: BufferID, _ value: Double) {
        let register = pull.emitter.constant(value, nest.target.tensor.dtype)
        let open = openAxes(nest)
        let shape = open.axes.map { nest.target.tensor.shape[$0] }
        let plan = nest.target
        if shape.elementCount <= options.unrollLimit {
            for flat in 0..<shape.elementCount {
                let index = open.index(IndexExpression.unflat(.constant(flat), shape))
                pull.emitter.append(.store(id, plan.position(index), register))
            }
            return
        }
        let loops = pull.emitter.detachedLoops(over: shape) { emitter, counters in
            emitter.append(.store(id, plan.position(open.index(counters)), register))
        }
        pull.emitter.append(contentsOf: loops)
    }

    /// Sums in parts inside a long loop: a partial sum is emptied into a compensated total (Kahan 1965) often
    /// enough that the error is that of a short sum, and seldom enough to cost nothing.
    private func partialSums(_ nest: Nest, _ axis: Int, _ extent: Int, _ tile: Int) -> (
        nest: Nest, sum: Loop.Flush.Sum, interval: Int, statements: [Statement]
    )? {
        guard nest.reduction == .sum, nest.targetAxes[axis] == nil, nest.target.tensor.dtype == .real,
            extent >= options.longSum, let total = nest.accumulator
        else { return nil }
        let open = openAxes(nest)
        let shape = open.axes.map { nest.target.tensor.shape[$0] }
        let interval = max(64, 4 * shape.elementCount) / tile
        guard 2 * interval * tile <= extent else { return nil }
        let plan = nest.target
        let isUniform = isUniform(plan)
        func twin() -> BufferID {
            let count = pull.emitter.program.buffers[total.number].count
            let id = pull.emitter.makeBuffer(
                .temporary, dtype: .real, count: count, isUniform: isUniform, homeDepth: pull.emitter.depth)
            fill(nest, id, 0)
            return id
        }
        let sum = Loop.Flush.Sum(partial: twin(), lost: twin(), total: total)
        let zero = pull.emitter.constant(0, .real)
        func empty(_ emitter: inout Emitter, _ counters: [IndexExpression]) {
            let statements = sum.emptied(at: plan.position(open.index(counters)), zero: zero) { emitter.makeRegister(.real, isUniform: isUniform) }
            for statement in statements { emitter.append(statement) }
        }
        // Written out where the sums may then live in registers.
        let statements =
            shape.elementCount <= options.unrollLimit
            ? (0..<shape.elementCount).flatMap { element in
                pull.emitter.detachedLoops(over: []) { emitter, _ in empty(&emitter, IndexExpression.unflat(.constant(element), shape)) }
            }
            : pull.emitter.detachedLoops(over: shape, empty)
        nest.accumulator = sum.partial
        return (nest, sum, interval, statements)
    }
}
