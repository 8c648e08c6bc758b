/// Blocks of a tensor, put together and found again.
package enum Assembly {
    package typealias Block = (starts: [Int], part: Tensor)

    /// Blocks added up in a tensor of zeros: cut where they overlap in part, so that each element is stored once.
    package static func sum(_ blocks: [Block], _ shape: Shape) -> Tensor {
        guard let first = blocks.first else { return Tensor(repeating: 0, shape: shape) }
        if shape.elementCount == 0 { return Tensor(.literal([0]), shape: shape, dtype: first.part.dtype) }
        var pieces: [Block] = []
        cut(blocks, at: shape.map { _ in 0 }, shape, into: &pieces)
        if pieces.count == 1 { return pieces[0].part }
        return Tensor(.assemble(starts: pieces.map(\.starts)), pieces.map(\.part), shape: shape, dtype: first.part.dtype)
    }

    /// Disjoint pieces that fill the box of `extents` at `origin`.
    ///
    /// - Parameter blocks: inside that box, their starts counted from its origin.
    private static func cut(_ blocks: [Block], at origin: [Int], _ extents: Shape, into pieces: inout [Block]) {
        guard let axis = extents.indices.first(where: { axis in blocks.contains { $0.part.shape[axis] != extents[axis] } }) else {
            pieces.append((origin, blocks.dropFirst().reduce(blocks[0].part) { $0 + $1.part }))
            return
        }
        var waiting = blocks.filter { $0.part.count > 0 }.sorted { $0.starts[axis] < $1.starts[axis] }[...]
        var edges: Set = [0, extents[axis]]
        for (starts, part) in waiting { edges.formUnion([starts[axis], starts[axis] + part.shape[axis]]) }
        let cuts = edges.sorted()
        var open: [Block] = []
        for (low, high) in zip(cuts, cuts.dropFirst()) {
            open.removeAll { $0.starts[axis] + $0.part.shape[axis] <= low }
            while let next = waiting.first, next.starts[axis] <= low {
                open.append(next)
                waiting.removeFirst()
            }
            var (place, box) = (origin, extents)
            place[axis] += low
            box[axis] = high - low
            if open.isEmpty {
                pieces.append((place, Tensor(.literal([0]), shape: box, dtype: blocks[0].part.dtype)))
                continue
            }
            let inside = open.map { starts, part -> Block in
                var (rest, inner) = (starts, starts.map { _ in 0 })
                rest[axis] = 0
                inner[axis] = low - starts[axis]
                var shape = part.shape
                shape[axis] = high - low
                return (rest, part.block(inner, shape))
            }
            cut(inside, at: place, box, into: &pieces)
        }
    }

    /// The part of an assembled tensor that holds a whole block, and where in it the block begins.
    static func part(of tensor: Tensor, holding starts: [Int], _ shape: Shape) -> Block? {
        guard case .assemble(let places) = tensor.node.op else { return nil }
        let parts = tensor.node.inputs
        func holds(_ number: Int) -> Bool {
            shape.indices.allSatisfy {
                places[number][$0] <= starts[$0] && starts[$0] + shape[$0] <= places[number][$0] + parts[number].shape[$0]
            }
        }
        // The last that does not begin behind it; along one axis that is the one, if any is.
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if starts.lexicographicallyPrecedes(places[middle]) { high = middle } else { low = middle + 1 }
        }
        guard let number = low > 0 && holds(low - 1) ? low - 1 : parts.count <= 64 ? parts.indices.first(where: holds) : nil else { return nil }
        return (zip(starts, places[number]).map { $0 - $1 }, parts[number])
    }
}
