import Foundation

enum PeakMemory {
    /// The most memory that this process has had in use at once; with drivers for CPUs that is the device's too.
    static var bytes: Int {
        var usage = rusage()
        #if canImport(Darwin)
        guard getrusage(RUSAGE_SELF, &usage) == 0 else { return 0 }
        return usage.ru_maxrss
        #else
        // Kibibytes; and the C library names its constants by a type that its function does not take.
        guard getrusage(.init(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return usage.ru_maxrss * 1024
        #endif
    }
}
