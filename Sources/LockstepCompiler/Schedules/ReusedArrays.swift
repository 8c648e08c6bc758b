import LockstepTensor

/// Arrays of a step that take the place of others which are done with: where a loop loads the one for the last time, element by
/// element, and stores the other for the first. What lies in the memory of a chip is few arrays at most.
package enum ReusedArrays {
    package static func reused(_ program: LaneProgram) -> LaneProgram {
        var program = program
        while let pair = program.body.indices.lazy.compactMap({ pair(program, $0) }).first {
            let numbers = program.buffers.indices.map { (BufferID($0), BufferID($0) == pair.new ? pair.old : BufferID($0)) }
            program.body = program.body.map { $0.renumbering(Dictionary(uniqueKeysWithValues: numbers)) }
        }
        return Pruning.prune(program)
    }

    private static func pair(_ program: LaneProgram, _ place: Int) -> (old: BufferID, new: BufferID)? {
        guard case .loop(let loop) = program.body[place], loop.window == nil, loop.flush == nil else { return nil }
        let before = Cooperation.Access(Array(program.body[..<place])).all
        let after = Cooperation.Access(Array(program.body[(place + 1)...])).all
        let uses = ElementUses(loop)
        for (old, last) in uses.lastLoads.sorted(by: { $0.key.number < $1.key.number }) where !after.contains(old) {
            for (new, first) in uses.firstStores.sorted(by: { $0.key.number < $1.key.number }) where !before.contains(new) && last < first {
                let (a, b) = (program.buffers[old.number], program.buffers[new.number])
                guard case .temporary = a.role, case .temporary = b.role, a.dtype == b.dtype, a.isUniform == b.isUniform, b.count > 1,
                    a.count >= b.count
                else { continue }
                return (old, new)
            }
        }
        return nil
    }

    /// Of arrays whose elements a loop goes to one after the other: the statements of its body, by place, that load an array which
    /// is not stored, and store one, last and first.
    private struct ElementUses {
        var lastLoads: [BufferID: Int] = [:]
        var firstStores: [BufferID: Int] = [:]

        init(_ loop: Loop) {
            var others: Set<BufferID> = []
            for (place, statement) in loop.body.enumerated() {
                LaneProgram.forEach([statement]) { inner in
                    guard let (buffer, kind) = inner.access, let index = inner.names.indices.first else { return }
                    if index != .variable(loop.variable) { others.insert(buffer) }
                    if kind.isStore {
                        if firstStores[buffer] == nil { firstStores[buffer] = place }
                    } else {
                        lastLoads[buffer] = place
                    }
                }
            }
            // What is loaded before it is stored has something from before.
            for buffer in Array(firstStores.keys) where others.contains(buffer) { firstStores[buffer] = nil }
            for buffer in Array(lastLoads.keys) where others.contains(buffer) || firstStores[buffer] != nil { lastLoads[buffer] = nil }
        }
    }
}
