import LockstepCompiler
import LockstepTensor

/// What a program is run on: the keys of its lanes and the data that the program names.
package struct LaneInputs: Sendable {
    /// Numbers that a program names, on the host.
    package enum Data: Sendable {
        /// The same for all lanes: `count` numbers.
        case shared([Double])
        /// Row-major `[lanes, count]`.
        case perLane([Double])
    }

    package let keys: [Key]
    package let data: [String: Data]

    package init(keys: [Key], data: [String: Data]) {
        self.keys = keys
        self.data = data
    }
}

/// A lane program made ready for one device. It can be run many times, on other lanes and data.
package protocol LaneExecutable: Sendable {
    /// Seconds spent to make it ready.
    var compileSeconds: Double { get }
    /// Device memory that a lane takes.
    var bytesPerLane: Int { get }
    /// What `automatic` came to; nil on the interpreter.
    var chosenSchedule: Schedule? { get }
    /// Lanes that one work-item has.
    var laneWidth: Int { get }
    /// Starts a batch: state and records are zero until written.
    ///
    /// - Parameter placed: the data of these inputs where another program has placed them already; taken as they are
    ///   where they lie as this program wants them.
    /// - Throws: when the data do not fit the program's buffers, or the device has no room.
    func start(_ inputs: LaneInputs, placed: PlacedData?) throws -> any LaneExecution
}

extension LaneExecutable {
    package func start(_ inputs: LaneInputs) throws -> any LaneExecution { try start(inputs, placed: nil) }
}

/// A batch's data in a device's memory, where they stay as long as this value does.
package protocol PlacedData: Sendable {}

/// A batch of lanes on a device, as it moves from step to step. Used by one task at a time.
package protocol LaneExecution: AnyObject {
    /// Runs steps `first ..< first + count` of every lane, and returns when they are done.
    ///
    /// - Throws: `CancellationError` within about a second of the calling task's being cancelled, or after the one step
    ///   that takes longer. What the lanes hold is then undefined.
    func advance(from first: Int, count: Int, scalars: [String: Double]) throws
    /// The data of the batch, for other programs, once `advance` has returned; nil where there is nothing to gain by it.
    var placedData: PlacedData? { get }
    /// State or records by name, as they are now.
    func read(_ name: String) throws -> LaneArray
    /// Replaces the state of a name. The array has the program's precision (reals) or ints.
    func write(_ name: String, _ values: LaneArray) throws
}
