import Synchronization

/// A value that is made when it is first asked for, and once. Copies are one and the same.
package final class Deferred<Value: Sendable>: Sendable {
    private enum State {
        case waiting(@Sendable () -> Value)
        case made(Value)
    }

    private let state: Mutex<State>

    package init(_ make: @escaping @Sendable () -> Value) { state = Mutex(.waiting(make)) }
    package init(value: Value) { state = Mutex(.made(value)) }

    /// What it was to be made from is let go with the first call.
    package var value: Value {
        state.withLock { state in
            switch state {
            case .made(let value): return value
            case .waiting(let make):
                let value = make()
                state = .made(value)
                return value
            }
        }
    }
}
