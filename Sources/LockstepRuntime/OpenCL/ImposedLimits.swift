import Synchronization

/// Limits of a device that is described otherwise than its driver does: a session keeps them as the driver of such a
/// device would, so that what is made for it can be run within them.
package struct ImposedLimits: Hashable, Sendable {
    /// What a kernel is said to allow in a group, whatever can be launched.
    package var reportedGroupSize: Int?
    /// Work-items of the largest group that can be launched, whatever is said.
    package var launchedGroupSize: Int?
    /// How larger ones are refused.
    package var refusal = OpenCLErrorCode.invalidWorkGroupSize
    /// The real device's.
    let workerStackBytes: Int?
}

/// The bytes that the buffers of a context take of a device that is described as having so many.
final class ImposedMemory: Sendable {
    private let limit: Int
    private let used = Mutex(0)

    init(limit: Int) { self.limit = limit }

    /// Whether there was room.
    func take(_ bytes: Int) -> Bool {
        used.withLock { used in
            guard bytes <= limit - used else { return false }
            used += bytes
            return true
        }
    }

    func give(_ bytes: Int) { used.withLock { $0 -= bytes } }
}
