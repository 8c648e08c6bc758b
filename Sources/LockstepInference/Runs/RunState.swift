import Foundation
import LockstepCompiler
import LockstepRuntime
import LockstepTensor

/// All that a run needs to go on: to be saved, and given to `LaneAlgorithm.resume`.
///
/// It has the keys and what the lanes hold, not model and data: these are given again, and are held against marks of those that the
/// run had.
public struct RunState: Codable, Sendable {
    /// One key for each lane.
    public var keys: [Key] { keyWords.map { Key($0) } }
    /// Of each lane.
    public let steps: Int
    /// How the lanes are laid on the device, on which bits depend; nil on the interpreter.
    let schedule: String?
    let marks: Marks
    let finished: [FinishedWave]
    let current: WaveState?
    private let keyWords: [UInt64]
    private let version: Int

    /// What the format is called that this library writes.
    private static let version = 1

    init(keys: [Key], steps: Int, schedule: Schedule?, marks: Marks, finished: [FinishedWave], current: WaveState?) {
        keyWords = keys.map { UInt64($0.low) | UInt64($0.high) << 32 }
        self.steps = steps
        self.schedule = schedule?.description
        self.marks = marks
        self.finished = finished
        self.current = current
        version = Self.version
    }

    /// What tells runs apart.
    struct Marks: Codable, Hashable, Sendable {
        /// Of the model and the algorithm, as they are compiled.
        let program: String
        let data: String
        /// Of those options that results depend on.
        let options: String
    }

    /// A wave whose lanes have come to an end.
    struct FinishedWave: Codable, Sendable {
        let lanes: [Int]
        let result: StoredResult
        let elbo: ElboEstimate
    }

    static func mismatch(_ what: String) -> RunError {
        RunError("the saved run is one with another state of \(what); give what it was begun with, or begin anew")
    }

    // MARK: Files

    /// From a file that `write(to:)` made.
    ///
    /// - Throws: `LockstepError` where there is no such file, or it holds something else.
    public init(contentsOf url: URL) throws {
        self = try LockstepError.wrapping {
            let state: RunState
            do {
                state = try PropertyListDecoder().decode(RunState.self, from: Data(contentsOf: url))
            } catch is DecodingError {
                throw RunError("\(url.path) holds no saved run, or is torn")
            } catch {
                throw RunError("cannot read the saved run \(url.path): \(error.localizedDescription)")
            }
            guard state.version == Self.version else {
                throw RunError("\(url.path) was saved by another version of Lockstep, in format \(state.version); begin anew")
            }
            return state
        }
    }

    /// Puts the state in a file, which is there as a whole or, where this is interrupted, as it was before.
    ///
    /// - Throws: `LockstepError` where it cannot be written.
    public func write(to url: URL) throws {
        try LockstepError.wrapping {
            let encoder = PropertyListEncoder()
            encoder.outputFormat = .binary
            do {
                try encoder.encode(self).write(to: url, options: .atomic)
            } catch {
                throw RunError("cannot save the run in \(url.path): \(error.localizedDescription)")
            }
        }
    }
}

/// The lanes of a wave between two steps.
struct WaveState: Codable, Sendable {
    let lanes: [Int]
    let done: Int
    let withoutStart: [Int]
    let refusedEarly: [Int]?
    let drift: ParameterDrift.Seen?
    /// By the names of states and records.
    let arrays: [String: StoredArray]
}

/// The bits of an array.
struct StoredArray: Codable, Sendable {
    private enum Kind: String, Codable { case float, double, int }

    private let kind: Kind
    private let count: Int
    /// Little-endian.
    private let bits: Data

    init(_ array: LaneArray) {
        count = array.count
        (kind, bits) =
            switch array.elements {
            case .float(let values): (.float, Self.bytes(values.map(\.bitPattern.littleEndian)))
            case .double(let values): (.double, Self.bytes(values.map(\.bitPattern.littleEndian)))
            case .int(let values): (.int, Self.bytes(values.map(\.littleEndian)))
            }
    }

    /// - Throws: `RunError` where it has other lanes.
    func array(lanes: Int) throws -> LaneArray {
        let elements: LaneArray.Elements =
            switch kind {
            case .float: .float(Self.words(bits).map { Float(bitPattern: UInt32(littleEndian: $0)) })
            case .double: .double(Self.words(bits).map { Double(bitPattern: UInt64(littleEndian: $0)) })
            case .int: .int(Self.words(bits).map { Int32(littleEndian: $0) })
            }
        guard elements.count == lanes * count else { throw RunError("the saved run is torn: an array has \(elements.count) numbers") }
        return LaneArray(lanes: lanes, count: count, elements: elements)
    }

    private static func bytes<Word: FixedWidthInteger>(_ words: [Word]) -> Data { words.withUnsafeBytes { Data($0) } }

    private static func words<Word: FixedWidthInteger>(_ bytes: Data) -> [Word] {
        let count = bytes.count / MemoryLayout<Word>.size
        return [Word](unsafeUninitializedCapacity: count) { words, initialized in
            initialized = bytes.copyBytes(to: words) / MemoryLayout<Word>.size
        }
    }
}

/// A wave's result as it is saved.
struct StoredResult: Codable, Sendable {
    private let lanes: Int
    private let arrays: [String: StoredArray]
    private let withoutStart: [Int]
    private let done: Int
    private let slots: Int
    private let refusedEarly: [Int]
    private let paces: StoredArray
    private let results: [String: String]

    init(_ result: WaveResult) {
        lanes = result.lanes
        arrays = result.arrays.mapValues(StoredArray.init)
        withoutStart = result.withoutStart.sorted()
        (done, slots, results) = (result.done, result.slots, result.results)
        refusedEarly = result.refusedEarly.value
        paces = StoredArray(LaneArray(lanes: result.lanes, count: 1, elements: .double(result.paces.value)))
    }

    /// - Throws: `RunError` where it is torn.
    func result() throws -> WaveResult {
        WaveResult(
            lanes: lanes, arrays: try arrays.mapValues { try $0.array(lanes: lanes) }, withoutStart: Set(withoutStart), done: done, slots: slots,
            isFinished: true, refusedEarly: Deferred(value: refusedEarly), paces: Deferred(value: try paces.array(lanes: lanes).values),
            results: results)
    }
}
