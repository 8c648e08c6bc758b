/// How lanes are laid in blocks, and the way there and back from row-major `[lanes, count]`.
struct LaneLayout: Sendable {
    let lanes: Int
    /// Places of a block.
    let width: Int
    /// Places that each lane has, next to each other.
    let copies: Int
    /// Places that a full block uses.
    let filled: Int

    init(lanes: Int, width: Int, copies: Int = 1, filled: Int? = nil) {
        self.lanes = lanes
        self.width = width
        self.copies = copies
        self.filled = filled ?? width
    }

    var blocks: Int { (lanes * copies + filled - 1) / filled }
    /// Places that a block uses.
    func filled(_ block: Int) -> Int { min(filled, lanes * copies - block * filled) }

    @_specialize(where Real == Float)
    @_specialize(where Real == Double)
    func place<Real: ElementReal>(converting values: [Double], count: Int, in base: UnsafeMutablePointer<Real>) {
        values.withUnsafeBufferPointer { values in move(count, upTo: values.count) { base[$1] = Real(values[$0]) } }
    }

    @_specialize(where T == Float)
    @_specialize(where T == Double)
    @_specialize(where T == Int32)
    func place<T: BitwiseCopyable>(_ values: [T], count: Int, in base: UnsafeMutablePointer<T>) {
        values.withUnsafeBufferPointer { values in move(count, upTo: values.count) { base[$1] = values[$0] } }
    }

    @_specialize(where T == Float)
    @_specialize(where T == Double)
    @_specialize(where T == Int32)
    func values<T: BitwiseCopyable & ExpressibleByIntegerLiteral>(count: Int, from base: UnsafeMutablePointer<T>) -> [T] {
        var values = [T](repeating: 0, count: lanes * count)
        values.withUnsafeMutableBufferPointer { values in move(count, upTo: values.count) { values[$0] = base[$1] } }
        return values
    }

    /// Calls `body` with each element's row-major position and its position in blocks.
    @inline(__always)
    private func move(_ count: Int, upTo limit: Int, _ body: (Int, Int) -> Void) {
        for block in 0..<blocks {
            let first = block * filled
            let filled = filled(block)
            // Nearly all blocks: no division, and no value is missing.
            let isPlain = copies == 1 && (first + filled) * count <= limit
            for element in 0..<count {
                let target = (block * count + element) * width
                if isPlain {
                    for place in 0..<filled { body((first + place) * count + element, target + place) }
                } else {
                    for place in 0..<filled {
                        let position = (first + place) / copies * count + element
                        if position < limit { body(position, target + place) }
                    }
                }
            }
        }
    }
}
