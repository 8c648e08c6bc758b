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
}
