import LockstepCompiler
import LockstepTensor

/// A lane program's statements in the order in which they stand, loops as brackets, so that a position says what
/// comes before what.
struct FlatProgram {
    enum Item {
        /// Any statement but a loop.
        case statement(Statement)
        case fused(FusedStatement)
        case enter(loop: Int)
        /// What follows, up to the loop's end, is its flush.
        case gate(loop: Int)
        case again(loop: Int)
    }

    struct LoopSpan {
        let variable: LoopVariable
        let window: Loop.Window?
        let interval: Int
        let start: Int
        var end: Int
    }

    private(set) var items: [Item] = []
    private(set) var loops: [LoopSpan] = []

    private let fusion: Fusion

    init(_ program: LaneProgram) {
        fusion = Fusion(program)
        append(program.body)
    }

    private mutating func append(_ statements: [Statement]) {
        var straight: [Statement] = []
        for statement in statements {
            guard case .loop(let loop) = statement else {
                straight.append(statement)
                continue
            }
            items += fusion.rewritten(straight)
            straight = []
            // A loop that never runs flushes nothing either.
            guard loop.variable.extent > 0 else { continue }
            let number = loops.count
            loops.append(
                LoopSpan(
                    variable: loop.variable, window: loop.window, interval: max(loop.flush?.interval ?? 1, 1), start: items.count, end: 0))
            items.append(.enter(loop: number))
            append(loop.body)
            if let flush = loop.flush {
                items.append(.gate(loop: number))
                append(flush.statements)
            }
            loops[number].end = items.count
            items.append(.again(loop: number))
        }
        items += fusion.rewritten(straight)
    }
}

/// What a statement writes and reads.
struct Effects {
    var writes: [Register] = []
    var reads: [Register] = []
    /// The buffer that is written.
    var stores: BufferID?
    /// Buffers that are read or written.
    var buffers: [BufferID] = []

    init(_ item: FlatProgram.Item) {
        switch item {
        case .statement(let statement): self.init(statement)
        case .fused(let fused):
            self.init()
            reads = fused.operands
            switch fused.target {
            case .register(let register): writes = [register]
            case .sum(let buffer, let index):
                reads += Self.registers(index)
                stores = buffer
                buffers = [buffer]
            }
        case .enter, .gate, .again: self.init()
        }
    }

    private init() {}

    init(_ statement: Statement) {
        let names = statement.names
        (writes, reads) = (names.results, names.operands)
        if let (buffer, kind) = names.access {
            buffers = [buffer]
            if kind.isStore { stores = buffer }
        }
    }

    private static func registers(_ index: IndexExpression) -> [Register] {
        index.terms.isEmpty ? [] : Array(index.registers)
    }
}
