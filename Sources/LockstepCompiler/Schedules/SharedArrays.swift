import LockstepTensor

/// Arrays that the workers of a lane have together, and what becomes of them: local memory holds what it has room for. If that is not
/// all of a group's only lane, an array stays in registers where each worker goes to the elements of its own iterations only.
package struct SharedArray: Hashable, Sendable, Codable {
    package var elements: Int
    /// Whether a worker goes to no other elements than those of its iterations.
    package var isDistributable: Bool

    package init(_ elements: Int, isDistributable: Bool = false) {
        self.elements = elements
        self.isDistributable = isDistributable
    }

    /// Iterations of a worker, at most: loops that go to registers are written out.
    package static let mostIterations = 8
    /// Registers of a work-item for all arrays, at most.
    package static let mostRegisters = 72

    /// Where arrays lie that are not in global memory, by their places in a list.
    package struct Placement: Hashable, Sendable {
        /// In local memory.
        package var onChip: Set<Int> = []
        /// In registers, each worker its elements.
        package var distributed: Set<Int> = []
        /// Registers of a worker.
        package var registers = 0
    }

    /// Where some arrays lie.
    ///
    /// - Parameters:
    ///   - arrays: the smallest first.
    ///   - tile: lanes of a group. Rather than those of several, it has fewer.
    ///   - workers: of a lane.
    ///   - room: bytes of local memory.
    ///   - bytes: of an array there.
    package static func placed(_ arrays: [SharedArray], tile: Int, workers: Int, room: Int, bytes: (Int) -> Int) -> Placement {
        var placement = Placement(onChip: fitting(Array(arrays.indices), room, bytes))
        guard tile == 1, placement.onChip.count < arrays.count else { return placement }
        for (place, array) in arrays.enumerated() where array.isDistributable {
            let iterations = (array.elements + workers - 1) / workers
            guard iterations <= mostIterations, placement.registers + iterations <= mostRegisters else { continue }
            placement.distributed.insert(place)
            placement.registers += iterations
        }
        placement.onChip = fitting(arrays.indices.filter { !placement.distributed.contains($0) }, room, bytes)
        return placement
    }

    /// From the first on.
    private static func fitting(_ places: [Int], _ room: Int, _ bytes: (Int) -> Int) -> Set<Int> {
        var room = room
        return Set(
            places.prefix { place in
                room -= bytes(place)
                return room >= 0
            })
    }
}

/// Which arrays can be distributed: all statements that go to one stand in loops that are dealt out alike, and go to the element that has
/// the iteration's number.
struct DistributableArrays {
    /// The loops that go to each of them.
    private(set) var loops: [BufferID: Set<LoopVariable>] = [:]

    init(_ program: LaneProgram, _ cooperation: Cooperation) {
        var others: Set<BufferID> = []
        for (place, statement) in program.body.enumerated() {
            guard case .loop(let loop) = statement, cooperation.dealt.contains(place), Self.canBeWrittenOut(loop) else {
                others.formUnion(Cooperation.Access([statement]).all)
                continue
            }
            others.formUnion(Cooperation.Access(loop.flush?.statements ?? []).all)
            for statement in loop.body {
                guard let (buffer, _) = statement.access, let index = statement.names.indices.first else { continue }
                if index == .variable(loop.variable), program.buffers[buffer.number].count == loop.variable.extent {
                    loops[buffer, default: []].insert(loop.variable)
                } else {
                    others.insert(buffer)
                }
            }
        }
        loops = loops.filter { cooperation.shared.contains($0.key) && !others.contains($0.key) }
    }

    /// Loops in it would be as many as there are iterations, and partial sums are not emptied between those.
    private static func canBeWrittenOut(_ loop: Loop) -> Bool {
        (loop.flush?.interval ?? SharedArray.mostIterations) >= SharedArray.mostIterations
            && !loop.body.contains { if case .loop = $0 { true } else { false } }
    }
}
