/// How lanes are laid in blocks, and the way there and back from row-major `[lanes, count]`.
struct LaneLayout: Sendable {
    let lanes: Int
    /// Places of a block.
    let width: Int
    /// Places that each lane has, next to each other.
    var copies = 1

    var blocks: Int { (lanes * copies + width - 1) / width }

    @_specialize(where Real == Float)
    @_specialize(where Real == Double)
    func place<Real: ElementReal>(converting values: [Double], count: Int, in base: UnsafeMutablePointer<Real>) {
        move(count, upTo: values.count) { base[$1] = Real(values[$0]) }
    }

    @_specialize(where T == Float)
    @_specialize(where T == Double)
    @_specialize(where T == Int32)
    func place<T: BitwiseCopyable>(_ values: [T], count: Int, in base: UnsafeMutablePointer<T>) {
        move(count, upTo: values.count) { base[$1] = values[$0] }
    }

    @_specialize(where T == Float)
    @_specialize(where T == Double)
    @_specialize(where T == Int32)
    func values<T: BitwiseCopyable & ExpressibleByIntegerLiteral>(count: Int, from base: UnsafeMutablePointer<T>) -> [T] {
        var values = [T](repeating: 0, count: lanes * count)
        move(count, upTo: values.count) { values[$0] = base[$1] }
        return values
    }

    /// Calls `body` with each element's row-major position and its position in blocks.
    @inline(__always)
    private func move(_ count: Int, upTo limit: Int, _ body: (Int, Int) -> Void) {
        for block in 0..<blocks {
            let first = block * width
            let inBlock = min(width, lanes * copies - first)
            for element in 0..<count {
                for place in 0..<inBlock {
                    let position = (copies == 1 ? first + place : (first + place) / copies) * count + element
                    if position < limit { body(position, (block * count + element) * width + place) }
                }
            }
        }
    }
}
