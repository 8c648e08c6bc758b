/// How elements change on their way: a type and no closure, for each gets a loop of its own.
protocol Conversion {
    associatedtype Source: BitwiseCopyable
    associatedtype Target: BitwiseCopyable & ExpressibleByIntegerLiteral
    static func of(_ value: Source) -> Target
}

/// How lanes are laid in blocks, and the way there and back from row-major `[lanes, count]`.
struct LaneLayout: Hashable, Sendable {
    let lanes: Int
    /// Places of a block.
    let width: Int
    /// Places that each lane has, next to each other.
    let copies: Int
    /// Places that a full block uses.
    let filled: Int
    let blocks: Int

    /// - Parameter blocks: nil for as many as the lanes need.
    init(lanes: Int, width: Int, copies: Int = 1, filled: Int? = nil, blocks: Int? = nil) {
        let filled = filled ?? width
        self.lanes = lanes
        self.width = width
        self.copies = copies
        self.filled = filled
        self.blocks = blocks ?? (lanes * copies + filled - 1) / filled
    }

    /// Places that a block uses.
    func filled(_ block: Int) -> Int { max(min(filled, lanes * copies - block * filled), 0) }

    /// Fills all places of the blocks, on all cores; those that no lane has with zeros.
    ///
    /// - Parameter values: row-major, of all lanes.
    @inline(__always)
    func place<Change: Conversion>(
        _ change: Change.Type, _ values: UnsafeBufferPointer<Change.Source>, count: Int, in base: UnsafeMutablePointer<Change.Target>
    ) {
        guard values.count >= lanes * count, let source = values.baseAddress else { return }
        forEachRun(count) { block, places in
            let first = block * filled
            let used = places.clamped(to: 0..<filled(block))
            for element in 0..<count {
                let target = base + (block * count + element) * width
                if copies == 1 {
                    for place in used { target[place] = Change.of(source[(first + place) * count + element]) }
                } else {
                    for place in used { target[place] = Change.of(source[(first + place) / copies * count + element]) }
                }
                for place in max(used.upperBound, places.lowerBound)..<max(used.upperBound, places.upperBound) { target[place] = 0 }
            }
        }
    }

    /// Row-major, read on all cores.
    @inline(__always)
    func values<Change: Conversion>(_ change: Change.Type, count: Int, from base: UnsafePointer<Change.Source>) -> [Change.Target] {
        [Change.Target](unsafeUninitializedCapacity: lanes * count) { values, initialized in
            initialized = lanes * count
            guard let target = values.baseAddress else { return }
            forEachRun(count) { block, places in
                let first = block * filled
                let used = places.clamped(to: 0..<filled(block))
                for element in 0..<count {
                    let source = base + (block * count + element) * width
                    if copies == 1 {
                        for place in used { target[(first + place) * count + element] = Change.of(source[place]) }
                    } else {
                        for place in used { target[(first + place) / copies * count + element] = Change.of(source[place]) }
                    }
                }
            }
        }
    }

    /// Copies some lanes of another array of this count, which is laid likewise but for the number of lanes.
    ///
    /// - Parameter pairs: from lane to lane.
    func copy<Element: BitwiseCopyable>(
        _ pairs: [(from: Int, to: Int)], count: Int, from source: UnsafePointer<Element>, _ other: LaneLayout,
        to target: UnsafeMutablePointer<Element>
    ) {
        for (from, to) in pairs {
            for copy in 0..<copies {
                let (fromPlace, toPlace) = (from * copies + copy, to * copies + copy)
                for element in 0..<count {
                    target[(toPlace / filled * count + element) * width + toPlace % filled] =
                        source[(fromPlace / other.filled * count + element) * other.width + fromPlace % other.filled]
                }
            }
        }
    }

    /// Whether an element of any lane is zero.
    func hasZero(_ element: Int, count: Int, in base: UnsafePointer<Int32>) -> Bool {
        (0..<blocks).contains { block in
            let places = base + (block * count + element) * width
            return (0..<filled(block)).contains { places[$0] == 0 }
        }
    }

    /// Calls `body` with runs of places of a block, which are all places of all blocks together, on all cores. A run is
    /// short enough that the rows of its lanes stay in a core's cache while it goes through their elements.
    @inline(__always)
    private func forEachRun(_ count: Int, _ body: (_ block: Int, _ places: Range<Int>) -> Void) {
        let span = max(64, AllCores.grain / max(count, 1))
        if width <= span {
            let together = span / max(width, 1)
            AllCores.run((blocks + together - 1) / together) { part in
                for block in (part * together)..<min((part + 1) * together, blocks) { body(block, 0..<width) }
            }
        } else {
            let runs = (width + span - 1) / span
            AllCores.run(blocks * runs) { part in
                let first = part % runs * span
                body(part / runs, first..<min(first + span, width))
            }
        }
    }
}
