import LockstepTensor

/// Rows of shared data that all work-items of a group read: they copy them to local memory together, a tile of iterations at a time.
/// An iteration's elements lie there as in global memory, and are read by fours.
struct StagedRows {
    struct Table {
        let buffer: BufferID
        let dtype: DType
        /// Vectors of four elements in an iteration.
        let vectors: Int
        /// Elements of one of its rows.
        let columns: Int
        /// Of its first vector among those of its type.
        let first: Int
    }

    /// Elements of an iteration from which on a copy pays: single numbers of a row are loaded in time.
    private static let fewestElements = 32
    /// As many bytes as leave a GPU's unit the groups that its registers have room for, and of all groups.
    private static let bytesOfItem = 128
    private static let mostBytes = 32 << 10

    let tables: [Table]
    /// Of a row, in all tables.
    let columns: Int
    /// Of a tile: the same number for each worker.
    let iterations: Int

    /// - Parameters:
    ///   - taken: bytes of local memory for other things.
    ///   - isShared: whether a buffer is in global memory, once for all lanes.
    /// - Returns: nil where there is nothing to copy, or no room.
    init?(_ loop: Loop, _ program: LaneProgram, _ options: KernelOptions, taken: Int, isDealt: Bool, isShared: (BufferID) -> Bool) {
        let size = options.group?.size ?? options.groupSize
        guard options.interleaves, options.keepsRows, size > 1, loop.window == nil else { return nil }
        var elements: [BufferID: Set<Int>] = [:]
        var lengths: [BufferID: Int] = [:]
        var others: Set<BufferID> = []
        for statement in loop.body {
            if case .loop = statement { return nil }
            guard case .load(_, let buffer, let index) = statement, isShared(buffer) else { continue }
            guard let piece = index.piece(.variable(loop.variable)), let place = piece.place.asConstant, piece.length % 4 == 0,
                lengths[buffer] ?? piece.length == piece.length, program.buffers[buffer.number].dtype != .bool
            else {
                others.insert(buffer)
                continue
            }
            lengths[buffer] = piece.length
            elements[buffer, default: []].insert(place)
        }
        // Of most of what is copied there must be a use.
        let wanted = elements.filter { !others.contains($0.key) && 2 * $0.value.count >= lengths[$0.key, default: 0] }
        guard wanted.contains(where: { $0.value.count >= Self.fewestElements }) else { return nil }
        let buffers = wanted.keys.sorted { $0.number < $1.number }
        let bytes = buffers.reduce(0) { $0 + lengths[$1, default: 0] * options.bytesOfUniform(program.buffers[$1.number].dtype) }
        columns = buffers.reduce(0) { $0 + lengths[$1, default: 0] } / (loop.split?.rowsPerIteration ?? 1)
        let workers = isDealt ? options.group?.workers ?? 1 : 1
        let room = min(Self.mostBytes, Self.bytesOfItem * size, options.group?.localBytes ?? Self.mostBytes)
        let most = (room - taken) / bytes / workers * workers
        guard most > 0 else { return nil }
        // Tiles of equal size, as few as there must be.
        let whole = (loop.flush?.interval).map { min($0 * workers, loop.variable.extent) } ?? loop.variable.extent
        let tiles = (whole + most - 1) / most
        iterations = ((whole + tiles - 1) / tiles + workers - 1) / workers * workers
        var first: [DType: Int] = [:]
        var tables: [Table] = []
        for buffer in buffers {
            let table = Table(
                buffer: buffer, dtype: program.buffers[buffer.number].dtype, vectors: lengths[buffer, default: 0] / 4,
                columns: lengths[buffer, default: 0] / (loop.split?.rowsPerIteration ?? 1),
                first: first[program.buffers[buffer.number].dtype, default: 0])
            first[table.dtype, default: 0] += table.vectors * iterations
            tables.append(table)
        }
        self.tables = tables
    }

    /// Vectors of a type in a tile.
    func vectors(_ dtype: DType) -> Int { tables.reduce(0) { $1.dtype == dtype ? $0 + $1.vectors * iterations : $0 } }
}

extension KernelOptions {
    fileprivate func bytesOfUniform(_ dtype: DType) -> Int { dtype == .real ? realBytes : 4 }
}

extension KernelWriter {
    /// A tile that the text is inside of.
    struct OpenTile {
        let rows: StagedRows
        /// The iteration, counted from the first of the tile.
        let iteration: String
        /// The row that the text has come to, and vectors that have been read in this iteration.
        var row = 0
        var read: Set<String> = []
    }

    /// Of loops, by their counters.
    func stagedRows() -> [LoopVariable: StagedRows] {
        var result: [LoopVariable: StagedRows] = [:]
        for (place, statement) in program.body.enumerated() {
            guard case .loop(let loop) = statement else { continue }
            result[loop.variable] = StagedRows(
                loop, program, options, taken: bytesOfSums, isDealt: cooperation?.dealt.contains(place) ?? false,
                isShared: { isShared(program.buffers[$0.number]) })
        }
        return result
    }

    /// Columns from which on the loads of a row take longer than what is computed of it.
    private static let wideRow = 16

    /// Where rows are wide or arrays are in registers, and a group is none whose size a driver must know. A driver that knows it looks
    /// at no other limit.
    var registers: Int? {
        guard let most = options.registersOfRows, (options.group?.size ?? options.groupSize) <= 256 else { return nil }
        let hasArrays = places.contains { if case .distributed = $0 { true } else { false } }
        return hasArrays || staged.values.contains { $0.columns >= Self.wideRow } ? most : nil
    }

    /// The same for who reads the text.
    var remark: String { registers.map { "// For at most \($0) registers.\n" } ?? "" }

    private var stagedTypes: [(dtype: DType, vectors: Int)] {
        [DType.real, .int].map { dtype in (dtype, staged.values.map { $0.vectors(dtype) }.max() ?? 0) }.filter { $0.vectors > 0 }
    }

    /// What `declareTiles` takes.
    var bytesOfTiles: Int { stagedTypes.reduce(0) { $0 + 4 * $1.vectors * options.bytesOfUniform($1.dtype) } }

    private func vectorType(_ dtype: DType) -> String { dtype == .int ? "int4" : options.isDouble ? "double4" : "float4" }

    /// Local memory for the tile of the loop at hand.
    mutating func declareTiles() {
        if cooperation == nil, !staged.isEmpty {
            line("LS_PREPARE_BARRIERS;")
            line("const int ls_local = (int)get_local_id(0);")
        }
        for (dtype, vectors) in stagedTypes { line("__local \(vectorType(dtype)) ls_rows_\(dtype.rawValue)[\(vectors)];") }
    }

    /// Begins a tile of a loop and the loop over its iterations.
    ///
    /// - Parameters:
    ///   - first, end: the iterations that are to be done, by all workers together.
    mutating func openTile(_ rows: StagedRows, _ loop: Loop, first: String, end: String, workers: Int) {
        let name = "i\(loop.variable.number)"
        let size = options.group?.size ?? options.groupSize
        unroll(1)
        open("for (int \(name)_2 = \(first); \(name)_2 < \(end); \(name)_2 += \(rows.iterations)) {")
        line("const int \(name)_3 = min(\(name)_2 + \(rows.iterations), \(end));")
        line("LS_BARRIER(CLK_LOCAL_MEM_FENCE);")
        for table in rows.tables {
            let (type, number) = (vectorType(table.dtype), table.buffer.number)
            unroll(4)
            line(
                "for (int ls_place = ls_local; ls_place < (\(name)_3 - \(name)_2) * \(table.vectors); ls_place += \(size)) "
                    + "\(place(table, "ls_place")) = "
                    + "((__global const \(type) *)b\(number))[\(name)_2 * \(table.vectors) + ls_place];")
        }
        line("LS_BARRIER(CLK_LOCAL_MEM_FENCE);")
        unroll(loop, workers: workers)
        let (own, stride) = workers == 1 ? ("\(name)_2", "++\(name)") : ("\(name)_2 + ls_worker", "\(name) += \(workers)")
        open("for (int \(name) = \(own); \(name) < \(name)_3; \(stride)) {")
        tile = OpenTile(rows: rows, iteration: "(\(name) - \(name)_2)")
    }

    mutating func closeTile() {
        tile = nil
        close()
    }

    private func place(_ table: StagedRows.Table, _ index: String, more: Int = 0) -> String {
        let first = table.first + more
        return "ls_rows_\(table.dtype.rawValue)[\(first > 0 ? "\(index) + \(first)" : index)]"
    }

    /// An element of the tile at hand; nil for others.
    mutating func tileElement(_ id: BufferID, _ index: IndexExpression) -> String? {
        guard let open = tile, let table = open.rows.tables.first(where: { $0.buffer == id }),
            let place = index.variables.first.flatMap({ index.piece(.variable($0)) })?.place.asConstant
        else { return nil }
        let vector = "ls_row\(id.number)_\(place / 4)"
        if tile?.read.insert(vector).inserted ?? false {
            if !options.isDouble, table.columns > 1, place / table.columns > open.row {
                tile?.row = place / table.columns
                line("LS_NEXT_ROW;")
            }
            line(
                "const \(vectorType(table.dtype)) \(vector) = "
                    + "\(self.place(table, "\(open.iteration) * \(table.vectors)", more: place / 4));")
        }
        return "\(vector).\(["x", "y", "z", "w"][place % 4])"
    }
}
