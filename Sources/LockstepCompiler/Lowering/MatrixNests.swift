import LockstepTensor

// Matrix operations: loops over triangles, each in the order that its recurrence needs. Short ones are written out.
extension LoopFusion {
    /// Matrices up to this size are written out, element by element.
    private static let smallMatrix = 4
    /// Columns that share what is loaded of a row: their sums do not wait for each other.
    private static let columnsTogether = 4

    /// L L^T = A by rows (Golub and Van Loan 2013, section 4.2): L[i, j] = (A[i, j] - sum over k < j of L[i, k] L[j, k]) / L[j, j].
    func writeCholesky(_ nest: Nest, _ batch: [IndexExpression]) {
        let n = nest.target.tensor.shape[batch.count]
        let result = Elements(self, nest.target, batch)
        // Of the diagonal.
        let inverses = temporary(nest, max(n, 1))
        let one = pull.emitter.constant(1, .real)
        forEach(from: .constant(0), to: .constant(n), most: n) { row in
            let together = Self.columnsTogether
            let blocks = row.quotientAndRemainder(dividingBy: together).quotient
            forEach(from: .constant(0), to: blocks, most: n / together) { block in
                let columns = (0..<together).map { block * together + .constant($0) }
                var products = sums(nest, together, from: .constant(0), to: columns[0], most: n) { k in
                    let own = result[row, k]
                    return columns.map { (own, result[$0, k]) }
                }
                for (place, column) in columns.enumerated() {
                    for before in columns.prefix(place) {
                        products[place] = map(.add, products[place], map(.multiply, result[row, before], result[column, before]))
                    }
                    let rest = map(.subtract, pull.element(nest.operand, batch + [row, column]), products[place])
                    result.store(row, column, map(.multiply, rest, pull.emitter.load(inverses, column)))
                }
            }
            forEach(from: blocks * together, to: row, most: n) { column in
                let products = sum(nest, from: .constant(0), to: column, most: n) { (result[row, $0], result[column, $0]) }
                let rest = map(.subtract, pull.element(nest.operand, batch + [row, column]), products)
                result.store(row, column, map(.multiply, rest, pull.emitter.load(inverses, column)))
            }
            let squares = sum(nest, from: .constant(0), to: row, most: n) { (result[row, $0], result[row, $0]) }
            let rest = map(.subtract, pull.element(nest.operand, batch + [row, row]), squares)
            // Neither 0 nor below.
            let isPositive = pull.emitter.map(.less, [pull.emitter.constant(0, .real), rest], .bool)
            let pivot = map(.sqrt, pull.emitter.map(.select, [isPositive, rest, pull.emitter.constant(.nan, .real)], .real))
            result.store(row, row, pivot)
            pull.emitter.storeKnown(inverses, row, map(.divide, one, pivot))
            forEach(from: row + .constant(1), to: .constant(n), most: n) { column in
                result.store(row, column, pull.emitter.constant(0, .real))
            }
        }
    }

    /// A product with a triangular matrix, or substitution: rows from the first to the last, or back where they build on later ones.
    func writeTriangular(_ op: Triangular, _ nest: Nest, _ batch: [IndexExpression]) {
        let (n, columns) = (nest.target.tensor.shape[batch.count], nest.target.tensor.shape[batch.count + 1])
        let (matrix, right) = (nest.operand, nest.target.tensor.node.inputs[1])
        let result = Elements(self, nest.target, batch)
        let isSolution = op.kind == .solution
        forEach(from: .constant(0), to: .constant(n), most: n, isReversed: isSolution && op.isTransposed) { row in
            let (first, end): (IndexExpression, IndexExpression) =
                switch (op.kind, op.isTransposed) {
                case (.product, false): (.constant(0), row + .constant(1))
                case (.product, true): (row, .constant(n))
                case (.solution, false): (.constant(0), row)
                case (.solution, true): (row + .constant(1), .constant(n))
                }
            func factor(_ k: IndexExpression) -> Register { pull.element(matrix, batch + (op.isTransposed ? [k, row] : [row, k])) }
            let inverse = isSolution ? map(.divide, pull.emitter.constant(1, .real), factor(row)) : nil
            inGroups(columns) { group in
                let sums = self.sums(nest, group.count, from: first, to: end, most: n) { k in
                    let factor = factor(k)
                    return group.map { (factor, isSolution ? result[k, $0] : pull.element(right, batch + [k, $0])) }
                }
                for (column, sum) in zip(group, sums) {
                    guard let inverse else {
                        result.store(row, column, sum)
                        continue
                    }
                    result.store(row, column, map(.multiply, map(.subtract, pull.element(right, batch + [row, column]), sum), inverse))
                }
            }
        }
    }

    /// The elements of a nest's matrix.
    private struct Elements {
        let fusion: LoopFusion
        let plan: BufferPlan
        let id: BufferID
        let batch: [IndexExpression]

        init(_ fusion: LoopFusion, _ plan: BufferPlan, _ batch: [IndexExpression]) {
            (self.fusion, self.plan, self.batch) = (fusion, plan, batch)
            id = fusion.buffer(of: plan)
        }

        subscript(row: IndexExpression, column: IndexExpression) -> Register {
            fusion.pull.emitter.load(id, plan.position(batch + [row, column]))
        }

        func store(_ row: IndexExpression, _ column: IndexExpression, _ value: Register) {
            fusion.pull.emitter.storeKnown(id, plan.position(batch + [row, column]), value)
        }
    }

    private func map(_ op: ElementOp, _ operands: Register...) -> Register { pull.emitter.map(op, operands, .real) }

    private func temporary(_ nest: Nest, _ count: Int) -> BufferID {
        pull.emitter.makeBuffer(.temporary, dtype: .real, count: count, isUniform: isUniform(nest.target), homeDepth: pull.emitter.depth)
    }

    /// The sum of products.
    private func sum(
        _ nest: Nest, from first: IndexExpression, to end: IndexExpression, most: Int, _ factors: (IndexExpression) -> (Register, Register)
    ) -> Register {
        sums(nest, 1, from: first, to: end, most: most) { [factors($0)] }[0]
    }

    /// Several sums of products in one loop.
    private func sums(
        _ nest: Nest, _ count: Int, from first: IndexExpression, to end: IndexExpression, most: Int,
        _ factors: (IndexExpression) -> [(Register, Register)]
    ) -> [Register] {
        let zero = pull.emitter.constant(0, .real)
        if let known = Self.written(from: first, to: end, most) {
            var sums = Array(repeating: zero, count: count)
            for k in known { sums = zip(sums, factors(.constant(k))).map { map(.add, $0, map(.multiply, $1.0, $1.1)) } }
            return sums
        }
        let sums = (0..<count).map { _ in temporary(nest, 1) }
        for sum in sums { pull.emitter.append(.store(sum, .constant(0), zero)) }
        forEach(from: first, to: end, most: most) { k in
            for (sum, factors) in zip(sums, factors(k)) {
                pull.emitter.append(.accumulate(.sum, sum, .constant(0), map(.multiply, factors.0, factors.1)))
            }
        }
        return sums.map { pull.emitter.load($0, .constant(0)) }
    }

    /// The iterations of a loop that is written out.
    private static func written(from first: IndexExpression, to end: IndexExpression, _ most: Int) -> Range<Int>? {
        guard let first = first.asConstant, let end = end.asConstant, most <= smallMatrix || end <= first else { return nil }
        return first..<max(first, end)
    }

    /// Runs a body for each number of a range, in order.
    ///
    /// - Parameter most: a number that no end of the range exceeds.
    private func forEach(
        from first: IndexExpression, to end: IndexExpression, most: Int, isReversed: Bool = false, _ body: (IndexExpression) -> Void
    ) {
        if let known = Self.written(from: first, to: end, most) {
            for k in isReversed ? known.reversed() : Array(known) { body(.constant(k)) }
            return
        }
        var window: Loop.Window?
        if first != .constant(0) || end != .constant(most) {
            window = Loop.Window(first: pull.emitter.index(first), end: pull.emitter.index(end), usual: max(most / 2, 1))
        }
        let variable = pull.emitter.makeVariable(extent: most)
        pull.emitter.openLoop(variable)
        pull.beginBody()
        // The counter stays in the indices, also where there is one iteration: it is what holds loads inside of the body.
        let counter = IndexExpression.atom(.variable(variable))
        body(isReversed ? first + end + .constant(-1) + counter * -1 : counter)
        pull.emitter.closeLoop(variable, window: window)
        // Its registers are out of scope.
        pull.beginBody()
    }

    /// Hands over columns, several at a time.
    private func inGroups(_ columns: Int, _ body: ([IndexExpression]) -> Void) {
        let together = Self.columnsTogether
        let whole = columns / together
        func group(_ first: IndexExpression, _ count: Int) { body((0..<count).map { first + .constant($0) }) }
        if whole == 1 {
            group(.constant(0), together)
        } else if whole > 1 {
            forEach(from: .constant(0), to: .constant(whole), most: whole) { group($0 * together, together) }
        }
        if columns % together > 0 { group(.constant(whole * together), columns % together) }
    }
}
