import LockstepCompiler
import LockstepTensor

/// A batch's data on an OpenCL device, as one schedule lays them.
struct OpenCLPlacedData: PlacedData {
    fileprivate let session: OpenCLSession
    fileprivate let schedule: OpenCLSchedule
    fileprivate let precision: Precision
    fileprivate let keys: [Key]
    fileprivate let arrays: [Buffer: OpenCLBuffer]

    var shared: any PlacedData {
        OpenCLPlacedData(session: session, schedule: schedule, precision: precision, keys: [], arrays: arrays.filter { $0.key.isUniform })
    }

    /// What lies as another batch wants it: what all lanes share, and if it has the same lanes, what each has for itself.
    fileprivate func arrays(_ session: OpenCLSession, _ schedule: OpenCLSchedule, _ precision: Precision, _ keys: [Key]) -> [Buffer: OpenCLBuffer] {
        guard self.session.context == session.context, self.schedule == schedule, self.precision == precision else { return [:] }
        return keys == self.keys ? arrays : arrays.filter { $0.key.isUniform }
    }
}

/// The arrays of a batch on an OpenCL device, and the launch of a kernel over them.
struct OpenCLLaneMemory {
    private let stages: [OpenCLStage]
    private let session: OpenCLSession
    private let schedule: OpenCLSchedule
    private let precision: Precision
    let layout: LaneLayout
    /// Vectors of lanes, whole groups of them.
    let items: Int
    private let keys: [Key]
    private let words: OpenCLBuffer
    /// By stage; what has a name is one buffer for all of them.
    private var buffers: [[BufferID: OpenCLBuffer]] = []
    /// Of the program that draws where lanes begin.
    private var startBuffers: [BufferID: OpenCLBuffer] = [:]
    private var named: [Buffer.Role: OpenCLBuffer] = [:]
    private var data: [Buffer: OpenCLBuffer] = [:]
    /// Of rows, by the data that say to which group each belongs.
    private var orders: [String: GroupedData.Order] = [:]

    /// Data that are not given are zero: a launch of no steps does not look at them.
    ///
    /// - Parameters:
    ///   - given: names of the data that other programs of these lanes have too.
    ///   - placed: taken where they lie as this schedule lays them.
    init(
        _ stages: [OpenCLStage], _ session: OpenCLSession, _ schedule: OpenCLSchedule,
        _ precision: Precision, keys: [Key], data: [String: LaneInputs.Data], given: Set<String> = [], placed: OpenCLPlacedData? = nil
    ) throws {
        self.stages = stages
        self.session = session
        self.schedule = schedule
        self.precision = precision
        layout = schedule.layout(lanes: keys.count)
        items = schedule.items(lanes: keys.count)
        try schedule.checkMemory(stages, lanes: keys.count, precision, on: session.info)
        self.keys = keys
        words = try session.allocate(bytes: items * schedule.width * MemoryLayout<Key>.stride)
        if let placed { self.data = placed.arrays(session, schedule, precision, keys) }
        try session.change(words, for: .filling) { layout.place(keys, in: $0) }
        for stage in stages {
            var own: [BufferID: OpenCLBuffer] = [:]
            for parameter in stage.text.parameters {
                switch parameter {
                case .scalar: break
                case .buffer(let id): own[id] = try allocateOnce(stage.program.buffers[id.number], data, given)
                case .scratch(let id, let isOwn):
                    own[id] = try allocate(stage.program.buffers[id.number], copies: isOwn ? stage.slices * schedule.workers : 1)
                }
            }
            buffers.append(own)
        }
        if let start = stages.last?.program.start { try allocate(start, data, given) }
    }

    /// For a batch that somebody asks for.
    ///
    /// - Throws: when the data do not fit the program's buffers, or the device has no room.
    init(
        _ program: LaneProgram, _ stages: [OpenCLStage], _ session: OpenCLSession, _ schedule: OpenCLSchedule, _ precision: Precision,
        _ inputs: LaneInputs, placed: OpenCLPlacedData? = nil
    ) throws {
        let completed = try inputs.completed(for: program)
        try completed.validate(for: program)
        try self.init(
            stages, session, schedule, precision, keys: completed.keys, data: completed.data, given: Set(inputs.data.keys), placed: placed)
    }

    /// What the start has for itself. Its scratch is that of the step, which comes later, where that has enough.
    private mutating func allocate(_ start: LaneProgram, _ data: [String: LaneInputs.Data], _ given: Set<String>) throws {
        guard let stage = stages.last else { return }
        var scratch = stage.text.parameters.compactMap { if case .scratch(let id, _) = $0 { buffers[stages.count - 1][id] } else { nil } }
        for parameter in stage.text.start?.parameters ?? [] {
            switch parameter {
            case .scalar: break
            case .buffer(let id): startBuffers[id] = try allocateOnce(start.buffers[id.number], data, given)
            case .scratch(let id, _):
                let buffer = start.buffers[id.number]
                let bytes = self.bytes(buffer, copies: 1)
                if let place = scratch.firstIndex(where: { $0.byteCount >= bytes }) {
                    startBuffers[id] = scratch.remove(at: place)
                } else {
                    startBuffers[id] = try session.allocate(bytes: bytes)
                }
            }
        }
    }

    private mutating func allocateOnce(
        _ buffer: Buffer, _ data: [String: LaneInputs.Data], _ given: Set<String>
    ) throws -> OpenCLBuffer {
        if case .table(let table) = buffer.role { return try placed(.shared(table), buffer) }
        if let known = named[buffer.role] { return known }
        let memory: OpenCLBuffer
        switch buffer.role {
        case .data(let name):
            // What a program computes beforehand has names that mean something else in another.
            let isGiven = given.contains(name)
            memory = try (isGiven ? self.data[buffer] : nil) ?? data[name].map { try placed($0, buffer) } ?? allocate(buffer)
            if isGiven { self.data[buffer] = memory }
        case .slices(let slices):
            if case .shared(let values)? = data[slices.name] {
                memory = try self.data[buffer] ?? placed(.shared(slices.placed(values.doubles, count: buffer.count)), buffer)
                if given.contains(slices.name) { self.data[buffer] = memory }
            } else {
                memory = try allocate(buffer)
            }
        case .grouped(let grouped):
            let isGiven = given.contains(grouped.name) && given.contains(grouped.index)
            if isGiven, let known = self.data[buffer] {
                memory = known
            } else if let values = data[grouped.name], let index = data[grouped.index],
                let order = orders[grouped.index] ?? grouped.order(index.numbers)
            {
                orders[grouped.index] = order
                memory = try placed(.shared(grouped.placed(values.numbers, order)), buffer)
            } else {
                memory = try allocate(buffer)
            }
            if isGiven { self.data[buffer] = memory }
        case .state, .record:
            memory = try allocate(buffer)
            // A start leaves none out, and steps write a record before anybody reads it.
            if stages.last?.program.start == nil { try session.fillWithZeros(memory) }
        case .table, .temporary, .exchange: memory = try allocate(buffer)
        }
        named[buffer.role] = memory
        return memory
    }

    var placedData: OpenCLPlacedData {
        OpenCLPlacedData(session: session, schedule: schedule, precision: precision, keys: keys, arrays: data)
    }

    // MARK: Elements

    /// Masks are what comparisons yield: in vectors all bits of an integer as wide as a real, else 1.
    private func format(_ buffer: Buffer) -> ElementFormat {
        switch buffer.dtype {
        case .real: precision == .float ? .float : .double
        case .int: .int
        case .bool where buffer.isUniform || schedule.width == 1: .mask
        case .bool: precision == .double ? .longMask : .wideMask
        }
    }

    private func bytes(_ buffer: Buffer, copies: Int) -> Int {
        var slots = schedule.slots(buffer, items: items) * copies
        if case .slices(let slices) = buffer.role { slots = slices.together * slices.slices }
        return max(slots * buffer.count, 1) * OpenCLSchedule.elementBytes(buffer, precision)
    }

    private func layout(_ buffer: Buffer) -> LaneLayout {
        if case .slices = buffer.role { return LaneLayout(lanes: 1, width: 1) }
        return buffer.isUniform ? LaneLayout(lanes: 1, width: 1) : layout
    }

    private func allocate(_ buffer: Buffer, copies: Int = 1) throws -> OpenCLBuffer {
        try session.allocate(bytes: bytes(buffer, copies: copies))
    }

    /// - Parameter data: as many as the buffer has elements, or one for all of them.
    private func placed(_ data: LaneInputs.Data, _ buffer: Buffer) throws -> OpenCLBuffer {
        let memory = try allocate(buffer)
        let (layout, format) = (layout(buffer), format(buffer))
        let count = memory.byteCount / format.bytes / (layout.blocks * layout.width)
        let isSplat = data.numbers.count == 1 && count > 1 && layout.lanes == 1
        let numbers = isSplat ? .double(Array(repeating: data.numbers[0], count: count)) : data.numbers
        try session.change(memory, for: .filling) { bytes in
            guard let address = bytes.baseAddress else { return }
            if case .rows(let rows) = data {
                layout.place(rows, count: count, together: together(buffer), as: format, in: address)
            } else {
                layout.place(numbers, count: count, as: format, in: address)
            }
        }
        return memory
    }

    /// Rows that all stages read together, where none reads beyond those that lanes have; nil where all room is to be filled.
    private func together(_ buffer: Buffer) -> Int? {
        // A device of its own memory is given whole arrays anyway.
        guard session.info.sharesHostMemory, case .data(let name) = buffer.role else { return nil }
        let programs = (stages.map(\.program) + (stages.last?.program.start.map { [$0] } ?? [])).filter { program in
            program.buffers.contains { $0.role == buffer.role }
        }
        let rows = programs.map { $0.rowsTogether[name] }
        return rows.contains(nil) ? nil : rows.compactMap { $0 }.max()
    }

    // MARK: Launches

    /// - Parameter part: the vectors of lanes that take the steps, whole groups of them; nil for all.
    func launch(
        _ stage: Int, _ kernel: OpenCLKernel, items part: Range<Int>? = nil, first: Int, count: Int, scalars: [String: Double]
    ) throws {
        let (text, program) = (stages[stage].text, stages[stage].program)
        let part = part ?? 0..<items
        var arguments = self.arguments(first: first, count: count, begin: part.lowerBound)
        arguments += try self.arguments(text.parameters, buffers[stage], scalars)
        if program.start != nil, let start = text.start, start.kernel == nil {
            arguments += try self.arguments(start.parameters, startBuffers, scalars)
        }
        let each = schedule.workers * stages[stage].slices
        try session.enqueue(
            kernel, arguments, globalSize: [part.count * each], localSize: [schedule.localSize])
    }

    /// Gives all states what lanes begin with.
    ///
    /// - Parameters:
    ///   - kernel: the step's, or the start's own where it has one.
    ///   - isRehearsal: whether nothing is to happen.
    func begin(_ kernel: OpenCLKernel, attempt: Int, isRehearsal: Bool = false) throws {
        guard let start = stages.last?.text.start else { return }
        if start.kernel == nil { return try launch(stages.count - 1, kernel, first: attempt, count: -1, scalars: [:]) }
        let arguments = try arguments(first: attempt, count: isRehearsal ? 0 : 1) + arguments(start.parameters, startBuffers, [:])
        try session.enqueue(kernel, arguments, globalSize: [items], localSize: [schedule.itemsOfGroup])
    }

    private func arguments(first: Int, count: Int, begin: Int = 0) -> [OpenCLArgument] {
        [
            .int32(Int32(truncatingIfNeeded: first)), .int32(Int32(truncatingIfNeeded: count)),
            .int32(Int32(truncatingIfNeeded: begin)), .int32(Int32(truncatingIfNeeded: items)), .buffer(words),
        ]
    }

    private func arguments(
        _ parameters: [KernelText.Parameter], _ buffers: [BufferID: OpenCLBuffer], _ scalars: [String: Double]
    ) throws -> [OpenCLArgument] {
        try parameters.map { parameter in
            switch parameter {
            case .buffer(let id), .scratch(let id, _):
                guard let buffer = buffers[id] else { throw OpenCLError.misuse("buffer \(id.number) was not allocated") }
                return .buffer(buffer)
            case .scalar(let scalar):
                let value = scalars[scalar.name] ?? 0
                switch (scalar.dtype, precision) {
                case (.real, .float): return .float(Float(value))
                case (.real, .double): return .double(value)
                default: return .int32(Int32(saturating: value))
                }
            }
        }
    }

    // MARK: State and records

    /// The numbers of a state or record as they are now. Where the device works in the host's memory they are only looked
    /// at when somebody asks, and must be before they change.
    func read(_ name: String) throws -> (count: Int, numbers: Deferred<Numbers>) {
        let (buffer, memory) = try find(name)
        let (layout, format) = (layout, format(buffer))
        if session.info.sharesHostMemory {
            let mapping = try session.map(memory, for: .reading)
            return (buffer.count, Deferred { layout.numbers(buffer.count, format, UnsafeRawBufferPointer(mapping.bytes)) })
        }
        let bytes = try session.read(memory, as: UInt8.self)
        return (buffer.count, Deferred { bytes.withUnsafeBytes { layout.numbers(buffer.count, format, $0) } })
    }

    /// Whether an element of a state of ints is zero in any lane. The host looks itself where it can; else one number comes back.
    func hasZero(_ name: String, element: Int) throws -> Bool {
        let (buffer, memory) = try find(name)
        guard buffer.dtype == .int else { return false }
        if session.info.sharesHostMemory {
            let mapping = try session.map(memory, for: .reading)
            return mapping.bytes.baseAddress.map {
                layout.hasZero(element, count: buffer.count, in: UnsafePointer($0.assumingMemoryBound(to: Int32.self)))
            } ?? false
        }
        let recipe = ProgramRecipe(sources: [WatchKernel.source], options: "-cl-std=CL1.2 -w", kernels: [WatchKernel.name], groupSize: 0)
        let kernel = try session.kernels(recipe) { _ in }[0]
        let found = try session.allocate(copying: [Int32(0)])
        let places = layout.lanes * layout.copies
        try session.enqueue(
            kernel,
            [
                .buffer(memory), .int32(Int32(buffer.count)), .int32(Int32(element)), .int32(Int32(layout.width)), .int32(Int32(places)),
                .buffer(found),
            ], globalSize: [min(places, Self.watchers)])
        return try session.read(found, as: Int32.self)[0] != 0
    }

    /// Work-items that look at all lanes.
    private static let watchers = 1 << 14

    func write(_ name: String, _ array: LaneArray) throws {
        let (buffer, memory) = try find(name)
        guard array.lanes == layout.lanes, array.count == buffer.count, array.elements.count == array.lanes * array.count else {
            throw ExecutionError.shapeMismatch(
                name: name, lanes: layout.lanes, count: buffer.count, givenLanes: array.lanes, givenCount: array.count)
        }
        let format = format(buffer)
        switch (array.elements, buffer.dtype, precision) {
        case (.float, .real, .float), (.double, .real, .double), (.int, .int, _), (.int, .bool, _): break
        default:
            let wanted = buffer.dtype != .real ? "int" : precision.rawValue
            throw ExecutionError.elementMismatch(name: name, wanted: wanted, given: array.elements.typeName)
        }
        try session.change(memory, for: .filling) { bytes in
            guard let address = bytes.baseAddress else { return }
            layout.place(array.elements, count: buffer.count, as: format, in: address)
        }
    }

    /// Replaces all states and records of some lanes by those of lanes of another batch of the same program.
    func replace(_ pairs: [(from: Int, to: Int)], by other: OpenCLLaneMemory) throws {
        for buffer in output {
            guard let from = other.named[buffer.role], let to = named[buffer.role] else { throw ExecutionError.otherProgram }
            let source = try other.session.map(from, for: .reading)
            try session.change(to) { bytes in
                guard let target = bytes.baseAddress, let address = source.bytes.baseAddress else { return }
                layout.copy(pairs, count: buffer.count, of: format(buffer), from: address, other.layout, to: target)
            }
        }
    }

    /// States and records are all in the last stage, which ends the step.
    private var output: [Buffer] {
        (stages.last?.program.buffers ?? []).filter { buffer in
            switch buffer.role {
            case .state, .record: true
            case .data, .table, .temporary, .exchange, .slices, .grouped: false
            }
        }
    }

    private func find(_ name: String) throws -> (Buffer, OpenCLBuffer) {
        func own(_ buffer: Buffer) -> String {
            switch buffer.role {
            case .state(let name), .record(let name): name
            case .data, .table, .temporary, .exchange, .slices, .grouped: ""
            }
        }
        let output = output
        guard let buffer = output.first(where: { own($0) == name }), let memory = named[buffer.role] else {
            throw ExecutionError.unknownName(name, known: output.map(own))
        }
        return (buffer, memory)
    }
}

extension LaneLayout {
    fileprivate func numbers(_ count: Int, _ format: ElementFormat, _ bytes: UnsafeRawBufferPointer) -> Numbers {
        bytes.baseAddress.map { numbers(count: count, of: format, at: $0) } ?? .int([])
    }

    /// The words of the lanes' keys.
    fileprivate func place(_ keys: [Key], in bytes: UnsafeMutableRawBufferPointer) {
        guard let address = bytes.baseAddress else { return }
        keys.withUnsafeBytes { words in
            place(words: words.bindMemory(to: UInt32.self), count: 2, in: address.assumingMemoryBound(to: UInt32.self))
        }
    }
}
