import LockstepTensor
import TestSupport
import Testing

/// Parts of a tensor by index, against the same parts of nested arrays.
@Suite struct SliceTests {
    /// Element (i, j, k) is 100 i + 10 j + k.
    static let cube: Tensor = {
        let numbers: [Double] = Indices.all([2, 3, 4]).map { index in Double(100 * index[0] + 10 * index[1] + index[2]) }
        return Tensor(numbers, shape: [2, 3, 4])
    }()
    /// Three rows of four, from a first number on.
    static func rows(_ first: Int) -> [Double] { Indices.all([3, 4]).map { Double(first + 10 * $0[0] + $0[1]) } }
    static let line = Tensor([0, 1, 2, 3, 4, 5])

    static func expect(_ part: Tensor, _ shape: Shape, _ wanted: [Double], _ place: SourceLocation = #_sourceLocation) throws {
        #expect(part.failure == nil && part.shape == shape, "\(part.shape) \(part.failure?.description ?? "")", sourceLocation: place)
        #expect(try ReferenceEvaluator.evaluate(part) == wanted, sourceLocation: place)
    }

    @Test func oneAxis() throws {
        try Self.expect(Self.line[1..<5], [4], [1, 2, 3, 4])
        try Self.expect(Self.line[1...3], [3], [1, 2, 3])
        try Self.expect(Self.line[4...], [2], [4, 5])
        try Self.expect(Self.line[..<2], [2], [0, 1])
        try Self.expect(Self.line[...2], [3], [0, 1, 2])
        try Self.expect(Self.line[-1], [], [5])
        try Self.expect(Self.line[(-2)...], [2], [4, 5])
        try Self.expect(Self.line[..<(-4)], [2], [0, 1])
        try Self.expect(Self.line[...(-5)], [2], [0, 1])
        try Self.expect(Self.line[-3 ..< -1], [2], [3, 4])
        try Self.expect(Self.line[-3 ... -1], [3], [3, 4, 5])
        try Self.expect(Self.line[2..<2], [0], [])
        try Self.expect(Self.line[6...], [0], [])
        try Self.expect(Self.line[...], [6], [0, 1, 2, 3, 4, 5])
        #expect(Self.line[...].id == Self.line.id)
    }

    @Test func severalAxes() throws {
        try Self.expect(Self.cube[1, 2, 3], [], [123])
        try Self.expect(Self.cube[-1, -1, -1], [], [123])
        try Self.expect(Self.cube[0, 1], [4], [10, 11, 12, 13])
        try Self.expect(Self.cube[1, 1..., ..<2], [2, 2], [110, 111, 120, 121])
        try Self.expect(Self.cube[0..., 0, 1...2], [2, 2], [1, 2, 101, 102])
        try Self.expect(Self.cube[0..., 0..., 0], [2, 3], [0, 10, 20, 100, 110, 120])
        try Self.expect(Self.cube[1...], [1, 3, 4], Self.rows(100))
    }

    @Test func ellipses() throws {
        try Self.expect(Self.cube[..., 0], [2, 3], [0, 10, 20, 100, 110, 120])
        try Self.expect(Self.cube[..., 1, 0], [2], [10, 110])
        try Self.expect(Self.cube[1, ...], [3, 4], Self.rows(100))
        try Self.expect(Self.cube[1, ..., 3], [3], [103, 113, 123])
        try Self.expect(Self.cube[1, 2, 3, ...], [], [123])
        try Self.expect(Self.cube[1, 2, ...], [4], [120, 121, 122, 123])
        // More than one: an axis each.
        try Self.expect(Self.cube[..., ..., 0], [2, 3], [0, 10, 20, 100, 110, 120])
        try Self.expect(Self.cube[..., 0, ...], [2, 4], [0, 1, 2, 3, 100, 101, 102, 103])
        try Self.expect(Self.cube[0, ..., ...], [3, 4], Self.rows(0))
        #expect(Self.cube[..., ..., ...].id == Self.cube.id)
    }

    @Test func newAxes() throws {
        #expect(Self.cube[newAxis].shape == [1, 2, 3, 4])
        #expect(Self.cube[..., newAxis].shape == [2, 3, 4, 1])
        #expect(Self.cube[0, newAxis, 1...].shape == [1, 2, 4])
        #expect(Self.line[newAxis, ...].shape == [1, 6] && Self.line[..., newAxis].shape == [6, 1])
    }

    @Test func indicesByTensorsRemainGathers() throws {
        try Self.expect(Self.line[Tensor(integers: [3, 3, 0])], [3], [3, 3, 0])
    }

    @Test func mistakesNameTheAxis() {
        #expect(Self.cube[0, 3].failure?.description == "subscript of shapes [2, 3, 4]: 3 is not within axis 1, which has 3 elements")
        #expect(Self.cube[..., 2...9].failure?.description == "subscript of shapes [2, 3, 4]: 2...9 is not within axis 2, which has 4 elements")
        #expect(Self.cube[..., ..<(-5)].failure?.description.contains("..<-5 is not within axis 2") == true)
        #expect(Self.cube[0, 0, 0, 0].failure?.description == "subscript of shapes [2, 3, 4]: there are indices for 4 axes, and it has 3")
        #expect(Self.line[6].failure != nil && Self.line[-7].failure != nil && Self.line[7...].failure != nil)
    }
}
