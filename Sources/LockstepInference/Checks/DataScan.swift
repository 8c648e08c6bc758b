import LockstepModel
import LockstepRuntime
import LockstepTensor

/// What one pass over the numbers of a run's data finds, before it is asked what they are used for.
struct DataScan {
    /// Real data all of whose numbers are finite, in the precision of the run.
    private(set) var finite: Set<String> = []
    /// Real data with NaN among them.
    private(set) var missing: Set<String> = []
    /// Integer data that are not whole, or out of their declared bound: the lane, nil for shared data, and a text.
    private(set) var mistakes: [(lane: Int?, error: DataError)] = []

    /// The largest magnitude below which a number is finite in a precision.
    static func limit(_ precision: Precision) -> Double {
        // Halfway from the largest single-precision number to the one that would follow.
        precision == .float ? Double(0x1.ffffffp127).nextDown : .greatestFiniteMagnitude
    }

    init(_ binding: DataBinding, precision: Precision) {
        let limit = Self.limit(precision)
        for declaration in binding.declarations {
            guard let given = binding.data[declaration.name] else { continue }
            if declaration.dtype == .int {
                scan(declaration, given)
            } else if Self.areWithin(limit, given.values) {
                finite.insert(declaration.name)
            } else if given.values.hasNaN {
                missing.insert(declaration.name)
            }
        }
    }

    private static func areWithin(_ limit: Double, _ values: Numbers) -> Bool {
        switch values {
        case .double(let values): areAllWithin(limit, values)
        // In double precision, a float is finite where it is at all.
        case .float(let values): areAllWithin(Float.greatestFiniteMagnitude, values)
        case .int: true
        }
    }

    /// Data may be millions of numbers, so this is a plain loop of plain comparisons, without a way out.
    @_specialize(where Real == Double)
    @_specialize(where Real == Float)
    private static func areAllWithin<Real: BinaryFloatingPoint>(_ limit: Real, _ values: [Real]) -> Bool {
        values.withUnsafeBufferPointer { values in
            var outside: Int64 = 0
            // NaN fails every comparison.
            for value in values { outside &+= Swift.abs(value) <= limit ? 0 : 1 }
            return outside == 0
        }
    }

    private mutating func scan(_ declaration: DataDeclaration, _ given: LaneData) {
        let upper = declaration.bound.map(Double.init)
        func isRight(_ value: Double) -> Bool {
            guard value == value.rounded(.towardZero), Swift.abs(value) < 2_147_483_648 else { return false }
            return upper.map { value >= 0 && value < $0 } ?? true
        }
        let count = max(declaration.shape.elementCount, 1)
        var lastPlace = -1
        /// Where an array begins, and which it is.
        var own = (start: 0, place: 0)
        for (position, value) in given.values.doubles.enumerated() where !isRight(value) {
            if given.isRagged, let lengths = given.lengths {
                while position >= own.start + lengths[own.place] { own = (own.start + lengths[own.place], own.place + 1) }
            } else {
                own = (position - position % count, position / count)
            }
            guard own.place != lastPlace else { continue }
            lastPlace = own.place
            let place = given.isShared ? "at position \(position)" : "at position \(position - own.start) of \(given.owner(own.place))"
            let text: String
            if value.isNaN {
                text = "is NaN \(place), where a whole number is wanted; give any valid one where a mask excludes it"
            } else if let whole = Int(exactly: value), Swift.abs(value) < 2_147_483_648 {
                text = "is \(whole) \(place); it must lie in 0 ..< \(declaration.bound ?? 0)"
            } else {
                text = "is \(value) \(place), where a whole number is wanted"
            }
            if given.isShared {
                mistakes.append((nil, DataError(declaration.name, text)))
                return
            }
            mistakes += given.lanes(of: own.place).map { ($0, DataError(declaration.name, text)) }
        }
    }
}

extension Numbers {
    fileprivate var hasNaN: Bool {
        switch self {
        case .float(let values): values.contains(where: \.isNaN)
        case .double(let values): values.contains(where: \.isNaN)
        case .int: false
        }
    }
}
