import Foundation

/// How much the tests try: `LOCKSTEP_TEST_LEVEL` is small, medium (the default) or full.
package enum TestLevel {
    package static func count(small: Int, medium: Int, full: Int) -> Int {
        switch ProcessInfo.processInfo.environment["LOCKSTEP_TEST_LEVEL"] {
        case "small": small
        case "full": full
        default: medium
        }
    }

    /// Seeds of random cases: those of `LOCKSTEP_SEEDS`, "1000:2000" say, where it is set, for fresh ones or a part of many.
    package static func seeds(small: Int, medium: Int, full: Int) -> Range<UInt64> {
        let wanted = ProcessInfo.processInfo.environment["LOCKSTEP_SEEDS"]?.split(separator: ":").compactMap { UInt64($0) } ?? []
        if wanted.count == 2, wanted[0] <= wanted[1] { return wanted[0]..<wanted[1] }
        return 0..<UInt64(count(small: small, medium: medium, full: full))
    }
}
