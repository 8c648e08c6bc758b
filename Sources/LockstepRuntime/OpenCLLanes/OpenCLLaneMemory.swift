import LockstepCompiler
import LockstepTensor

/// A batch's data on an OpenCL device, as one schedule lays them.
struct OpenCLPlacedData: PlacedData {
    fileprivate let session: OpenCLSession
    fileprivate let schedule: OpenCLSchedule
    fileprivate let precision: Precision
    fileprivate let keys: [Key]
    fileprivate let arrays: [Buffer: OpenCLBuffer]
}

/// The arrays of a batch on an OpenCL device, and the launch of a kernel over them.
struct OpenCLLaneMemory {
    private let stages: [OpenCLStage]
    private let session: OpenCLSession
    private let schedule: OpenCLSchedule
    private let precision: Precision
    private let layout: LaneLayout
    private let items: Int
    private let keys: [Key]
    private let words: OpenCLBuffer
    /// By stage; what has a name is one buffer for all of them.
    private var buffers: [[BufferID: OpenCLBuffer]] = []
    private var named: [Buffer.Role: OpenCLBuffer] = [:]
    private var data: [Buffer: OpenCLBuffer] = [:]

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
        let words = keys.flatMap { [Int32(bitPattern: $0.low), Int32(bitPattern: $0.high)] }
        self.keys = keys
        self.words = try session.allocate(copying: Self.placed(words, 2, layout, slots: items * schedule.width))
        if let placed, placed.session.context == session.context, placed.schedule == schedule, placed.precision == precision,
            placed.keys == keys
        {
            self.data = placed.arrays
        }
        for stage in stages {
            var own: [BufferID: OpenCLBuffer] = [:]
            for parameter in stage.text.parameters {
                switch parameter {
                case .scalar: break
                case .buffer(let id): own[id] = try allocateOnce(stage.program.buffers[id.number], data, given)
                case .scratch(let id):
                    own[id] = try allocate(stage.program.buffers[id.number], [:], copies: stage.slices * schedule.workers)
                }
            }
            buffers.append(own)
        }
    }

    private mutating func allocateOnce(
        _ buffer: Buffer, _ data: [String: LaneInputs.Data], _ given: Set<String>
    ) throws -> OpenCLBuffer {
        if case .table = buffer.role { return try allocate(buffer, data) }
        if let known = named[buffer.role] { return known }
        // What a program computes beforehand has names that mean something else in another.
        let isGiven = if case .data(let name) = buffer.role { given.contains(name) } else { false }
        let memory = try (isGiven ? self.data[buffer] : nil) ?? allocate(buffer, data)
        named[buffer.role] = memory
        if isGiven { self.data[buffer] = memory }
        return memory
    }

    var placedData: OpenCLPlacedData {
        OpenCLPlacedData(session: session, schedule: schedule, precision: precision, keys: keys, arrays: data)
    }

    private func slots(_ buffer: Buffer) -> Int { schedule.slots(buffer, items: items) }

    /// Masks are what comparisons yield: in vectors all bits of an integer as wide as a real, else 1.
    private var maskIsLong: Bool { schedule.width > 1 && precision == .double }
    private var trueMask: Int32 { schedule.width > 1 ? -1 : 1 }

    private static func placed<T: BitwiseCopyable & ExpressibleByIntegerLiteral>(
        _ values: [T], _ count: Int, _ layout: LaneLayout, slots: Int
    ) -> [T] {
        var result = [T](repeating: 0, count: max(slots * count, 1))
        result.withUnsafeMutableBufferPointer { pointer in
            if let base = pointer.baseAddress { layout.place(values, count: count, in: base) }
        }
        return result
    }

    /// - Parameter copies: of the whole, for workers that each have their own.
    private func allocate(_ buffer: Buffer, _ data: [String: LaneInputs.Data], copies: Int = 1) throws -> OpenCLBuffer {
        var values: [Double]?
        switch buffer.role {
        case .table(let table): values = table
        case .data(let name):
            switch data[name] {
            case .shared(let given), .perLane(let given): values = given
            case nil: break
            }
        case .slices(let slices):
            let count = buffer.count * slices.together * slices.slices
            guard case .shared(let given) = data[slices.name] else { return try allocateZeros(count, buffer) }
            return try allocateShared(buffer.dtype, slices.placed(given, count: buffer.count), count: count)
        case .state, .record, .temporary, .exchange: break
        }
        let slots = slots(buffer) * copies
        guard let values else { return try allocateZeros(slots * buffer.count, buffer) }
        if buffer.isUniform { return try allocateShared(buffer.dtype, values, count: buffer.count) }
        if buffer.dtype == .real {
            return precision == .double
                ? try session.allocate(copying: Self.placed(values, buffer.count, layout, slots: slots))
                : try session.allocate(copying: Self.placed(values.map { Float($0) }, buffer.count, layout, slots: slots))
        }
        let whole = values.map { Int32(saturating: $0) }
        guard buffer.dtype == .bool else {
            return try session.allocate(copying: Self.placed(whole, buffer.count, layout, slots: slots))
        }
        let masks = whole.map { $0 != 0 ? trueMask : 0 }
        return maskIsLong
            ? try session.allocate(copying: Self.placed(masks.map { Int64($0) }, buffer.count, layout, slots: slots))
            : try session.allocate(copying: Self.placed(masks, buffer.count, layout, slots: slots))
    }

    private func allocateZeros(_ count: Int, _ buffer: Buffer) throws -> OpenCLBuffer {
        let zeros = try session.allocate(bytes: max(count, 1) * OpenCLSchedule.elementBytes(buffer, precision))
        try session.fillWithZeros(zeros)
        return zeros
    }

    private func allocateShared(_ dtype: DType, _ values: [Double], count: Int) throws -> OpenCLBuffer {
        let values = values + [Double](repeating: 0, count: max(max(count, 1) - values.count, 0))
        if dtype != .real { return try session.allocate(copying: values.map { Int32(saturating: $0) }) }
        return precision == .double
            ? try session.allocate(copying: values) : try session.allocate(copying: values.map { Float($0) })
    }

    func launch(_ stage: Int, _ kernel: OpenCLKernel, first: Int, count: Int, scalars: [String: Double]) throws {
        var arguments: [OpenCLArgument] = [
            .int32(Int32(truncatingIfNeeded: first)), .int32(Int32(truncatingIfNeeded: count)),
            .int32(Int32(truncatingIfNeeded: items)), .buffer(words),
        ]
        for parameter in stages[stage].text.parameters {
            switch parameter {
            case .buffer(let id), .scratch(let id):
                guard let buffer = buffers[stage][id] else { throw OpenCLError.misuse("buffer \(id.number) was not allocated") }
                arguments.append(.buffer(buffer))
            case .scalar(let scalar):
                let value = scalars[scalar.name] ?? 0
                switch (scalar.dtype, precision) {
                case (.real, .float): arguments.append(.float(Float(value)))
                case (.real, .double): arguments.append(.double(value))
                default: arguments.append(.int32(Int32(saturating: value)))
                }
            }
        }
        let size = items * schedule.workers * stages[stage].slices
        try session.enqueue(kernel, arguments, globalSize: [size], localSize: [schedule.localSize])
    }

    // MARK: State and records

    func read(_ name: String) throws -> LaneArray {
        let (buffer, memory) = try find(name)
        func values<T: BitwiseCopyable & ExpressibleByIntegerLiteral>(_ type: T.Type) throws -> [T] {
            var raw = try session.read(memory, as: T.self)
            return raw.withUnsafeMutableBufferPointer { pointer in
                pointer.baseAddress.map { layout.values(count: buffer.count, from: $0) } ?? []
            }
        }
        let elements: LaneArray.Elements =
            buffer.dtype == .int
            ? .int(try values(Int32.self))
            : buffer.dtype == .bool
                ? .int(try (maskIsLong ? values(Int64.self).map { $0 != 0 ? 1 : 0 } : values(Int32.self).map { $0 != 0 ? 1 : 0 }))
                : precision == .float ? .float(try values(Float.self)) : .double(try values(Double.self))
        return LaneArray(lanes: layout.lanes, count: buffer.count, elements: elements)
    }

    func write(_ name: String, _ array: LaneArray) throws {
        let (buffer, memory) = try find(name)
        guard case .state = buffer.role else { throw ExecutionError.notState(name) }
        guard array.lanes == layout.lanes, array.count == buffer.count, array.elements.count == array.lanes * array.count else {
            throw ExecutionError.shapeMismatch(
                name: name, lanes: layout.lanes, count: buffer.count, givenLanes: array.lanes, givenCount: array.count)
        }
        let slots = slots(buffer)
        func upload<T: BitwiseCopyable & ExpressibleByIntegerLiteral>(_ values: [T]) throws {
            try Self.placed(values, buffer.count, layout, slots: slots).withUnsafeBytes { bytes in
                try session.write(UnsafeRawBufferPointer(rebasing: bytes.prefix(memory.byteCount)), to: memory)
            }
        }
        switch (array.elements, buffer.dtype, precision) {
        case (.float(let values), .real, .float): try upload(values)
        case (.double(let values), .real, .double): try upload(values)
        case (.int(let values), .int, _): try upload(values)
        case (.int(let values), .bool, _):
            let masks = values.map { $0 != 0 ? trueMask : 0 }
            if maskIsLong { try upload(masks.map { Int64($0) }) } else { try upload(masks) }
        default:
            let wanted = buffer.dtype != .real ? "int" : precision.rawValue
            throw ExecutionError.elementMismatch(name: name, wanted: wanted, given: array.elements.typeName)
        }
    }

    /// States and records are all in the last stage, which ends the step.
    private func find(_ name: String) throws -> (Buffer, OpenCLBuffer) {
        var known: [String] = []
        for buffer in stages.last?.program.buffers ?? [] {
            switch buffer.role {
            case .state(let own), .record(let own):
                if own == name, let memory = named[buffer.role] { return (buffer, memory) }
                known.append(own)
            case .data, .table, .temporary, .exchange, .slices: break
            }
        }
        throw ExecutionError.unknownName(name, known: known)
    }
}
