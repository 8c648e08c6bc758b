import LockstepCompiler

/// From where to where in a flat program each register is needed.
struct Lifetimes {
    /// Positions of the definition and of the last use, by register number; nil for registers never defined.
    private(set) var spans: [ClosedRange<Int>?]
    /// Positions that write a buffer, ascending, by buffer number.
    private var stores: [[Int]]

    init(_ flat: FlatProgram, registers: Int, buffers: Int) {
        spans = Array(repeating: nil, count: registers)
        stores = Array(repeating: [], count: buffers)
        var open: [FlatProgram.LoopSpan] = []
        for (position, item) in flat.items.enumerated() {
            switch item {
            case .enter(let loop):
                flat.loops[loop].window.map { read([$0.first, $0.end], at: position, open) }
                open.append(flat.loops[loop])
            case .again(let loop):
                flat.loops[loop].window.map { read([$0.end], at: position, open) }
                open.removeLast()
            case .gate: break
            case .statement, .fused:
                let effects = Effects(item)
                read(effects.reads, at: position, open)
                for register in effects.writes where spans[register.number] == nil {
                    spans[register.number] = position...position
                }
                if let buffer = effects.stores { stores[buffer.number].append(position) }
            }
        }
    }

    private mutating func read(_ registers: [Register], at position: Int, _ open: [FlatProgram.LoopSpan]) {
        for register in registers {
            guard let span = spans[register.number] else { continue }
            // What is defined outside of a loop and read inside is needed again in the next iteration.
            let end = open.first { $0.start > span.lowerBound }?.end ?? position
            spans[register.number] = span.lowerBound...max(span.upperBound, end)
        }
    }

    /// Whether a buffer stays as it is from the load at the start of a register's life until its last use.
    func isUntouched(_ buffer: BufferID, during span: ClosedRange<Int>) -> Bool {
        isUntouched(buffer, after: span.lowerBound, before: span.upperBound)
    }

    func isUntouched(_ buffer: BufferID, after start: Int, before end: Int) -> Bool {
        // A store at the last use itself reads an element before it writes it.
        !stores[buffer.number].contains { $0 > start && $0 < end }
    }
}
