import Testing

@testable import LockstepRuntime

@Suite struct AllCoresTests {
    @Test(arguments: [0, 1, 2, 255, 256, 257, 1000, 5000])
    func resultsKeepTheirOrder(_ count: Int) {
        #expect(AllCores.map(count) { [$0, $0 * $0] } == (0..<count).map { [$0, $0 * $0] })
    }
}
