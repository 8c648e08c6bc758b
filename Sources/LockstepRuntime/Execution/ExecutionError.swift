/// Why a program could not be started, advanced, read or written.
package enum ExecutionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The program reads data that nobody gave.
    case missingData(name: String, count: Int)
    /// Shared data of the wrong length; `count` numbers are wanted.
    case sharedDataCount(name: String, wanted: Int, given: Int)
    /// Per-lane data of the wrong length; `count` numbers are wanted for each lane.
    case perLaneDataCount(name: String, lanes: Int, count: Int, given: Int)
    /// The program was made for data of the other kind.
    case dataLayout(name: String, wantsShared: Bool)
    /// Data used as an index hold a value outside `0 ..< bound`. The lane is nil for shared data.
    case indexOutOfBounds(name: String, lane: Int?, position: Int, value: Double, bound: Int)
    case missingScalar(name: String)
    case negativeStepCount(Int)
    /// Neither state nor records have this name.
    case unknownName(String, known: [String])
    case shapeMismatch(name: String, lanes: Int, count: Int, givenLanes: Int, givenCount: Int)
    case elementMismatch(name: String, wanted: String, given: String)
    /// Lanes can only be replaced by those of a batch of the same program on the same device.
    case otherProgram
    /// More than 32-bit indices can tell apart.
    case tooManyElements(what: String, count: Int)
    /// More memory than there is; all as text for people.
    case memory(lanes: Int, wanted: String, limit: String, device: String, largest: String)

    package var description: String {
        switch self {
        case .missingData(let name, let count):
            "data '\(name)' is missing: give \(count) numbers"
        case .sharedDataCount(let name, let wanted, let given):
            "data '\(name)', shared by all lanes, has \(given) numbers; give \(wanted)"
        case .perLaneDataCount(let name, let lanes, let count, let given):
            "data '\(name)', one array per lane, has \(given) numbers; give \(lanes * count), which is \(count) for each of \(lanes) lanes"
        case .dataLayout(let name, let wantsShared):
            wantsShared
                ? "data '\(name)' was given per lane, but the program was made for one array shared by all lanes"
                : "data '\(name)' was given shared, but the program was made for one array per lane"
        case .indexOutOfBounds(let name, let lane, let position, let value, let bound):
            "data '\(name)' is used as an index, so its values must be whole numbers from 0 to \(bound - 1), "
                + "but element \(position)\(lane.map { " of lane \($0)" } ?? "") is \(value)"
        case .missingScalar(let name):
            "the number '\(name)' is missing"
        case .negativeStepCount(let count):
            "cannot run \(count) steps"
        case .unknownName(let name, let known):
            "there is no state or record '\(name)'; there are: \(known.joined(separator: ", "))"
        case .shapeMismatch(let name, let lanes, let count, let givenLanes, let givenCount):
            "state '\(name)' takes \(lanes) lanes of \(count) elements, not \(givenLanes) lanes of \(givenCount)"
        case .elementMismatch(let name, let wanted, let given):
            "state '\(name)' takes elements of type \(wanted), not \(given)"
        case .otherProgram:
            "lanes can only be replaced by those of another batch of the same program on the same device"
        case .tooManyElements(let what, let count):
            "\(what) has \(count) elements; there can be at most \(Int32.max)"
        case .memory(let lanes, let wanted, let limit, let device, let largest):
            "\(lanes == 1 ? "one lane needs" : "\(lanes) lanes need") \(wanted) of memory at once, of which \(device) has \(limit): "
                + "\(largest); use smaller arrays, fewer lanes or a smaller memoryBudget"
        }
    }
}
