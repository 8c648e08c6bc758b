import LockstepTensor

/// One array per lane, on the host: row-major `[lanes, count]`, in the element type that the device works in. What a
/// device returned is brought into that order when it is first looked at.
package struct LaneArray: Sendable {
    package typealias Elements = Numbers

    package let lanes: Int
    /// Elements of one lane.
    package let count: Int
    package var elements: Elements { deferred.value }
    private let deferred: Deferred<Elements>

    package init(lanes: Int, count: Int, elements: Elements) {
        self.init(lanes: lanes, count: count, Deferred(value: elements))
    }

    package init(lanes: Int, count: Int, _ elements: Deferred<Elements>) {
        self.lanes = lanes
        self.count = count
        deferred = elements
    }

    /// An array that is computed from this one when it is first looked at.
    private func deferring(lanes: Int, count: Int, _ make: @escaping @Sendable (LaneArray) -> Elements) -> LaneArray {
        LaneArray(lanes: lanes, count: count, Deferred { make(self) })
    }

    package subscript(lane: Int, element: Int) -> Double { elements[lane * count + element] }

    /// One element of all lanes.
    package func element(_ element: Int) -> [Double] {
        func column<T>(_ values: [T], _ convert: (T) -> Double) -> [Double] {
            stride(from: element, to: lanes * count, by: count).map { convert(values[$0]) }
        }
        return switch elements {
        case .float(let values): column(values) { Double($0) }
        case .double(let values): column(values) { $0 }
        case .int(let values): column(values) { Double($0) }
        }
    }

    /// One element of all lanes, as an array.
    package func column(_ element: Int) -> LaneArray {
        guard count > 1 else { return self }
        return deferring(lanes: lanes, count: 1) { array in
            func column<T>(_ values: [T]) -> [T] { stride(from: element, to: array.lanes * array.count, by: array.count).map { values[$0] } }
            return switch array.elements {
            case .float(let values): .float(column(values))
            case .double(let values): .double(column(values))
            case .int(let values): .int(column(values))
            }
        }
    }

    /// Arrays of one element each side by side; of the type of the first.
    package init(columns: [LaneArray]) {
        let lanes = columns.first?.lanes ?? 0
        func joined<T>(_ values: [[T]]) -> [T] {
            guard values.allSatisfy({ $0.count == lanes }) else { return [] }
            return (0..<lanes).flatMap { lane in values.map { $0[lane] } }
        }
        let elements: Elements =
            switch columns.first?.elements {
            case .float: .float(joined(columns.compactMap { if case .float(let values) = $0.elements { values } else { nil } }))
            case .double: .double(joined(columns.compactMap { if case .double(let values) = $0.elements { values } else { nil } }))
            case .int, nil: .int(joined(columns.compactMap { if case .int(let values) = $0.elements { values } else { nil } }))
            }
        self.init(lanes: lanes, count: columns.count, elements: elements)
    }

    /// The values of one lane.
    package func lane(_ lane: Int) -> [Double] {
        let elements = elements
        return (0..<count).map { elements[lane * count + $0] }
    }

    /// The arrays of some lanes, in the given order.
    package func lanes(_ chosen: [Int]) -> LaneArray {
        deferring(lanes: chosen.count, count: count) { $0.elements.runs(chosen, count: $0.count) }
    }

    /// This array with lane `chosen[i]` replaced by lane i of `other`, which has the same count and type.
    package func replacing(_ chosen: [Int], with other: LaneArray) -> LaneArray {
        func put<T>(_ values: [T], _ new: [T]) -> [T] {
            var result = values
            for (place, lane) in chosen.enumerated() {
                result.replaceSubrange((lane * count)..<((lane + 1) * count), with: new[(place * count)..<((place + 1) * count)])
            }
            return result
        }
        let mixed: Elements =
            switch (elements, other.elements) {
            case (.float(let a), .float(let b)): .float(put(a, b))
            case (.double(let a), .double(let b)): .double(put(a, b))
            case (.int(let a), .int(let b)): .int(put(a, b))
            default: elements
            }
        return LaneArray(lanes: lanes, count: count, elements: mixed)
    }

    /// The lanes of this array followed by those of another of the same count and type.
    package func appending(_ other: LaneArray) -> LaneArray {
        LaneArray(
            lanes: lanes + other.lanes, count: count,
            Deferred { [self] in
                switch (elements, other.elements) {
                case (.float(let a), .float(let b)): .float(a + b)
                case (.double(let a), .double(let b)): .double(a + b)
                case (.int(let a), .int(let b)): .int(a + b)
                default: elements
                }
            })
    }

    /// These elements, in their order, as arrays of another length.
    package func reshaped(lanes: Int, count: Int) -> LaneArray { LaneArray(lanes: lanes, count: count, deferred) }

    /// All elements, row-major.
    package var values: [Double] { elements.doubles }
}
