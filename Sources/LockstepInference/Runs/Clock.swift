import Dispatch
import Foundation

/// Wall time and processor time, for reports.
struct Clock {
    private let start = DispatchTime.now().uptimeNanoseconds
    private let processorStart = Self.processor

    struct Time {
        let seconds: Double
        /// Of all threads of this process.
        let processorSeconds: Double

        static let zero = Time(seconds: 0, processorSeconds: 0)
        static func + (a: Time, b: Time) -> Time {
            Time(seconds: a.seconds + b.seconds, processorSeconds: a.processorSeconds + b.processorSeconds)
        }
        static func - (a: Time, b: Time) -> Time {
            Time(seconds: a.seconds - b.seconds, processorSeconds: a.processorSeconds - b.processorSeconds)
        }
    }

    /// Since it was made.
    var time: Time {
        Time(
            seconds: Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9, processorSeconds: Self.processor - processorStart)
    }

    private static var processor: Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return .nan }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
