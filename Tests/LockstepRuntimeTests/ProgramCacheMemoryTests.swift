import Dispatch
import Synchronization
import Testing

@testable import LockstepRuntime

@Suite struct ProgramCacheMemoryTests {
    private struct Failure: Error {}

    @Test func leastRecentlyUsedGoes() throws {
        let recent = RecentValues<Int, Int>(limit: 2)
        var made: [Int] = []
        for key in [1, 2, 1, 3, 1, 2] {
            #expect(
                try recent.value(key) {
                    made.append(key)
                    return 10 * key
                } == 10 * key)
            #expect(recent.count <= 2)
        }
        #expect(made == [1, 2, 3, 2])
    }

    @Test func failureIsNotKept() throws {
        let recent = RecentValues<Int, Int>(limit: 2)
        #expect(throws: Failure.self) { try recent.value(1) { throw Failure() } }
        #expect(try recent.value(1) { 5 } == 5)
        #expect(try recent.value(1) { throw Failure() } == 5)
    }

    @Test func madeOnceByManyThreads() {
        let recent = RecentValues<Int, Int>(limit: 8)
        let made = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 64) { number in
            let key = number % 4
            let value = try? recent.value(key) {
                made.add(1, ordering: .relaxed)
                return key
            }
            #expect(value == key)
        }
        #expect(made.load(ordering: .relaxed) == 4)
    }
}
