import Foundation

/// Runs a body to its end on a thread of its own with a large stack, and hands on what it returns or throws.
///
/// What compiles an expression follows it down, ours in part and drivers' compilers throughout, and the threads of a
/// pool have half a megabyte on some systems. Memory of a stack that is not reached is never taken.
package func onLargeStack<Value>(_ body: () throws -> Value) throws -> Value {
    try withoutActuallyEscaping(body) { body in
        var result: Result<Value, any Error>?
        LargeStackCall.run { result = Result { try body() } }
        // Where no thread could be had, here.
        return try (result ?? Result { try body() }).get()
    }
}

/// What C carries to the thread.
private final class LargeStackCall {
    /// Half a gigabyte, or less where the process may not map so much.
    private static let sizes = [512 << 20, 64 << 20, 8 << 20]
    private let work: () -> Void

    private init(_ work: @escaping () -> Void) { self.work = work }

    /// Returns when the work is done, or when there is no thread for it.
    static func run(_ work: @escaping () -> Void) {
        let call = LargeStackCall(work)
        for size in sizes where call.starts(size) { return }
    }

    private func starts(_ size: Int) -> Bool {
        var attributes = pthread_attr_t()
        guard pthread_attr_init(&attributes) == 0 else { return false }
        defer { pthread_attr_destroy(&attributes) }
        guard pthread_attr_setstacksize(&attributes, size) == 0 else { return false }
        let context = Unmanaged.passUnretained(self).toOpaque()
        #if canImport(Darwin)
        var thread: pthread_t?
        guard pthread_create(&thread, &attributes, { LargeStackCall.perform($0) }, context) == 0, let thread else { return false }
        #else
        var thread = pthread_t()
        guard pthread_create(&thread, &attributes, { $0.flatMap { LargeStackCall.perform($0) } }, context) == 0 else { return false }
        #endif
        // The call outlives its thread.
        return pthread_join(thread, nil) == 0
    }

    private static func perform(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<LargeStackCall>.fromOpaque(context).takeUnretainedValue().work()
        return nil
    }
}
