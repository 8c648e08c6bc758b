/// The operations that need no mathematics, where reals take part.
enum PlainFunctions {
    @inline(__always) static func same<R: ElementReal>(_ a: R) -> R { a }

    @inline(__always) static func negate<R: ElementReal>(_ a: R) -> R { -a }
    @inline(__always) static func add<R: ElementReal>(_ a: R, _ b: R) -> R { a + b }
    @inline(__always) static func subtract<R: ElementReal>(_ a: R, _ b: R) -> R { a - b }
    @inline(__always) static func multiply<R: ElementReal>(_ a: R, _ b: R) -> R { a * b }
    @inline(__always) static func divide<R: ElementReal>(_ a: R, _ b: R) -> R { a / b }
    @inline(__always) static func isFinite<R: ElementReal>(_ a: R) -> Int32 { a.magnitude < .infinity ? 1 : 0 }

    @inline(__always) static func less<R: ElementReal>(_ a: R, _ b: R) -> Int32 { a < b ? 1 : 0 }
    @inline(__always) static func lessOrEqual<R: ElementReal>(_ a: R, _ b: R) -> Int32 { a <= b ? 1 : 0 }
    @inline(__always) static func equal<R: ElementReal>(_ a: R, _ b: R) -> Int32 { a == b ? 1 : 0 }

    @inline(__always) static func toReal<R: ElementReal>(_ a: Int32) -> R { R(Double(a)) }

    // What stores and accumulations do to the element they meet.
    @inline(__always) static func replace<R: ElementReal>(_ old: R, _ new: R) -> R { new }
    @inline(__always) static func either<R: ElementReal>(_ a: R, _ b: R) -> R { a != 0 || b != 0 ? 1 : 0 }
}
