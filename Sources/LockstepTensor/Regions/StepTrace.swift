/// One step of a recurrence, traced with stand-ins: results are asked of it afterwards, and each recurrence that is made for them has no
/// more of what is carried and of the rows than they depend on.
package struct StepTrace: Sendable {
    /// Something that is carried from step to step.
    package struct Carry: Sendable {
        /// What stands for it in the step.
        package let own: Tensor
        /// What the first step gets.
        package let start: Tensor
        /// What a step hands on.
        package let next: Tensor

        package init(own: Tensor, start: Tensor, next: Tensor) { (self.own, self.start, self.next) = (own, start, next) }
    }

    /// Something of which each step gets a row.
    package struct Row: Sendable {
        /// What stands for a row in the step.
        package let own: Tensor
        /// `[length]` + the shape of a row.
        package let whole: Tensor

        package init(own: Tensor, whole: Tensor) { (self.own, self.whole) = (own, whole) }
    }

    package let length: Int
    package let isReversed: Bool
    package let carries: [Carry]
    package private(set) var rows: [Row]
    /// Rows that stand for nodes of the step.
    private var replacements: [ObjectIdentifier: Tensor] = [:]

    package init(length: Int, isReversed: Bool, carries: [Carry], rows: [Row]) {
        (self.length, self.isReversed, self.carries, self.rows) = (length, isReversed, carries, rows)
    }

    /// What stands for a row of another tensor.
    package mutating func addRow(of whole: Tensor) -> Tensor {
        let own = Region.parameter(like: Array(whole.shape.dropFirst()), whole.dtype, "row \(rows.count)")
        rows.append(Row(own: own, whole: whole))
        return own
    }

    /// Takes a row of `whole` for a node of the step.
    package mutating func replace(_ node: Tensor, byRowOf whole: Tensor) { replacements[node.id] = addRow(of: whole) }

    package func isReplaced(_ node: Tensor) -> Bool { replacements[node.id] != nil }

    /// What results of the step come to in all steps: `[length]` + the shape of each.
    package func outputs(_ results: [Tensor]) -> [Tensor] { run(results, carrying: needed(results)).outputs }

    /// All that is carried, in the end, and what results of the step come to in all steps.
    package func run(_ results: [Tensor]) -> ScanResult { run(results, carrying: Array(carries.indices)) }

    /// What is carried in the end, by place.
    package func finals(_ places: [Int]) -> [Tensor] {
        let carrying = needed(places.map { carries[$0].own })
        let finals = run([], carrying: carrying).carries
        return places.compactMap { place in carrying.firstIndex(of: place).map { finals[$0] } }
    }

    /// Whether tensors of the step differ from step to step.
    package func depend(_ tensors: [Tensor]) -> [Bool] {
        var own = Set(carries.map(\.own.id)).union(rows.map(\.own.id)).union(replacements.keys)
        for tensor in Graph.topologicalOrder(tensors) where tensor.node.inputs.contains(where: { own.contains($0.id) }) { own.insert(tensor.id) }
        return tensors.map { own.contains($0.id) }
    }

    /// The nodes that tensors of the step depend on, in this step and in those before; nothing below what a row is taken for.
    package func reached(from tensors: [Tensor]) -> Set<ObjectIdentifier> {
        let next = Dictionary(carries.map { ($0.own.id, $0.next) }, uniquingKeysWith: { first, _ in first })
        var reached: Set<ObjectIdentifier> = []
        var pending = tensors
        while let tensor = pending.popLast() {
            guard reached.insert(tensor.id).inserted, replacements[tensor.id] == nil else { continue }
            pending += tensor.node.inputs
            if let next = next[tensor.id] { pending.append(next) }
        }
        return reached
    }

    private func needed(_ results: [Tensor]) -> [Int] {
        let ids = reached(from: results)
        return carries.indices.filter { ids.contains(carries[$0].own.id) }
    }

    private func run(_ results: [Tensor], carrying: [Int]) -> ScanResult {
        let carried = carrying.map { carries[$0] }
        let all = Graph.replace(carried.map(\.next) + results, replacements)
        let ids = Set(Graph.topologicalOrder(all).map(\.id))
        let used = rows.filter { ids.contains($0.own.id) }
        // A recurrence goes over something.
        let wholes = used.isEmpty ? [Tensor.iota(length)] : used.map(\.whole)
        return scan(over: wholes, from: carried.map(\.start), isReversed: isReversed) { carries, rows in
            let stands = zip(carried.map(\.own.id), carries).map { ($0, $1) } + zip(used.map(\.own.id), rows).map { ($0, $1) }
            let results = Graph.replace(all, Dictionary(stands, uniquingKeysWith: { first, _ in first }))
            return (Array(results.prefix(carries.count)), Array(results.dropFirst(carries.count)))
        }
    }
}
