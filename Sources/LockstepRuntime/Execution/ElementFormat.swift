/// What the elements of a device's arrays are.
enum ElementFormat: Hashable, Sendable {
    case float, double, int
    /// 1 where a mask is true.
    case mask
    /// All bits where a mask is true, in an integer as wide as a real.
    case wideMask, longMask

    var bytes: Int {
        switch self {
        case .float, .int, .mask, .wideMask: 4
        case .double, .longMask: 8
        }
    }
}

// MARK: Conversions

private enum Same<T: BitwiseCopyable & ExpressibleByIntegerLiteral>: Conversion {
    @inline(__always) static func of(_ value: T) -> T { value }
}

private enum ToFloat<T: Number>: Conversion {
    @inline(__always) static func of(_ value: T) -> Float { value.asFloat }
}

private enum ToDouble<T: Number>: Conversion {
    @inline(__always) static func of(_ value: T) -> Double { value.asDouble }
}

private enum ToInt<T: Number>: Conversion {
    @inline(__always) static func of(_ value: T) -> Int32 { Int32(saturating: value.asDouble) }
}

private enum ToMask<T: Number>: Conversion {
    @inline(__always) static func of(_ value: T) -> Int32 { Int32(saturating: value.asDouble) != 0 ? 1 : 0 }
}

private enum ToWideMask<T: Number>: Conversion {
    @inline(__always) static func of(_ value: T) -> Int32 { Int32(saturating: value.asDouble) != 0 ? -1 : 0 }
}

private enum ToLongMask<T: Number>: Conversion {
    @inline(__always) static func of(_ value: T) -> Int64 { Int32(saturating: value.asDouble) != 0 ? -1 : 0 }
}

private enum FromMask<T: FixedWidthInteger & BitwiseCopyable>: Conversion {
    @inline(__always) static func of(_ value: T) -> Int32 { value != 0 ? 1 : 0 }
}

private protocol Number: BitwiseCopyable {
    var asFloat: Float { get }
    var asDouble: Double { get }
}

extension Float: Number {
    fileprivate var asFloat: Float { self }
    fileprivate var asDouble: Double { Double(self) }
}

extension Double: Number {
    fileprivate var asFloat: Float { Float(self) }
    fileprivate var asDouble: Double { self }
}

extension Int32: Number {
    fileprivate var asFloat: Float { Float(self) }
    fileprivate var asDouble: Double { Double(self) }
}

// MARK: There and back

extension LaneLayout {
    /// Fills all places of the blocks at an address with numbers, row-major, of all lanes.
    func place(_ numbers: Numbers, count: Int, as format: ElementFormat, in address: UnsafeMutableRawPointer) {
        switch numbers {
        case .double(let values): values.withUnsafeBufferPointer { place($0, count, format, address) }
        case .float(let values): values.withUnsafeBufferPointer { place($0, count, format, address) }
        case .int(let values): values.withUnsafeBufferPointer { place($0, count, format, address) }
        }
    }

    /// Fills the places of the blocks at an address with rows; see `place(_:_:_:count:together:in:)`.
    func place(_ rows: LaneRows, count: Int, together: Int?, as format: ElementFormat, in address: UnsafeMutableRawPointer) {
        switch rows.values {
        case .double(let values): values.withUnsafeBufferPointer { place($0, rows, count, together, format, address) }
        case .float(let values): values.withUnsafeBufferPointer { place($0, rows, count, together, format, address) }
        case .int(let values): values.withUnsafeBufferPointer { place($0, rows, count, together, format, address) }
        }
    }

    @inline(__always)
    private func place<T: Number>(
        _ values: UnsafeBufferPointer<T>, _ rows: LaneRows, _ count: Int, _ together: Int?, _ format: ElementFormat,
        _ address: UnsafeMutableRawPointer
    ) {
        func at<Target>(_ type: Target.Type) -> UnsafeMutablePointer<Target> { address.assumingMemoryBound(to: Target.self) }
        switch format {
        case .float: place(ToFloat<T>.self, values, rows, count: count, together: together, in: at(Float.self))
        case .double: place(ToDouble<T>.self, values, rows, count: count, together: together, in: at(Double.self))
        case .int: place(ToInt<T>.self, values, rows, count: count, together: together, in: at(Int32.self))
        case .mask: place(ToMask<T>.self, values, rows, count: count, together: together, in: at(Int32.self))
        case .wideMask: place(ToWideMask<T>.self, values, rows, count: count, together: together, in: at(Int32.self))
        case .longMask: place(ToLongMask<T>.self, values, rows, count: count, together: together, in: at(Int64.self))
        }
    }

    @inline(__always)
    private func place<T: Number>(
        _ values: UnsafeBufferPointer<T>, _ count: Int, _ format: ElementFormat, _ address: UnsafeMutableRawPointer
    ) {
        func at<Target>(_ type: Target.Type) -> UnsafeMutablePointer<Target> { address.assumingMemoryBound(to: Target.self) }
        switch format {
        case .float: place(ToFloat<T>.self, values, count: count, in: at(Float.self))
        case .double: place(ToDouble<T>.self, values, count: count, in: at(Double.self))
        case .int: place(ToInt<T>.self, values, count: count, in: at(Int32.self))
        case .mask: place(ToMask<T>.self, values, count: count, in: at(Int32.self))
        case .wideMask: place(ToWideMask<T>.self, values, count: count, in: at(Int32.self))
        case .longMask: place(ToLongMask<T>.self, values, count: count, in: at(Int64.self))
        }
    }

    /// Fills all places with words, row-major, of all lanes.
    func place(words: UnsafeBufferPointer<UInt32>, count: Int, in address: UnsafeMutablePointer<UInt32>) {
        place(Same<UInt32>.self, words, count: count, in: address)
    }

    /// Row-major, what a device has at an address.
    func numbers(count: Int, of format: ElementFormat, at address: UnsafeRawPointer) -> Numbers {
        func from<T>(_ type: T.Type) -> UnsafePointer<T> { address.assumingMemoryBound(to: T.self) }
        return switch format {
        case .float: .float(values(Same<Float>.self, count: count, from: from(Float.self)))
        case .double: .double(values(Same<Double>.self, count: count, from: from(Double.self)))
        case .int: .int(values(Same<Int32>.self, count: count, from: from(Int32.self)))
        case .mask, .wideMask: .int(values(FromMask<Int32>.self, count: count, from: from(Int32.self)))
        case .longMask: .int(values(FromMask<Int64>.self, count: count, from: from(Int64.self)))
        }
    }

    /// Copies some lanes of an array that is laid likewise, but for the number of lanes.
    func copy(
        _ pairs: [(from: Int, to: Int)], count: Int, of format: ElementFormat, from source: UnsafeRawPointer, _ other: LaneLayout,
        to target: UnsafeMutableRawPointer
    ) {
        if format.bytes == 4 {
            copy(pairs, count: count, from: source.assumingMemoryBound(to: Int32.self), other, to: target.assumingMemoryBound(to: Int32.self))
        } else {
            copy(pairs, count: count, from: source.assumingMemoryBound(to: Int64.self), other, to: target.assumingMemoryBound(to: Int64.self))
        }
    }
}
