import LockstepTensor
import Testing

/// Formulas of numbers without a tensor are what they are without this library, also where nothing but it is imported.
@Suite struct LiteralTests {
    @Test func formulasOfLiteralsAreNumbers() {
        let sum = 2 * 3 - 1 + 4.0
        let grouped = 0.5 * (1 + 2) / 3 - 4
        let negative = -2.0 * -(1 + 2)
        let quotient = 1 / 3 + 0.5
        let size = abs(-2.5) + 1
        let larger = max(1, 2.5) * 2
        let array = [1 + 2.0, 3]
        let pair = (1 + 2, 2 * 1.5)
        let closure = { 0.5 * 3 - 1 }
        let mapped = [1, 2.5].map { 2 * $0 - 1 }
        var counter = 1.0
        counter += 2 * 3 - 1
        let doubles = Self.types(sum, grouped, negative, quotient, size, larger, array[0], pair.1, closure(), mapped[0], counter)
        #expect(doubles.allSatisfy { $0 == Double.self }, "\(doubles)")
        #expect(sum == 9 && negative == 6 && counter == 6)

        let whole = 2 * 3 - 1 + 4
        let divided = 7 / 2 - 1
        let distance = abs(-2)
        let largest = max(1, 2) * 2
        let chosen = whole > 8 ? 1 + 2 : 3 * 4
        let total = [1, 2, 3].reduce(0) { 2 * $0 + $1 - 1 }
        let ints = Self.types(whole, divided, distance, largest, chosen, total, pair.0)
        #expect(ints.allSatisfy { $0 == Int.self }, "\(ints)")
        let isLess = 1.5 < 2 * 3
        #expect(Self.types(isLess).allSatisfy { $0 == Bool.self })
    }

    /// A tensor makes a tensor of its formula, wherever in it it stands, and of nothing else.
    @Test func formulasWithATensorAreTensors() {
        let x = Tensor(2.0)
        let n = 3
        let r = 0.5
        let last = 2 * 3 - 1 + 4.0 * x
        let first = x - 1 + 2 * 3
        let variables = n * x - r
        let grouped = 1 - r * (x + n) / 2
        let product = (1 + 2) * (x - 1)
        let long = x + 1 - 2 * x + 3 * n - r * x + x * n - 4 / x + r - x * x / 2 + n - 5 * x + 1
        let tensors = Self.types(last, first, variables, grouped, product, long)
        #expect(tensors.allSatisfy { $0 == Tensor.self }, "\(tensors)")
        let real = 2 * r + Double(n)
        let whole = n * 2 - 1
        #expect(Self.types(real, whole).map { $0 == Double.self } == [true, false])
    }

    /// Generic, so that nothing here says which type is wanted.
    private static func types<each T>(_ values: repeat each T) -> [Any.Type] {
        var types: [Any.Type] = []
        for value in repeat each values { types.append(type(of: value)) }
        return types
    }
}
