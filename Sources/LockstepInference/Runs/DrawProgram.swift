import LockstepCompiler
import LockstepRuntime
import LockstepTensor

/// A lane program without a gradient that goes through one draw of each lane's guide in each step, at parameters that stay. What
/// does not differ from draw to draw is computed once for a lane.
struct DrawProgram: Sendable {
    private let constants: [LaneFunction.State]
    private let states: [LaneFunction.State]
    private let records: [LaneFunction.Record]
    private let draws: Int

    /// - Parameters:
    ///   - outputs: of one draw, made of the guide's parameters as lanes of `origin` carry them.
    ///   - kept: what lanes carry from draw to draw, and what they write down, of these outputs.
    init(
        _ outputs: [Tensor], draws: Int, origin: Origin,
        keeping kept: ([Tensor]) -> (states: [LaneFunction.State], records: [LaneFunction.Record])
    ) {
        let found = LaneConstants(Simplifier.simplify(outputs), origin: origin)
        constants = found.constants
        (states, records) = kept(found.functions)
        self.draws = draws
    }

    /// The number of the draw, from 0 on.
    static func number(_ origin: Origin) -> Tensor { .input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int) }

    /// Made ready for a device.
    struct Compiled: Sendable {
        let draws: Int
        /// Of what does not differ from draw to draw: on the host, as it is one step of little work.
        fileprivate let constants: InterpreterExecutable?
        fileprivate let constantNames: [String]
        fileprivate let program: LaneProgram
        fileprivate let executable: any LaneExecutable
    }

    /// - Parameters:
    ///   - lanes: how many the program is going to run on.
    ///   - schedule: the one of the steps; a program that it does not suit is laid out lane by lane.
    func compiled(
        on device: ResolvedDevice, lanes: Int, perLane: Set<String>, precision: Precision, schedule: Schedule
    ) throws -> Compiled {
        let program = try Lowering.lower(LaneFunction(states: states, records: records, perLane: perLane))
        func executable(_ schedule: Schedule) throws -> any LaneExecutable {
            try device.compile(program, precision: precision, lanes: lanes, schedule: schedule)
        }
        let made: any LaneExecutable
        do {
            made = try executable(schedule)
        } catch is ScheduleError {
            made = try executable(.lanes)
        }
        let constants =
            self.constants.isEmpty
            ? nil : InterpreterExecutable(try Lowering.lower(LaneFunction(states: self.constants, perLane: perLane)), precision: precision)
        return Compiled(
            draws: draws, constants: constants, constantNames: self.constants.map(\.name), program: program, executable: made)
    }
}

extension DrawProgram.Compiled {
    /// Goes through all draws, with as many lanes at a time as there is room for.
    ///
    /// - Parameters:
    ///   - parameters: unconstrained, in the order of `lanes`.
    ///   - lanes: their places among the keys and the data.
    ///   - placed: the lanes' data, where they lie on the device.
    ///   - budget: bytes of device memory that lanes may take at a time.
    ///   - body: what is done with the lanes of some rows of `lanes` when they have come to the end.
    func run(
        _ parameters: [String: LaneArray], _ binding: DataBinding, _ keys: [Key], lanes: [Int], placed: PlacedData? = nil, budget: Int,
        _ body: (_ rows: Range<Int>, _ execution: any LaneExecution) throws -> Void
    ) throws {
        let size = executable.mostLanes(budget: budget)
        for first in stride(from: 0, to: lanes.count, by: size) {
            let rows = first..<min(first + size, lanes.count)
            let isAll = rows.count == lanes.count
            let states = Dictionary(
                uniqueKeysWithValues: parameters.map { (StateName.parameter($0).text, isAll ? $1 : $1.lanes(Array(rows))) })
            let inputs = binding.inputs(keys, lanes: isAll ? lanes : rows.map { lanes[$0] })
            let execution = try executable.start(inputs, placed: isAll ? placed : nil)
            try execution.write(states, of: program)
            try execution.write(constants(states, inputs), of: program)
            try execution.advance(from: 0, count: draws, scalars: [:])
            try body(rows, execution)
        }
    }

    /// What does not differ from draw to draw, by name.
    private func constants(_ parameters: [String: LaneArray], _ inputs: LaneInputs) throws -> [String: LaneArray] {
        guard let constants else { return [:] }
        let execution = try constants.start(inputs)
        try execution.write(parameters, of: constants.source)
        try execution.advance(from: 0, count: 1, scalars: [:])
        return Dictionary(uniqueKeysWithValues: try constantNames.map { ($0, try execution.read($0)) })
    }
}

extension LaneExecution {
    /// Replaces those of some states that the program has.
    fileprivate func write(_ states: [String: LaneArray], of program: LaneProgram) throws {
        let known = program.stateNames
        for (name, array) in states where known.contains(name) { try write(name, array) }
    }
}
