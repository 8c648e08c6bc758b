import Foundation
import LockstepTensor
import TestSupport
import Testing

/// Fourier transforms: against NumPy, and what they have to be.
@Suite struct FourierTests {
    typealias Goldens = DecompositionGoldens

    static func both(_ x: Tensor) -> [Tensor] {
        let (re, im) = fft(x)
        return [re, im]
    }

    @Test func isNumPys() throws {
        for golden in try Goldens.load().vectors {
            let found = try ReferenceEvaluator.evaluate(Self.both(Tensor(golden.x)))
            #expect(Goldens.worst(found[0], golden.forwardRe) < 5e-15 && Goldens.worst(found[1], golden.forwardIm) < 5e-15, "\(golden.x.count)")
            let back = inverseFFT(Tensor(golden.re), Tensor(golden.im), count: golden.x.count)
            #expect(Goldens.worst(try ReferenceEvaluator.evaluate(back), golden.inverse) < 5e-15, "\(golden.x.count)")
        }
    }

    @Test(arguments: [false, true]) func programsAreNumPys(_ isFloat: Bool) throws {
        let allowed = isFloat ? 2e-6 : 5e-15
        for golden in try Goldens.load().vectors {
            let found = try DecompositionCases.interpreted(golden.x, [golden.x.count], isFloat: isFloat, Self.both)
            #expect(Goldens.worst(found[0], golden.forwardRe) < allowed && Goldens.worst(found[1], golden.forwardIm) < allowed, "\(golden.x.count)")
            let back = try DecompositionCases.interpreted(golden.re + golden.im, [2, golden.re.count], isFloat: isFloat) {
                [inverseFFT($0[0], $0[1], count: golden.x.count)]
            }
            #expect(Goldens.worst(back[0], golden.inverse) < allowed, "\(golden.x.count)")
        }
    }

    /// Of each length the sums themselves, and there and back.
    @Test(arguments: 1...40) func isTheSum(_ n: Int) throws {
        let x = (0..<n).map { (place: Int) -> Double in Double((place * 7 + 3) % 11) - 4.5 }
        let found = try ReferenceEvaluator.evaluate(Self.both(Tensor(x)))
        func sum(_ k: Int, _ part: (Double) -> Double) -> Double {
            x.enumerated().reduce(0) { $0 + $1.element * part(-2 * .pi * Double($1.offset * k % n) / Double(n)) }
        }
        #expect(Goldens.worst(found[0], (0...(n / 2)).map { sum($0, cos) }) < 1e-14)
        #expect(Goldens.worst(found[1], (0...(n / 2)).map { sum($0, sin) }) < 1e-14)
        let (re, im) = fft(Tensor(x))
        let back = try ReferenceEvaluator.evaluate(inverseFFT(re, im, count: n))
        #expect(Goldens.worst(back, x) < 1e-15)
    }

    @Test func shapes() throws {
        let x = Tensor.named("x", [2, 3, 6])
        let (re, im) = fft(x)
        #expect(re.shape == [2, 3, 4] && im.shape == [2, 3, 4] && inverseFFT(re, im).shape == [2, 3, 6])
        #expect(inverseFFT(re, im, count: 7).shape == [2, 3, 7])
        let numbers = (0..<36).map { sin(Double($0 * $0)) }
        let found = try ReferenceEvaluator.evaluate([re, im], inputs: ["x": numbers])
        for row in 0..<6 {
            let alone = try ReferenceEvaluator.evaluate(Self.both(Tensor(Array(numbers[(6 * row)..<(6 * row + 6)]))))
            for part in 0..<2 { #expect(Goldens.worst(Array(found[part][(4 * row)..<(4 * row + 4)]), alone[part]) < 1e-15) }
        }
        #expect(try ReferenceEvaluator.evaluate(Self.both(Tensor(integers: [1, 2, 3, 4]))) == [[10, -2, -2], [0, 2, 0]])
        #expect(try ReferenceEvaluator.evaluate(Self.both(Tensor([true, false]))) == [[1, 1], [0, 0]])
        #expect(Self.both(Tensor([], shape: [0, 8])).map(\.shape) == [[0, 5], [0, 5]])
        #expect(inverseFFT(Tensor([], shape: [0, 5]), Tensor([], shape: [0, 5])).shape == [0, 8])
    }

    /// The imaginary parts that are zero for real vectors are not read.
    @Test func endsAreReal() throws {
        let re: Tensor = [1, 2, 3], im: Tensor = [.nan, 0.5, .infinity]
        #expect(try ReferenceEvaluator.evaluate(inverseFFT(re, im)).allSatisfy(\.isFinite))
        #expect(try ReferenceEvaluator.evaluate(inverseFFT(re, [.nan, 0.5, 0.25], count: 5)).allSatisfy(\.isFinite))
        #expect(try ReferenceEvaluator.evaluate(inverseFFT([3], [.nan], count: 1)) == [3])
    }

    @Test func whatIsNoNumber() throws {
        for bad in [Double.nan, .infinity] {
            for n in [2, 5, 8, 12] {
                let x = Tensor([bad] + [Double](repeating: 1, count: n - 1))
                let found = try ReferenceEvaluator.evaluate(Self.both(.stack([x, Tensor(repeating: 0, shape: [n])])))
                #expect(found[0][...(n / 2)].allSatisfy { !$0.isFinite } && found[0][(n / 2 + 1)...].allSatisfy { $0 == 0 })
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4, 6, 8, 9, 12]) func gradients(_ n: Int) throws {
        let numbers = (0..<(2 * n)).map { cos(Double(3 * $0 * $0)) }
        let x = Tensor.named("x", [2, n]), u = Tensor.named("u", [n / 2 + 1]), v = Tensor.named("v", [n / 2 + 1])
        let (re, im) = fft(x)
        let power = log(onePlus: re * re + im * im)
        let back = inverseFFT(u, v, count: n) * inverseFFT(re, im, count: n)
        for value in [re + 2 * im, power, back] {
            let point = ["x": numbers, "u": Array(numbers[..<(n / 2 + 1)]), "v": Array(numbers[(n - n / 2 - 1)..<n])]
            let first = try FiniteDifferences.check(value.weightedSum, withRespectTo: [x, u, v], at: point)
            #expect(first.worst < 1e-7, "\(first)")
            let slope = Gradient.of(value.weightedSum, withRespectTo: [x])[0]
            let second = try FiniteDifferences.check(slope.weightedSum, withRespectTo: [x, u, v], at: point)
            #expect(second.worst < 1e-6, "second derivative: \(second)")
        }
    }

    /// Stages, not elements.
    @Test func sizeGrowsWithTheStages() {
        func size(_ n: Int) -> Int { Graph.topologicalOrder(Self.both(.named("x", [n]))).count }
        #expect(size(1024) - size(512) == size(512) - size(256))
        #expect(size(1024) < 400)
    }

    @Test func mistakesAreSaid() {
        func reason(_ tensor: Tensor) -> String { tensor.failure?.description ?? "none" }
        let x = Tensor.named("x", [2, 4]), failed = Tensor.failed(TensorError("test", [], "of its own"))
        for bad in [Tensor.named("s"), Tensor([]), Tensor([], shape: [3, 0])] {
            for part in Self.both(bad) { #expect(reason(part).contains("fft") && reason(part).contains("vectors are needed")) }
        }
        for n in [67, 134, 365] { #expect(Self.both(.named("x", [n])).allSatisfy { reason($0).contains("\(n) has the prime factor") }) }
        #expect(Self.both(.named("x", [61 * 61 * 8])).allSatisfy { $0.failure == nil })
        #expect(reason(fft(.named("x", [131_072])).re).contains("up to 65536 elements"))
        #expect(reason(inverseFFT(.named("x", [1 << 30]), .named("y", [1 << 30]))).contains("up to 65536 elements"))
        #expect(reason(inverseFFT(x, x[0])).contains("of one shape"))
        #expect(reason(inverseFFT(.named("s"), .named("t"))).contains("of one shape"))
        #expect(reason(inverseFFT(x, x, count: 5)).contains("4 elements are not the transform of a vector of 5"))
        for count in [0, -1, 8, .max, .min] { #expect(reason(inverseFFT(x, x, count: count)).contains("4 elements are not the transform")) }
        #expect(reason(inverseFFT([1], [0])).contains("not the transform of a vector of 0"))
        #expect(reason(inverseFFT(.named("x", [68]), .named("y", [68]))).contains("134 has the prime factor 67"))
        #expect(Self.both(failed).allSatisfy { $0.failure == failed.failure })
        #expect(inverseFFT(failed, x).failure == failed.failure && inverseFFT(x, failed, count: 9).failure == failed.failure)
    }
}
