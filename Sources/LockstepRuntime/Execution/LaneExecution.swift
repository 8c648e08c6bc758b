import LockstepCompiler
import LockstepTensor

/// What a program is run on: the keys of its lanes and the data that the program names.
package struct LaneInputs: Sendable {
    /// Numbers that a program names, on the host.
    package enum Data: Sendable {
        /// The same for all lanes: `count` numbers.
        case shared(Numbers)
        /// Row-major `[lanes, count]`.
        case perLane(Numbers)
        /// Of each lane's own length.
        case rows(LaneRows)

        package static func shared(_ values: [Double]) -> Data { .shared(.double(values)) }
        package static func perLane(_ values: [Double]) -> Data { .perLane(.double(values)) }

        /// As they were given.
        var numbers: Numbers {
            switch self {
            case .shared(let numbers), .perLane(let numbers): numbers
            case .rows(let rows): rows.values
            }
        }
    }

    package let keys: [Key]
    package let data: [String: Data]

    package init(keys: [Key], data: [String: Data]) {
        self.keys = keys
        self.data = data
    }
}

/// The batch that a program is going to run first: its data can be laid out while a driver compiles.
package struct FirstBatch: Sendable {
    /// Bytes of device memory that its lanes may take.
    let budget: Int
    /// - Parameter most: lanes that there is room for.
    let inputs: @Sendable (_ most: Int) -> LaneInputs

    package init(budget: Int, inputs: @escaping @Sendable (_ most: Int) -> LaneInputs) {
        self.budget = budget
        self.inputs = inputs
    }
}

/// A lane program made ready for one device. It can be run many times, on other lanes and data.
package protocol LaneExecutable: Sendable {
    /// Seconds spent to make it ready.
    var compileSeconds: Double { get }
    /// Device memory that a lane takes.
    var bytesPerLane: Int { get }
    /// The most lanes of one wave on the device.
    ///
    /// - Parameter budget: bytes that the arrays of a wave may take.
    func mostLanes(budget: Int) -> Int
    /// What `automatic` came to; nil on the interpreter.
    var chosenSchedule: Schedule? { get }
    /// Lanes that one work-item has.
    var laneWidth: Int { get }
    /// Starts a batch. Its states are undefined until `begin`; those of a program that does not say where lanes begin are
    /// zero until written. Records are undefined until a step writes them.
    ///
    /// - Parameter placed: data that another program or batch has placed already, taken where they lie as this program
    ///   wants them: those that all lanes share, and where the keys are the same, those of each lane, too.
    /// - Throws: when the data do not fit the program's buffers, or the device has no room.
    func start(_ inputs: LaneInputs, placed: PlacedData?) throws -> any LaneExecution
}

extension LaneExecutable {
    package func mostLanes(budget: Int) -> Int { max(1, budget / max(bytesPerLane, 1)) }
    package func start(_ inputs: LaneInputs) throws -> any LaneExecution { try start(inputs, placed: nil) }
}

/// A batch's data in a device's memory, where they stay as long as this value does.
package protocol PlacedData: Sendable {
    /// Those that all lanes share.
    var shared: any PlacedData { get }
}

/// A batch of lanes on a device, as it moves from step to step. Used by one task at a time.
package protocol LaneExecution: AnyObject {
    /// Gives all states what the program says that lanes begin with, drawn on the device.
    ///
    /// - Parameter attempt: the number of the draws.
    func begin(attempt: Int) throws
    /// Runs steps `first ..< first + count` of every lane, or as many of them as are done after some seconds, and returns
    /// when they are done.
    ///
    /// - Returns: how many.
    /// - Throws: `CancellationError` within about a second of the calling task's being cancelled, or after the one step
    ///   that takes longer. What the lanes hold is then undefined.
    func advance(from first: Int, count: Int, for seconds: Double, scalars: [String: Double]) throws -> Int
    var launches: LaunchLog { get }
    /// The data of the batch, for other programs, once `advance` has returned; nil where there is nothing to gain by it.
    var placedData: PlacedData? { get }
    /// State or records by name, as they are now. They are brought in order when they are first looked at.
    func read(_ name: String) throws -> LaneArray
    /// Whether an element of a state of ints is zero in any lane, found where the lanes are.
    func hasZero(_ name: String, element: Int) throws -> Bool
    /// Replaces the state or record of a name. The array has the program's precision (reals) or ints.
    func write(_ name: String, _ values: LaneArray) throws
    /// Replaces states and records of some lanes by those of lanes of another batch of the same program on the same device.
    func replace(_ pairs: [(from: Int, to: Int)], by other: any LaneExecution) throws
}

extension LaneExecution {
    /// Runs steps `first ..< first + count` of every lane.
    package func advance(from first: Int, count: Int, scalars: [String: Double]) throws {
        _ = try advance(from: first, count: count, for: .infinity, scalars: scalars)
    }
}
