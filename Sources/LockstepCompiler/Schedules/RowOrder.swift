import LockstepTensor

/// The statements of an iteration over several rows, without loops among them, in the order of rows. Elements that live within the
/// iteration, such as a dot product while it is added up, become registers; what is the same in all iterations is loaded
/// before the loop, and what is loaded twice is loaded once.
struct RowOrder {
    private struct Element: Hashable {
        let buffer: BufferID
        let index: IndexExpression
    }

    private let loop: Loop
    private let rows: Int
    private(set) var new: ProgramExtension
    /// Loads of what is the same in all iterations.
    private(set) var before: [Statement] = []
    private var placed: [(row: Int, statement: Statement)] = []
    /// Arrays of which all elements that are read are written before, in the same iteration.
    private let own: Set<BufferID>
    /// Of them, those that something else reads afterwards.
    private let readLater: Set<BufferID>
    /// Arrays that nothing in the loop writes to.
    private let constant: (BufferID) -> Bool
    /// Arrays whose accesses stay in order.
    private let ordered: Set<BufferID>

    private var loaded: [Element: Register] = [:]
    /// What elements of those arrays are the sum of, not yet added up.
    private var sums: [Element: [Register]] = [:]
    private var elements: [Element] = []
    private var replaced: [Register: Register] = [:]
    private let zeros: Set<Register>
    /// The last row that a value, or an array, waits for.
    private var rowOfRegister: [Register: Int] = [:]
    private var rowOfBuffer: [BufferID: Int] = [:]

    /// - Parameter later: what other statements of the step load.
    init(_ statements: [Statement], _ loop: Loop, _ later: Set<BufferID>, _ new: ProgramExtension) {
        self.loop = loop
        self.new = new
        rows = loop.split?.rowsPerIteration ?? 1
        var zeros: Set<Register> = []
        for case .constant(let register, 0) in new.program.body + statements { zeros.insert(register) }
        self.zeros = zeros
        let flushed = Cooperation.Access(loop.flush?.statements ?? [])
        let accumulators = Set((loop.split?.accumulators ?? []).map(\.buffer))
        let stored = Cooperation.Access(statements).stored
        own = stored.filter { buffer in
            new.program.buffers[buffer.number].role == .temporary && !flushed.loaded.contains(buffer) && !flushed.stored.contains(buffer)
                && !accumulators.contains(buffer) && Self.isOwn(buffer, statements)
        }
        readLater = own.intersection(later)
        constant = { !stored.contains($0) && !flushed.stored.contains($0) }
        ordered = stored.subtracting(own).filter { buffer in
            statements.contains { statement in
                guard let access = statement.access, access.buffer == buffer else { return false }
                return access.kind != .accumulate(.sum)
            }
        }
    }

    private static func isOwn(_ buffer: BufferID, _ statements: [Statement]) -> Bool {
        var written: Set<Int> = []
        for statement in statements {
            guard let access = statement.access, access.buffer == buffer else { continue }
            guard let element = statement.names.indices.first?.asConstant else { return false }
            if access.kind.isLoad, !written.contains(element) { return false }
            written.insert(element)
        }
        return true
    }

    /// The statements so far, row by row.
    var sorted: [Statement] {
        placed.enumerated().sorted { ($0.element.row, $0.offset) < ($1.element.row, $1.offset) }.map(\.element.statement)
    }

    mutating func take(_ statement: Statement) {
        let statement = replaced.isEmpty ? statement : statement.reading(replaced)
        switch statement {
        case .load(let register, let buffer, let index):
            let element = Element(buffer: buffer, index: index)
            if let sum = sums[element] {
                let value = added(sum, isUniform: new.program.buffers[buffer.number].isUniform)
                sums[element] = [value]
                replaced[register] = value
            } else if let value = loaded[element] {
                replaced[register] = value
            } else if constant(buffer) {
                loaded[element] = register
                if index.variables.contains(loop.variable) { append(statement) } else { before.append(statement) }
            } else {
                append(statement)
            }
        case .store(let buffer, let index, let value) where own.contains(buffer):
            let element = Element(buffer: buffer, index: index)
            if sums[element] == nil { elements.append(element) }
            sums[element] = [value]
        case .accumulate(let reduction, let buffer, let index, let value) where own.contains(buffer):
            let element = Element(buffer: buffer, index: index)
            guard let sum = sums[element] else { return append(statement) }
            let type = new.program.buffers[buffer.number]
            if reduction == .sum {
                sums[element]?.append(value)
            } else {
                let result = new.register(type.dtype, isUniform: type.isUniform)
                append(.map(result, reduction.combine, [added(sum, isUniform: type.isUniform), value]))
                sums[element] = [result]
            }
        default: append(statement)
        }
    }

    /// Stores what is read later.
    mutating func end() {
        for element in elements where readLater.contains(element.buffer) {
            guard let sum = sums[element] else { continue }
            let value = added(sum, isUniform: new.program.buffers[element.buffer.number].isUniform)
            append(.store(element.buffer, element.index, value))
        }
    }

    /// Values from which on two sums, added up side by side, halve the time that one addition waits for another.
    private static let fewestOfTwoSums = 8

    private mutating func added(_ sum: [Register], isUniform: Bool) -> Register {
        var values = sum[...]
        if values.count > 1, let first = values.first, zeros.contains(first) { values.removeFirst() }
        let width = values.count < Self.fewestOfTwoSums ? 1 : 2
        var parts = Array(values.prefix(width))
        for (number, value) in values.dropFirst(width).enumerated() { parts[number % width] = plus(parts[number % width], value, isUniform) }
        return parts.dropFirst().reduce(parts[0]) { plus($0, $1, isUniform) }
    }

    private mutating func plus(_ a: Register, _ b: Register, _ isUniform: Bool) -> Register {
        let result = new.register(new.program.registers[a.number].dtype, isUniform: isUniform)
        append(.map(result, .add, [a, b]))
        return result
    }

    private mutating func append(_ statement: Statement) {
        let names = statement.names
        var row = names.operands.reduce(ownRow(names)) { max($0, rowOfRegister[$1, default: 0]) }
        if let buffer = names.access?.buffer, ordered.contains(buffer) {
            row = max(row, rowOfBuffer[buffer, default: 0])
            rowOfBuffer[buffer] = row
        }
        for register in names.results { rowOfRegister[register] = row }
        placed.append((row, statement))
    }

    /// The row whose data a statement loads, of those of an iteration.
    private func ownRow(_ names: StatementNames) -> Int {
        guard rows > 1, names.access?.kind == .load, let piece = names.indices.first?.piece(.variable(loop.variable)),
            piece.length % rows == 0, let place = piece.place.asConstant
        else { return 0 }
        return place / (piece.length / rows)
    }
}
