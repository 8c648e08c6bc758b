import LockstepTensor

extension LaneProgram {
    /// Data of which nothing is read beyond the rows that lanes have: by their names, how many rows are read together at most.
    package var rowsTogether: [String: Int] {
        var together: [BufferID: Int?] = [:]
        note(body, rows: nil, in: &together)
        var result: [String: Int] = [:]
        for (number, buffer) in buffers.enumerated() {
            if case .data(let name) = buffer.role, !buffer.isUniform, let known = together[BufferID(number)], let rows = known { result[name] = rows }
        }
        return result
    }

    /// - Parameter rows: of an iteration of the innermost loop that ends with them.
    private func note(_ statements: [Statement], rows: Int?, in together: inout [BufferID: Int?]) {
        for statement in statements {
            if case .loop(let loop) = statement {
                note(loop.body, rows: loop.window?.rows ?? rows, in: &together)
                note(loop.flush?.statements ?? [], rows: rows, in: &together)
            } else if case .load(_, let buffer, let index) = statement {
                let isOfRows = index.registers.allSatisfy { registers[$0.number].isUniform }
                let own = isOfRows ? rows : nil
                together[buffer] = .some(
                    together[buffer].map { known in
                        if let known, let own { max(known, own) } else { nil }
                    } ?? own)
            }
        }
    }
}
