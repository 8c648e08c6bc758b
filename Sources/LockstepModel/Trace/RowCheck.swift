import LockstepTensor

/// Holds what sites make of ragged data against how many rows a lane has: after its own rows come others, which must count for nothing.
struct RowCheck {
    /// That an axis goes over rows of a lane's own.
    private struct Rows {
        /// The data that say how many.
        let name: String
        /// Whether a mask has selected those that count.
        var isCounted = false
    }

    private let shapes: DataShapes
    private var axes: [ObjectIdentifier: [Int: Rows]] = [:]
    /// Of masks: axes along which they hold in a lane's own rows only.
    private var masks: [ObjectIdentifier: [Int: String]] = [:]

    /// - Parameters:
    ///   - sites: all sites of a run, in its order, hidden ones too.
    ///   - shapes: of the data.
    /// - Throws: `ModelError` that names the site.
    static func check(_ sites: [Site], _ shapes: DataShapes?) throws(ModelError) {
        guard let shapes, shapes.values.contains(where: \.isRagged) else { return }
        for site in sites where site.isLatent && site.plates.contains(where: { $0.rows != nil }) {
            throw ModelError(
                site: site.name,
                "it is latent, and its plate goes over rows of which lanes have numbers of their own; latents need a size that all lanes share")
        }
        var check = RowCheck(shapes: shapes)
        let roots = sites.compactMap { site in site.logProb.map { (site.name, $0) } }
        let users = Dictionary(roots.map { ($0.1.id, $0.0) }, uniquingKeysWith: { first, _ in first })
        let order = Graph.topologicalOrder(roots.map(\.1))
        for (place, tensor) in order.enumerated() {
            do throws(Mistake) {
                try check.add(tensor)
                if users[tensor.id] != nil { try check.counted(tensor, check.axes[tensor.id]?.keys.map { $0 } ?? [], "their log density") }
            } catch {
                let user = order[place...].lazy.compactMap { users[$0.id] }.first ?? "?"
                throw ModelError(site: user, error.text)
            }
        }
    }

    private init(shapes: DataShapes) { self.shapes = shapes }

    private struct Mistake: Error {
        let text: String
    }

    /// - Throws: where rows that do not count would.
    private func counted(_ tensor: Tensor, _ wanted: [Int], _ what: String) throws(Mistake) {
        guard let rows = axes[tensor.id]?.first(where: { wanted.contains($0.key) && !$0.value.isCounted })?.value else { return }
        let data = shapes.filter { if case .ragged(_, rows.name) = $0.value { true } else { false } }.keys.sorted()
        let name = data.first ?? ""
        throw Mistake(
            text: "\(what) goes over the rows of '\(name)', and lanes have numbers of their own of them; put the site in "
                + "m.plate(\"rows\", rowsOf: \"\(name)\"), or select the rows that count: select(Tensor.iota(y.shape[0]) .< m.rowCount(\"\(name)\"), y, 0)"
        )
    }

    // MARK: Nodes

    private mutating func add(_ tensor: Tensor) throws(Mistake) {
        if tensor.dtype == .bool { masks[tensor.id] = own(tensor) }
        let inputs = tensor.node.inputs
        let given = inputs.map { axes[$0.id] ?? [:] }
        if case .input(let input) = tensor.node.op, input.kind == .data, case .ragged(_, let rows)? = shapes[input.name] {
            axes[tensor.id] = [0: Rows(name: rows)]
        }
        if given.allSatisfy(\.isEmpty) { return }
        axes[tensor.id] = try marked(tensor, inputs, given)
    }

    private func marked(_ tensor: Tensor, _ inputs: [Tensor], _ given: [[Int: Rows]]) throws(Mistake) -> [Int: Rows] {
        switch tensor.node.op {
        case .literal, .input, .iota, .random: return [:]
        case .stopGradient: return given[0]
        case .map(let op): return try elementwise(op, inputs, given)
        case .broadcast:
            let offset = tensor.shape.count - inputs[0].shape.count
            return moved(given[0]) { $0 + offset }
        case .permute(let order): return moved(given[0]) { order.firstIndex(of: $0) }
        case .reshape:
            let (old, new) = (inputs[0].shape, tensor.shape)
            let result = moved(given[0]) { axis in
                new.indices.first { new[$0] == old[axis] && new[..<$0].reduce(1, *) == old[..<axis].reduce(1, *) }
            }
            try counted(inputs[0], given[0].keys.filter { axis in !kept(old, new, axis) }, "a reshape")
            return result
        case .reduce(_, let gone):
            try counted(inputs[0], gone, "a reduction")
            return moved(given[0]) { axis in gone.contains(axis) ? nil : axis - gone.filter { $0 < axis }.count }
        case .slice:
            try counted(inputs[0], given[0].keys.filter { inputs[0].shape[$0] != tensor.shape[$0] }, "a part of what")
            return moved(given[0]) { inputs[0].shape[$0] == tensor.shape[$0] ? $0 : nil }
        case .assemble:
            for (input, marks) in zip(inputs, given) {
                try counted(input, marks.keys.filter { input.shape[$0] != tensor.shape[$0] }, "a part of what")
            }
            return try merged(zip(inputs, given).map { input, marks in marks.filter { input.shape[$0.key] == tensor.shape[$0.key] } }, any: false)
        case .gather:
            try counted(inputs[0], [0], "what rows are taken from")
            let rank = inputs[1].shape.count
            return try merged([moved(given[0]) { $0 == 0 ? nil : $0 + rank - 1 }, given[1]], any: false)
        case .segmentSum:
            let rank = inputs[1].shape.count
            let isCounted = given[1].keys.allSatisfy { given[0][$0]?.isCounted ?? false }
            if !isCounted { try counted(inputs[1], Array(given[1].keys), "a sum by groups") }
            try counted(inputs[0], Array(0..<rank), "a sum by groups")
            return moved(given[0]) { $0 < rank ? nil : $0 - rank + 1 }
        case .cholesky, .triangular, .scan, .call, .result:
            for (input, marks) in zip(inputs, given) { try counted(input, Array(marks.keys), "a matrix, a recurrence or another function") }
            return [:]
        }
    }

    private func kept(_ old: Shape, _ new: Shape, _ axis: Int) -> Bool {
        new.indices.contains { new[$0] == old[axis] && new[..<$0].reduce(1, *) == old[..<axis].reduce(1, *) }
    }

    private func moved(_ marks: [Int: Rows], _ place: (Int) -> Int?) -> [Int: Rows] {
        Dictionary(marks.compactMap { axis, rows in place(axis).map { ($0, rows) } }, uniquingKeysWith: { first, _ in first })
    }

    private func elementwise(_ op: ElementOp, _ inputs: [Tensor], _ given: [[Int: Rows]]) throws(Mistake) -> [Int: Rows] {
        guard op == .select else { return try merged(given, any: op == .multiply) }
        var result = try merged([given[1], given[2]], any: false)
        for (axis, rows) in given[0] where result[axis] == nil { result[axis] = rows }
        for (axis, name) in masks[inputs[0].id] ?? [:] where result[axis]?.name == name { result[axis]?.isCounted = true }
        return result
    }

    /// - Parameter any: whether rows count for nothing where those of any part do.
    private func merged(_ parts: [[Int: Rows]], any: Bool) throws(Mistake) -> [Int: Rows] {
        var result: [Int: Rows] = [:]
        for part in parts {
            for (axis, rows) in part {
                guard let known = result[axis] else {
                    result[axis] = rows
                    continue
                }
                guard known.name == rows.name else {
                    let names = shapes.filter { if case .ragged(_, let own) = $0.value { own == known.name || own == rows.name } else { false } }
                    throw Mistake(
                        text: "it uses rows of \(names.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")) side by side, of which lanes have "
                            + "different numbers; give data that belong together as many rows in each lane")
                }
                result[axis]?.isCounted = any ? known.isCounted || rows.isCounted : known.isCounted && rows.isCounted
            }
        }
        return result
    }

    // MARK: Masks

    private func own(_ mask: Tensor) -> [Int: String] {
        let inputs = mask.node.inputs
        func moved(_ place: (Int) -> Int?) -> [Int: String] {
            let own = masks[inputs[0].id] ?? [:]
            return Dictionary(own.compactMap { axis, name in place(axis).map { ($0, name) } }, uniquingKeysWith: { first, _ in first })
        }
        switch mask.node.op {
        case .map(.less):
            guard let name = rowsName(inputs[1]), let axis = counter(inputs[0]) else { return [:] }
            return [axis: name]
        case .map(.and): return (masks[inputs[0].id] ?? [:]).merging(masks[inputs[1].id] ?? [:]) { first, _ in first }
        case .stopGradient: return masks[inputs[0].id] ?? [:]
        case .broadcast: return moved { $0 + mask.shape.count - inputs[0].shape.count }
        case .permute(let order): return moved { order.firstIndex(of: $0) }
        case .reshape:
            let (old, new) = (inputs[0].shape, mask.shape)
            return moved { axis in new.indices.first { new[$0] == old[axis] && new[..<$0].reduce(1, *) == old[..<axis].reduce(1, *) } }
        default: return [:]
        }
    }

    /// The data that a tensor is the number of rows of.
    private func rowsName(_ tensor: Tensor) -> String? {
        switch tensor.node.op {
        case .input(let input):
            shapes.values.contains { if case .ragged(_, input.name) = $0 { true } else { false } } ? input.name : nil
        case .broadcast, .reshape: rowsName(tensor.node.inputs[0])
        default: nil
        }
    }

    /// The axis along which a tensor counts 0, 1, 2 ..., and is the same along all others.
    private func counter(_ tensor: Tensor) -> Int? {
        guard let input = tensor.node.inputs.first else { if case .iota = tensor.node.op { return 0 } else { return nil } }
        guard let axis = counter(input) else { return nil }
        switch tensor.node.op {
        case .broadcast: return axis + tensor.shape.count - input.shape.count
        case .permute(let order): return order.firstIndex(of: axis)
        case .reshape:
            return tensor.shape.indices.first {
                tensor.shape[$0] == input.shape[axis] && tensor.shape[..<$0].reduce(1, *) == input.shape[..<axis].reduce(1, *)
            }
        default: return nil
        }
    }
}

extension DataShape {
    fileprivate var isRagged: Bool { if case .ragged = self { true } else { false } }
}
