// Arrays that several lanes have, stored once.

extension LaneData {
    /// The same arrays for other lanes; what all lanes share stays as it is.
    ///
    /// Numbers that were given without lengths or a shape are one for each lane where a model states no shape.
    ///
    /// - Parameter places: for each lane, which of the arrays it has. A place where there is none is an error of the run.
    package func taken(_ places: [Int]) -> LaneData {
        if isShared { return self }
        var taken = self
        if let source {
            if let other = places.first(where: { !source.indices.contains($0) }) { return with(Self.nothing(at: other, of: source.count)) }
            taken.source = places.map { source[$0] }
        } else {
            taken.source = places
        }
        if let count = arrays, let other = taken.source?.first(where: { !(0..<count).contains($0) }) {
            return with(Self.nothing(at: other, of: count))
        }
        return taken
    }

    private static func nothing(at place: Int, of count: Int) -> Form {
        .broken { _ in "has no array \(place); there are \(count)" }
    }

    /// How many arrays there are; nil where that depends on their shape, or all lanes share one.
    var arrays: Int? {
        if isShared { return nil }
        if let lengths { return lengths.count }
        switch form {
        case .scalar: return values.count
        case .shape(let shape): return shape.elementCount == 0 ? nil : values.count / shape.elementCount
        case .flat, .ragged, .broken: return nil
        }
    }

    /// What is known of each array, as the lanes have them.
    func byLane<Element>(_ arrays: [Element]) -> [Element] { source?.map { arrays[$0] } ?? arrays }

    /// The lanes that have an array.
    func lanes(of array: Int) -> [Int] { source.map { source in source.indices.filter { source[$0] == array } } ?? [array] }

    /// Which array a lane has.
    func place(of lane: Int) -> Int { source?[lane] ?? lane }

    /// What the owner of an array is called.
    func owner(_ place: Int) -> String {
        if let owners, owners.indices.contains(place) { return owners[place] }
        return "lane \(source?.firstIndex(of: place) ?? place)"
    }
}
