import LockstepCompiler
import Testing

@Suite struct IndexExpressionTests {
    let i = IndexExpression.variable(LoopVariable(number: 0, extent: 3))
    let j = IndexExpression.variable(LoopVariable(number: 1, extent: 4))

    @Test func sumsAreCanonical() {
        let nothing = i * 2 + i * -2
        #expect(nothing == .constant(0))
        let shifted = (i + .constant(1)) * 3
        #expect(shifted == i * 3 + .constant(3))
    }

    @Test func quotientsOfWholePartsVanish() {
        let (quotient, remainder) = (i * 4 + j).quotientAndRemainder(dividingBy: 4)
        #expect(quotient == i)
        #expect(remainder == j)
    }

    @Test func unflatThenFlatIsTheIdentity() {
        let k = IndexExpression.variable(LoopVariable(number: 2, extent: 12))
        #expect(IndexExpression.flat(IndexExpression.unflat(k, [3, 4]), [3, 4]) == k)
        #expect(IndexExpression.unflat(.flat([i, j], [3, 4]), [3, 4]) == [i, j])
    }

    @Test func loopsOfOneIterationAreConstants() {
        #expect(IndexExpression.variable(LoopVariable(number: 7, extent: 1)) == .constant(0))
    }
}
