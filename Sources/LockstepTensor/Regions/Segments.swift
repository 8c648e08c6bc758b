/// A recurrence of many steps as one over segments of steps, each of which is a recurrence of its own.
///
/// The gradient of a recurrence reads what was carried before each step: the tape. Of the nested form it is that before each segment and,
/// while the gradient goes back through a segment, before each of its steps, which are computed once more: about 2 sqrt(steps) rows instead
/// of one for each step, for one more run of the steps (Griewank and Walther, Evaluating Derivatives, 2nd ed., chapter 12, of two levels).
/// Steps are the same operations in the same order, so what they come to is the same to the bit; derivatives with respect to what is
/// captured are sums over segments of sums, and differ by rounding.
///
/// Outputs that are read step by step are kept for all steps, as they are beside a tape: long recurrences should carry on sums.
package struct Segments: Hashable, Sendable {
    /// Bytes of a lane's tape, of reals in single precision, from which on steps are taken in segments: 4,096 lanes with one of 1 MiB each
    /// fill 4 GiB, about what a device has to spare.
    package static let tapeBudget = 1 << 20

    package let count: Int
    /// Steps of each.
    package let length: Int
    /// Steps at the end of the rows that fill no segment.
    package let rest: Int

    /// - Parameters:
    ///   - elements: how many are carried.
    ///   - budget: bytes that the tape may take.
    /// - Returns: nil where it does not take more, or the steps are too few.
    package init?(steps: Int, elements: Int, budget: Int) {
        guard steps >= 4, elements > 0, steps > budget / (4 * elements) else { return nil }
        let root = Int(Double(steps).squareRoot())
        // Without a rest where there is a length for that which is not far from the best.
        let even = (max(2, (root + 1) / 2)...min(2 * root, steps / 2)).filter { steps % $0 == 0 }
        length = even.min { $0 + steps / $0 < $1 + steps / $1 } ?? root
        count = steps / length
        rest = steps % length
    }

    /// - Parameter step: that of the recurrence, as `scan(over:from:isReversed:_:)` takes it.
    func result(
        over rows: [Tensor], from carries: [Tensor], isReversed: Bool, _ step: @escaping ([Tensor], [Tensor]) -> ([Tensor], [Tensor])
    ) -> ScanResult {
        let most = count * length
        func steps(_ rows: [Tensor], _ carries: [Tensor]) -> ScanResult {
            Recurrence(rows, carries, isReversed: isReversed, tapeBudget: .max, step).result
        }
        func segments(_ carries: [Tensor]) -> ScanResult {
            let blocks = rows.map { $0.slice(axis: 0, 0..<most).reshape([count, length] + $0.shape.dropFirst()) }
            let result = Recurrence(blocks, carries, isReversed: isReversed, tapeBudget: .max) { carries, blocks in
                let inner = steps(blocks, carries)
                return (inner.carries, inner.outputs)
            }.result
            return ScanResult(carries: result.carries, outputs: result.outputs.map { $0.reshape([most] + $0.shape.dropFirst(2)) })
        }
        if rest == 0 { return segments(carries) }
        func others(_ carries: [Tensor]) -> ScanResult { steps(rows.map { $0.slice(axis: 0, most..<(most + rest)) }, carries) }
        let first = isReversed ? others(carries) : segments(carries)
        let second = isReversed ? segments(first.carries) : others(first.carries)
        let (early, late) = isReversed ? (second, first) : (first, second)
        return ScanResult(carries: second.carries, outputs: zip(early.outputs, late.outputs).map { .concatenate([$0, $1]) })
    }
}
