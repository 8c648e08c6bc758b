import LockstepCompiler
import LockstepRuntime
import LockstepTensor

/// One step as expressions, with all that is needed to run it: on any device, and by the plainest evaluation.
package struct StepCase: Sendable {
    /// Values by the name of a state or record, then by lane.
    package typealias Outcome = [String: [[Double]]]

    package var function: LaneFunction
    /// Where states start, by lane; where nothing is said, what the function says, or zeros.
    package var initial: [String: [[Double]]] = [:]
    /// The number of the draws of where lanes begin.
    package var attempt = 0
    package var shared: [String: [Double]] = [:]
    package var perLane: [String: [[Double]]] = [:]
    package var scalars: [String: Double] = [:]
    package var lanes = 3
    /// The steps of each call of `advance`.
    package var advances = [1]

    package init(_ function: LaneFunction) { self.function = function }

    /// A step that computes values which nothing is fed back from: states `e0`, `e1`, ...
    package init(values: [Tensor], perLane: Set<String> = []) {
        self.init(LaneFunction(states: values.enumerated().map { .init("e\($0)", $1) }, perLane: perLane))
    }

    package var keys: [Key] { Key(20_26).split(lanes) }

    package var inputs: LaneInputs { inputs(0..<lanes) }

    private func inputs(_ lanes: Range<Int>) -> LaneInputs {
        var data = shared.mapValues { LaneInputs.Data.shared($0) }
        for (name, values) in perLane { data[name] = .perLane(values[lanes].flatMap(\.self)) }
        return LaneInputs(keys: Array(keys[lanes]), data: data)
    }

    private func start(_ state: LaneFunction.State, _ lane: Int) -> [Double] {
        initial[state.name]?[lane] ?? [Double](repeating: 0, count: state.value.count)
    }

    // MARK: Evaluation

    /// Every expression one node at a time, lane by lane, states fed back by hand.
    package func reference() throws -> Outcome {
        var outcome: Outcome = [:]
        for lane in 0..<lanes {
            var values = shared.merging(scalars.mapValues { [$0] }) { a, _ in a }
            for (name, own) in perLane { values[name] = own[lane] }
            for state in function.states { values[state.name] = start(state, lane) }
            values[Input.step] = [Double(attempt)]
            let begun = try ReferenceEvaluator.evaluate(
                function.starts.map(\.value), inputs: values, key: (keys[lane].low, keys[lane].high), step: UInt32(attempt))
            for (state, value) in zip(function.starts, begun) where initial[state.name] == nil { values[state.name] = value }
            var records = function.records.map { [Double](repeating: 0, count: $0.slots * $0.value.count) }
            for step in 0..<advances.reduce(0, +) {
                values[Input.step] = [Double(step)]
                let tensors = function.states.map(\.value) + function.records.flatMap { [$0.slot, $0.value] }
                let results = try ReferenceEvaluator.evaluate(
                    tensors, inputs: values, key: (keys[lane].low, keys[lane].high), step: UInt32(step))
                for (state, result) in zip(function.states, results) { values[state.name] = result }
                for (number, record) in function.records.enumerated() {
                    let slot = Int(results[function.states.count + 2 * number].first ?? 0)
                    let first = min(max(slot, 0), record.slots - 1) * record.value.count
                    let written = results[function.states.count + 2 * number + 1]
                    records[number].replaceSubrange(first..<(first + written.count), with: written)
                }
            }
            for state in function.states { outcome[state.name, default: []].append(values[state.name] ?? []) }
            for (record, written) in zip(function.records, records) { outcome[record.name, default: []].append(written) }
        }
        return outcome
    }

    // MARK: Execution

    /// - Parameter wave: the most lanes at a time; nil for all.
    package func run(_ executable: any LaneExecutable, _ precision: Precision, wave: Int? = nil) throws -> Outcome {
        var outcome: Outcome = [:]
        for first in stride(from: 0, to: lanes, by: wave ?? lanes) {
            outcome.merge(try run(executable, precision, first..<min(first + (wave ?? lanes), lanes))) { $0 + $1 }
        }
        return outcome
    }

    private func run(_ executable: any LaneExecutable, _ precision: Precision, _ wave: Range<Int>) throws -> Outcome {
        let execution = try executable.start(inputs(wave))
        try execution.begin(attempt: attempt)
        for state in function.states where initial[state.name] != nil {
            let values = wave.flatMap { start(state, $0) }
            let elements: LaneArray.Elements =
                state.value.dtype != .real
                ? .int(values.map { Int32($0) })
                : precision == .float ? .float(values.map { Float($0) }) : .double(values)
            try execution.write(state.name, LaneArray(lanes: wave.count, count: state.value.count, elements: elements))
        }
        var first = 0
        for count in advances {
            try execution.advance(from: first, count: count, scalars: scalars)
            first += count
        }
        var outcome: Outcome = [:]
        for name in function.states.map(\.name) + function.records.map(\.name) {
            let array = try execution.read(name)
            outcome[name] = wave.map { array.lane($0 - wave.lowerBound) }
        }
        return outcome
    }

    package func interpreted(_ precision: Precision, options: LoweringOptions = LoweringOptions()) throws -> Outcome {
        try run(InterpreterExecutable(Lowering.lower(function, options: options), precision: precision), precision)
    }

    /// - Parameters:
    ///   - privateBytes: 0 puts every array that is indexed by a variable in global memory.
    ///   - minimumExtent: shorter loops are not dealt out to the workers of a group.
    ///   - minimumRows: shorter loops are not split.
    ///   - longest: longer steps are written as several functions.
    package func openCL(
        _ session: OpenCLSession, _ precision: Precision, width: Int, privateBytes: Int? = nil,
        options: LoweringOptions = LoweringOptions(), schedule: Schedule = .lanes, minimumExtent: Int = 2, minimumRows: Int = 2, longest: Int = 3_000,
        rowsOfGroup: Int? = nil, localBytes: Int? = nil
    ) throws -> Outcome {
        let usual = OpenCLSchedule.choose(session.info, precision, width: width)
        var own = OpenCLSchedule(
            schedule, width: width, groupSize: usual.groupSize, interleaves: usual.interleaves,
            privateBytes: privateBytes ?? usual.privateBytes)
        own.minimumExtent = minimumExtent
        own.minimumRows = minimumRows
        own.longest = longest
        own.localBytes = localBytes ?? usual.localBytes
        if let rowsOfGroup { (own.rowsOfGroup, own.fewestGroups) = (rowsOfGroup, 1) }
        let executable = try OpenCLExecutable(
            Lowering.lower(function, options: options), on: session, precision: precision, schedule: own)
        return try run(executable, precision)
    }
}
