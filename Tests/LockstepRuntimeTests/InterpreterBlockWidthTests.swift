import Testing

@testable import LockstepRuntime

@Suite struct InterpreterBlockWidthTests {
    @Test(arguments: [1, 2, 3, 16], [1, 2, 7, 8, 100, 1023, 1024, 1025, 10_000])
    func blocksAreEvenlySpread(cores: Int, lanes: Int) {
        let width = BlockWidth.choose(lanes: lanes, cores: cores, bytesPerLane: 40)
        let blocks = LaneLayout(lanes: lanes, width: width).blocks
        #expect(width >= 1 && width <= BlockWidth.range.upperBound)
        // No core has more to do than its share, but for lanes that fill up a vector.
        let blocksOfOneCore = (blocks + cores - 1) / cores
        #expect(blocksOfOneCore * width <= (lanes + cores - 1) / cores + BlockWidth.vector * blocksOfOneCore)
    }

    @Test func largeScratchNarrowsBlocks() {
        let budget = BlockWidth.scratchBudget
        #expect(BlockWidth.choose(lanes: 1 << 20, cores: 1, bytesPerLane: budget / 512) == 512)
        #expect(BlockWidth.choose(lanes: 1 << 20, cores: 1, bytesPerLane: budget / 512 + 1) == 256)
        #expect(BlockWidth.choose(lanes: 1 << 20, cores: 1, bytesPerLane: budget) == 128)
    }

    @Test func noLanes() { #expect(BlockWidth.choose(lanes: 0, cores: 2, bytesPerLane: 40) == 1) }
}
