import Synchronization

/// Values that cost much to make, the most recently used ones kept. Two threads that ask for one key make it once:
/// the second waits for the first.
final class RecentValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// The place of one key. Its lock is held while the value is made, so that other keys need not wait.
    private final class Place: Sendable {
        let value = Mutex<Value?>(nil)
    }

    private struct State {
        var places: [Key: (place: Place, lastUse: UInt64)] = [:]
        var uses: UInt64 = 0
    }

    let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = max(limit, 1)
    }

    /// The kept value, or a new one. Where making it fails, nothing is kept and the next call tries again.
    func value(_ key: Key, make: () throws -> Value) throws -> Value {
        let place = place(of: key)
        return try place.value.withLock { kept in
            if let kept { return kept }
            let value = try make()
            kept = value
            return value
        }
    }

    var count: Int { state.withLock { $0.places.count } }

    private func place(of key: Key) -> Place {
        state.withLock { state in
            state.uses += 1
            let place = state.places[key]?.place ?? Place()
            state.places[key] = (place, state.uses)
            if state.places.count > limit, let oldest = state.places.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                state.places[oldest.key] = nil
            }
            return place
        }
    }
}
