import LockstepTensor

/// How the workers of a group share one step of their lanes, for schedules B and C: long loops are dealt out to the
/// workers, everything else is done by all of them alike.
///
/// An array that a dealt-out loop stores by rows is shared by the workers; one that such a loop adds to belongs to
/// each worker until the sums are put together.
package struct Cooperation {
    /// Sums that are put together at once, so that they share barriers, at most.
    package static let mostSums = 16
    /// Workers whose parts of a sum one of them adds up; if there are more, their parts are put together in two stages.
    package static let partsAtOnce = 16

    /// Top-level statements that are loops whose iterations are dealt out.
    private(set) var dealt: Set<Int> = []
    /// Arrays of which the workers of a lane have one together.
    private(set) var shared: Set<BufferID> = []

    /// - Parameter minimumExtent: shorter loops are run by every worker as a whole.
    init(_ program: LaneProgram, minimumExtent: Int) {
        for (place, statement) in program.body.enumerated() {
            guard case .loop(let loop) = statement, loop.split != nil, loop.variable.extent >= minimumExtent else { continue }
            dealt.insert(place)
        }
        // A loop is dealt out only if every array that it stores can be shared.
        while let place = place(program, dealt.sorted()) { dealt.remove(place) }
    }

    /// Finds the shared arrays, or a loop that must not be dealt out after all.
    private mutating func place(_ program: LaneProgram, _ candidates: [Int]) -> Int? {
        var byRows: [BufferID: Int] = [:]
        var whole: Set<BufferID> = []
        for place in candidates {
            guard case .loop(let loop) = program.body[place] else { continue }
            // A sum stays one, though each iteration should add to an element of its own: the workers' parts are added up.
            let sums = Set((loop.split?.accumulators ?? []).map(\.buffer))
            LaneProgram.forEach([.loop(loop)]) { statement in
                guard let (buffer, kind) = statement.access, kind.isStore, let index = statement.names.indices.first else { return }
                if index.variables.contains(loop.variable), !sums.contains(buffer) {
                    byRows[buffer] = place
                } else {
                    whole.insert(buffer)
                }
            }
        }
        // What a serial statement both stores and loads must not wait for another worker in between.
        for (place, statement) in program.body.enumerated() where !candidates.contains(place) {
            let access = Access([statement])
            whole.formUnion(access.stored.intersection(access.loaded))
        }
        if let conflict = byRows.first(where: { whole.contains($0.key) }) { return conflict.value }
        shared = Set(byRows.keys).union(
            program.buffers.indices.map { BufferID($0) }.filter { program.buffers[$0.number].role.isRecord })
        return nil
    }

    /// What statements load and store.
    struct Access {
        private(set) var loaded: Set<BufferID> = []
        private(set) var stored: Set<BufferID> = []
        var all: Set<BufferID> { loaded.union(stored) }

        init(_ statements: [Statement]) {
            LaneProgram.forEach(statements) { statement in
                guard let (buffer, kind) = statement.access else { return }
                if kind.isLoad { loaded.insert(buffer) }
                if kind.isStore { stored.insert(buffer) }
            }
        }
    }
}

extension Buffer.Role {
    fileprivate var isRecord: Bool { if case .record = self { true } else { false } }

    /// Whether it is what a lane carries or works with.
    var isStateOrTemporary: Bool {
        switch self {
        case .state, .temporary: true
        default: false
        }
    }
}
