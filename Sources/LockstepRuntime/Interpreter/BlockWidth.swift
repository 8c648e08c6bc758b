/// How many lanes a block has.
enum BlockWidth {
    /// What registers and temporaries of a block may take: more than a second-level cache, since lanes are read in
    /// order, and an instruction's own cost is felt more than a miss of the cache.
    static let scratchBudget = 4 << 20
    static let range = 128...512
    /// Lanes of the widest vectors.
    static let vector = 16

    /// Room for whole vectors: what fills up the last one costs less than a rest that is done one by one.
    static func wholeVectors(_ lanes: Int) -> Int { max(lanes.dividedUp(by: vector), 1) * vector }

    /// Wide blocks spread the cost of an instruction over many lanes, as long as their scratch stays in cache. All
    /// cores get the same number of blocks, and blocks are no wider than the lanes fill.
    static func choose(lanes: Int, cores: Int, bytesPerLane: Int) -> Int {
        var widest = range.upperBound
        while widest > range.lowerBound, widest * bytesPerLane > scratchBudget { widest /= 2 }
        let blocks = max(lanes, 1).dividedUp(by: widest).dividedUp(by: cores) * cores
        let width = max(lanes, 1).dividedUp(by: blocks)
        return width < vector ? width : wholeVectors(width)
    }
}

extension Int {
    fileprivate func dividedUp(by divisor: Int) -> Int { (self + divisor - 1) / divisor }
}

extension BlockProgram {
    func scratchBytesPerLane(realSize: Int) -> Int {
        let width = 1024
        let reals = storageCount(.reals, width: width) + temporaryCount(.reals, width: width)
        let ints = storageCount(.ints, width: width) + temporaryCount(.ints, width: width)
        return (reals * realSize + ints * 4) / width + indexDepth * 4
    }
}
