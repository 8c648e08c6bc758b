import LockstepTensor

/// Blocks of draws that were written out one after the other, as a loop again, whose iterations workers can share.
package enum RolledDraws {
    private static let fewest = 4

    package static func rolled(_ program: LaneProgram) -> LaneProgram {
        var uses: [Register: Int] = [:]
        program.forEachStatement { for register in $0.operands { uses[register, default: 0] += 1 } }
        var new = ProgramExtension(program)
        var body: [Statement] = []
        var rest = program.body[...]
        while let statement = rest.first {
            let blocks = blocks(rest, uses)
            if blocks.count >= fewest, case .draw4(let kind, let outputs, let stream, let particle, _) = statement {
                let counter = new.variable(blocks.count)
                let stores = outputs.enumerated().map { Statement.store(blocks[0], .variable(counter) * 4 + .constant($0), $1) }
                body.append(
                    .loop(
                        Loop(
                            variable: counter,
                            body: [.draw4(kind, outputs, stream: stream, particle: particle, group: .variable(counter))] + stores,
                            split: Loop.Split(accumulators: [], keepsRows: true, rowsPerIteration: 4))))
                rest = rest.dropFirst(5 * blocks.count)
            } else {
                body.append(statement)
                rest = rest.dropFirst()
            }
        }
        new.program.body = body
        return new.program
    }

    /// The array of each block that the statements begin with: blocks 0, 1 and so on of one site, stored one after the other.
    private static func blocks(_ statements: ArraySlice<Statement>, _ uses: [Register: Int]) -> [BufferID] {
        var result: [BufferID] = []
        var rest = statements
        var first: (kind: RandomOp.Kind, stream: DrawStream, particle: IndexExpression)?
        while case .draw4(let kind, let outputs, let stream, let particle, .constant(result.count))? = rest.first {
            if let first, first != (kind, stream, particle) { return result }
            guard case .site = stream, outputs.allSatisfy({ uses[$0] == 1 }), case .store(let buffer, _, _)? = rest.dropFirst().first,
                result.first ?? buffer == buffer,
                Array(rest.dropFirst().prefix(4)) == outputs.enumerated().map({ .store(buffer, .constant(4 * result.count + $0), $1) })
            else { return result }
            first = (kind, stream, particle)
            result.append(buffer)
            rest = rest.dropFirst(5)
        }
        return result
    }
}
