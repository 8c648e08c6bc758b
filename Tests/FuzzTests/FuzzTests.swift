import Foundation
import Lockstep
import TestSupport
import Testing

/// Random models through the public interface: OpenCL and interpreter agree, in float and in double, and a lane is the
/// same to the bit alone and in a batch.
///
/// `LOCKSTEP_FUZZ_SEED` gives the first seed, `LOCKSTEP_FUZZ_COUNT` how many are tried.
@Suite struct FuzzTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let count = environment["LOCKSTEP_FUZZ_COUNT"].flatMap(Int.init) ?? TestLevel.count(small: 20, medium: 300, full: 10_000)
    private static let first = environment["LOCKSTEP_FUZZ_SEED"].flatMap(UInt64.init) ?? 1
    private static let parts = 4

    @Test(arguments: 0..<parts) func devicesAgree(_ part: Int) throws {
        if part == 0 {
            print("random models: \(Self.count) from seed \(Self.first), \(Comparison.judges)")
            // A driver that ends the process shall not take the seed with it.
            fflush(nil)
        }
        var compared = 0
        var mistaken: [String: Int] = [:]
        for number in stride(from: part, to: Self.count, by: Self.parts) {
            let seed = Self.first &+ UInt64(number)
            let comparison = Comparison(seed: seed)
            switch comparison.outcome() {
            case .agreed: compared += 1
            case .mistaken(let reason): mistaken[reason, default: 0] += 1
            case .disagreed(let text): Issue.record("seed \(seed): \(text)")
            }
        }
        for (reason, times) in mistaken.sorted(by: { $0.value > $1.value }).prefix(5) { print("\(times) models cannot be fitted: \(reason)") }
        // Models that cannot be fitted are no test.
        #expect(compared * 10 >= (compared + mistaken.values.reduce(0, +)) * 8)
    }
}
