import LockstepTensor

// Schedules B and C: the work-items of a group share the steps of their lanes.
extension KernelWriter {
    /// What the workers did since the last barrier.
    struct Hazards {
        /// Arrays of which each stored its part, and those that one of them stored alone.
        fileprivate(set) var stored: Set<BufferID> = []
        fileprivate(set) var storedByOne: Set<BufferID> = []
        fileprivate(set) var loaded: Set<BufferID> = []
        /// Whether they looked at each other's sums.
        fileprivate(set) var sumsAreRead = false
    }

    /// The step: a barrier stands wherever a worker would read what another stores, or store what another reads.
    mutating func cooperate(_ scalars: [String: String]) {
        guard let cooperation, let group = options.group else { return }
        for (place, statement) in program.body.enumerated() {
            let isDealtOut = cooperation.dealt.contains(place)
            let access = Cooperation.Access([statement])
            let stores = access.stored.filter(isShared)
            let loads = access.loaded.filter(isShared)
            if !loads.isDisjoint(with: hazards.stored.union(hazards.storedByOne)) || !stores.isDisjoint(with: hazards.stored.union(hazards.loaded))
                || isDealtOut && !stores.isDisjoint(with: hazards.storedByOne)
            {
                barrier()
            }
            if isDealtOut { hazards.stored.formUnion(stores) } else { hazards.storedByOne.formUnion(stores) }
            hazards.loaded.formUnion(loads)
            guard case .loop(let loop) = statement, isDealtOut else {
                write(statement, scalars)
                continue
            }
            isDealt = true
            write(loop, scalars, workers: group.workers)
            isDealt = false
            combine(loop.split?.accumulators ?? [], group)
        }
        if !(hazards.stored.isEmpty && hazards.storedByOne.isEmpty && hazards.loaded.isEmpty) || hazards.sumsAreRead { barrier() }
    }

    mutating func barrier() {
        line("LS_BARRIER(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);")
        hazards = Hazards()
    }

    // MARK: Arrays on the chip

    /// Whether a worker finds in a buffer what others have stored.
    private func isShared(_ id: BufferID) -> Bool {
        if case .distributed = places[id.number] { return false }
        return cooperation?.shared.contains(id) ?? false
    }

    /// Arrays that the workers of a lane share and no launch must find in global memory, the smallest first.
    var sharedArrays: [(id: BufferID, array: SharedArray)] {
        guard let cooperation else { return [] }
        // Rows in registers leave no room for arrays.
        let loops = staged.isEmpty && options.keepsRows ? DistributableArrays(program, cooperation).loops : [:]
        return cooperation.shared.filter { buffer($0).role.isStateOrTemporary }
            .sorted { (buffer($0).count, $0.number) < (buffer($1).count, $1.number) }
            .map { ($0, SharedArray(buffer($0).count, isDistributable: loops[$0] != nil)) }
    }

    /// Where they lie, unless it is in global memory.
    func placesOnChip() -> [BufferID: Place] {
        guard let group = options.group, options.width == 1 else { return [:] }
        let arrays = sharedArrays
        let room = group.localBytes - bytesOfSums - bytesOfTiles
        let placement = SharedArray.placed(arrays.map(\.array), tile: group.tile, workers: group.workers, room: room) {
            bytesOnChip(arrays[$0].id, group)
        }
        var places: [BufferID: Place] = [:]
        for place in placement.onChip { places[arrays[place].id] = .local }
        for place in placement.distributed { places[arrays[place].id] = .distributed }
        return places
    }

    /// Iterations of each worker, where some loop or array is dealt out to all of them.
    func iterationsOfWorker(_ extent: Int) -> Int { options.group.map { (extent + $0.workers - 1) / $0.workers } ?? extent }

    /// Whether the loop goes to elements that are in registers: by constant places in an array of the worker's own.
    func isDistributed(_ loop: Loop) -> Bool {
        Cooperation.Access(loop.body).all.contains { id in
            if case .distributed = places[id.number] { true } else { false }
        }
    }

    /// Opens the loop over a worker's elements of arrays in registers, all of which is written out.
    ///
    /// - Parameter element: the name of the element's number among all workers'.
    mutating func openOwnElements(_ element: String, extent: Int) {
        guard let group = options.group else { return }
        let iterations = iterationsOfWorker(extent)
        unroll(iterations)
        open("for (int \(element)_own = 0; \(element)_own < \(iterations); ++\(element)_own) {")
        line("const int \(element) = ls_worker + \(element)_own * \(group.workers);")
        if iterations * group.workers > extent { line("if (\(element) >= \(extent)) continue;") }
    }

    private func bytesOnChip(_ id: BufferID, _ group: KernelOptions.Group) -> Int {
        buffer(id).count * group.tile * options.laneBytes(buffer(id).dtype)
    }

    /// Where an element lies that neighbouring lanes have neighbours of.
    func localPlace(_ index: String) -> String { "(\(index)) * \(options.group?.tile ?? 1) + ls_lane" }

    /// Copies states in local memory from or to where they stay between launches, each worker its part.
    mutating func copySharedStates(toGlobal: Bool) {
        guard let group = options.group else { return }
        let stored = Cooperation.Access(program.body).stored
        var isAny = false
        for (number, buffer) in program.buffers.enumerated() {
            guard case .state = buffer.role, !toGlobal || stored.contains(BufferID(number)) else { continue }
            func copy(_ inside: String) -> String {
                let outside = "g\(number)[LS_AT(i, \(buffer.count))]"
                return toGlobal ? "\(outside) = \(inside);" : "\(inside) = \(outside);"
            }
            switch places[number] {
            case .local:
                isAny = true
                line("for (int i = ls_worker; i < \(buffer.count); i += \(group.workers)) \(copy("b\(number)[\(localPlace("i"))]"))")
            case .distributed:
                openOwnElements("i", extent: buffer.count)
                line(copy("b\(number)[i_own]"))
                close()
            default: continue
            }
        }
        if isAny, !toGlobal { barrier() }
    }

    // MARK: Sums

    /// Sums over the workers of a loop.
    func sums(_ loop: Loop) -> Int { (loop.split?.accumulators ?? []).reduce(0) { $0 + buffer($1.buffer).count } }

    /// As many as any loop has, or as are put together at once.
    private var sumsAtOnce: Int {
        guard let cooperation else { return 0 }
        return cooperation.dealt.reduce(0) { most, place in
            guard case .loop(let loop) = program.body[place] else { return most }
            return max(most, min(sums(loop), Cooperation.mostSums))
        }
    }

    /// Their types.
    private var typesOfSums: [DType] {
        guard let cooperation else { return [] }
        var types: Set<DType> = []
        for place in cooperation.dealt {
            guard case .loop(let loop) = program.body[place] else { continue }
            for accumulator in loop.split?.accumulators ?? [] { types.insert(buffer(accumulator.buffer).dtype) }
        }
        return DType.allCases.filter(types.contains)
    }

    var bytesOfSums: Int {
        guard let group = options.group else { return 0 }
        return typesOfSums.reduce(0) { $0 + sumsAtOnce * group.size * options.laneBytes($1) * options.width }
    }

    /// Local memory for the workers' parts of sums, for each type of them.
    mutating func declareSums() {
        guard let group = options.group else { return }
        for dtype in typesOfSums { line("__local \(type(dtype, isUniform: false)) ls_sums_\(dtype.rawValue)[\(sumsAtOnce * group.size)];") }
    }

    /// Of a group.
    var localBytes: Int {
        guard let group = options.group else { return 0 }
        return places.indices.reduce(bytesOfSums) { bytes, number in
            if case .local = places[number] { bytes + bytesOnChip(BufferID(number), group) } else { bytes }
        }
    }

    private struct Part {
        let element: String
        let reduction: Reduction
        let buffer: Buffer
    }

    /// Puts the workers' parts together, for every worker, in an order that depends on their number alone.
    private mutating func combine(_ accumulators: [Loop.Accumulator], _ group: KernelOptions.Group) {
        guard !accumulators.isEmpty else { return }
        let width = sumsAtOnce
        var parts: [DType: [Part]] = [:]
        for accumulator in accumulators {
            let buffer = buffer(accumulator.buffer)
            func part(_ element: String) -> Part { Part(element: element, reduction: accumulator.reduction, buffer: buffer) }
            if case .variables = places[accumulator.buffer.number] {
                parts[buffer.dtype, default: []] += (0..<buffer.count).map { part(element(accumulator.buffer, .constant($0))) }
                continue
            }
            // What is left over is not gone through with the rest: equal parts must not be added twice.
            let whole = buffer.count / width * width
            if whole > 0 {
                if hazards.sumsAreRead { barrier() }
                unroll(1)
                open("for (int ls_first_element = 0; ls_first_element < \(whole); ls_first_element += \(width)) {")
                put((0..<width).map { part(text(accumulator.buffer, "ls_first_element + \($0)")) }, group)
                barrier()
                close()
            }
            if whole < buffer.count { put((whole..<buffer.count).map { part(text(accumulator.buffer, "\($0)")) }, group) }
        }
        for dtype in DType.allCases {
            let own = parts[dtype] ?? []
            for first in stride(from: 0, to: own.count, by: width) { put(Array(own[first..<min(first + width, own.count)]), group) }
        }
    }

    private func text(_ id: BufferID, _ index: String) -> String {
        if case .global = places[id.number] { return "b\(id.number)[LS_AT(\(index), \(buffer(id).count))]" }
        return "b\(id.number)[\(index)]"
    }

    /// - Parameter parts: of one type.
    private mutating func put(_ parts: [Part], _ group: KernelOptions.Group) {
        guard let dtype = parts.first?.buffer.dtype else { return }
        if hazards.sumsAreRead { barrier() }
        func slot(_ number: Int, _ place: String) -> String { "ls_sums_\(dtype.rawValue)[\(number * group.size) + \(place)]" }
        func sum(_ number: Int, _ a: String, _ b: String) -> String { parts[number].reduction.combine.row.kernel.text([a, b], dtype) }
        for (number, part) in parts.enumerated() {
            line("\(slot(number, "ls_local")) = \(part.buffer.isUniform ? splat(part.element, dtype) : part.element);")
        }
        barrier()
        let few = min(group.workers, Cooperation.partsAtOnce)
        if few < group.workers {
            open("if (ls_worker < \(few)) {")
            open("for (int ls_other = ls_local + \(few * group.tile); ls_other < \(group.size); ls_other += \(few * group.tile)) {")
            for number in parts.indices {
                line("\(slot(number, "ls_local")) = \(sum(number, slot(number, "ls_local"), slot(number, "ls_other")));")
            }
            close()
            close()
            barrier()
        }
        open("{")
        for number in parts.indices { line("\(type(dtype, isUniform: false)) ls_sum\(number) = \(slot(number, "ls_lane"));") }
        open("for (int ls_other = ls_lane + \(group.tile); ls_other < \(few * group.tile); ls_other += \(group.tile)) {")
        for number in parts.indices { line("ls_sum\(number) = \(sum(number, "ls_sum\(number)", slot(number, "ls_other")));") }
        close()
        for (number, part) in parts.enumerated() {
            // A mask's first component is -1 where a scalar's is 1.
            let first = dtype == .bool ? "(LS_FIRST(ls_sum\(number)) != 0)" : "LS_FIRST(ls_sum\(number))"
            line("\(part.element) = \(part.buffer.isUniform ? first : "ls_sum\(number)");")
        }
        close()
        hazards.sumsAreRead = true
    }

    private func splat(_ text: String, _ dtype: DType) -> String {
        switch dtype {
        case .real: "(real)(\(text))"
        case .int: "(ints)(\(text))"
        case .bool: "LS_SPLAT_MASK(\(text))"
        }
    }
}
