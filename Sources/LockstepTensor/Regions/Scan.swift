/// What a recurrence comes to.
public struct ScanResult: Sendable {
    /// What is carried after the last step, in the order of what was carried into the first.
    public let carries: [Tensor]
    /// What the steps return beside it, with time as their first axis.
    public let outputs: [Tensor]

    package init(carries: [Tensor], outputs: [Tensor]) { (self.carries, self.outputs) = (carries, outputs) }
}

/// A recurrence: one step after the other, each of which gets what the one before carried on.
///
/// The steps are a loop of the kernel, however many there are; gradients are a loop back over them. It reads what was carried before each
/// step; where that would be more than 1 MiB a lane, of only about every sqrt(steps)-th, and the steps between are computed once more.
///
/// ```swift
/// // s[t] = omega + alpha * y[t - 1]^2 + beta * s[t - 1]
/// let variances = scan(over: y[..<(-1)], from: initial) { s, y in
///     let next = omega + alpha * y * y + beta * s
///     return (next, next)
/// }.outputs
/// ```
///
/// - Parameters:
///   - rows: what each step gets one row of: tensors `[steps] + rest`, alike in their first axis. At least one: for steps that get nothing,
///     `Tensor.iota(steps)`.
///   - carries: what the first step gets. Shapes and types stay the same from step to step; ints and masks become reals where a step
///     carries on a real.
///   - isReversed: whether the last row comes first; outputs stand in the places of their rows.
///   - step: gets what is carried and rows, and returns what is carried on and a row of each output. It is called with stand-ins,
///     once, or twice where ints or masks become reals.
///     Draws in it are the same in each step: draw for all of them, with time as an axis, and pass rows.
/// - Returns: tensors that carry a mistake where shapes do not fit.
public func scan(
    over rows: [Tensor], from carries: [Tensor], isReversed: Bool = false, _ step: (_ carries: [Tensor], _ rows: [Tensor]) -> ([Tensor], [Tensor])
) -> ScanResult {
    Recurrence(rows, carries, isReversed: isReversed, step).result
}

/// `scan(over:from:isReversed:_:)` with a budget of the caller's; see `Segments`.
package func scan(
    over rows: [Tensor], from carries: [Tensor], isReversed: Bool = false, tapeBudget: Int,
    _ step: (_ carries: [Tensor], _ rows: [Tensor]) -> ([Tensor], [Tensor])
) -> ScanResult {
    Recurrence(rows, carries, isReversed: isReversed, tapeBudget: tapeBudget, step).result
}

/// A recurrence that carries one tensor and goes over the rows of one; see `scan(over:from:isReversed:_:)`.
public func scan(
    over rows: Tensor, from carry: Tensor, isReversed: Bool = false, _ step: (_ carry: Tensor, _ row: Tensor) -> (Tensor, Tensor)
) -> (carry: Tensor, outputs: Tensor) {
    let result = scan(over: [rows], from: [carry], isReversed: isReversed) { carries, rows in
        let (next, output) = step(carries[0], rows[0])
        return ([next], [output])
    }
    return (result.carries[0], result.outputs[0])
}

/// What a recurrence carries in the end; see `scan(over:from:isReversed:_:)`.
public func fold(over rows: Tensor, from carry: Tensor, isReversed: Bool = false, _ step: (_ carry: Tensor, _ row: Tensor) -> Tensor) -> Tensor {
    scan(over: [rows], from: [carry], isReversed: isReversed) { carries, rows in ([step(carries[0], rows[0])], []) }.carries[0]
}

/// A call of `scan`.
struct Recurrence {
    let result: ScanResult

    /// - Parameters:
    ///   - stops: see `Scan.stops`.
    ///   - tapeBudget: see `Segments`.
    init(
        _ rows: [Tensor], _ carries: [Tensor], isReversed: Bool = false, stops: Bool = false, tapeBudget: Int = Segments.tapeBudget,
        _ step: ([Tensor], [Tensor]) -> ([Tensor], [Tensor])
    ) {
        let (region, captured, starts, failure) = Self.traced(rows, carries, step)
        if let failure {
            // As many as a step returns, where that can be known.
            result = ScanResult(
                carries: carries.map { _ in .failed(failure) },
                outputs: (region?.results.dropFirst(carries.count) ?? []).map { _ in .failed(failure) })
            return
        }
        guard let region, let length = rows.first?.shape.first else {
            result = ScanResult(carries: carries, outputs: [])
            return
        }
        let outputs = region.results.count - carries.count
        if length == 0 {
            // Types as after a step.
            result = ScanResult(
                carries: starts,
                outputs: region.results.dropFirst(carries.count).map { Tensor(.literal([0]), shape: [0] + $0.shape, dtype: $0.dtype) })
            return
        }
        if length == 1 {
            let results = region.applied(to: starts + rows.map { $0.element(0) } + captured)
            result = ScanResult(
                carries: Array(results.prefix(carries.count)), outputs: results.dropFirst(carries.count).map { $0.expandingShape(at: 0) })
            return
        }
        // A loop with a condition has no gradient.
        if !stops, let segments = Segments(steps: length, elements: starts.reduce(0) { $0 + $1.count }, budget: tapeBudget) {
            result = segments.result(over: rows, from: starts, isReversed: isReversed) { carries, rows in
                let results = region.applied(to: carries + rows + captured)
                return (Array(results.prefix(carries.count)), Array(results.dropFirst(carries.count)))
            }
            return
        }
        let scan = Scan(
            length: length, isReversed: isReversed, carries: carries.count, stacked: rows.count, outputs: outputs, stops: stops)
        let node = Region.scanNode(region, scan, starts + rows + captured)
        result = ScanResult(
            carries: carries.indices.map { node.scanResult(.final($0)) }, outputs: (0..<outputs).map { node.scanResult(.output($0)) })
    }

    private static func traced(
        _ rows: [Tensor], _ carries: [Tensor], _ step: ([Tensor], [Tensor]) -> ([Tensor], [Tensor])
    ) -> (region: Region?, captured: [Tensor], starts: [Tensor], failure: TensorError?) {
        var starts = carries
        // Once more where a step carries on reals from ints.
        for _ in 0..<2 {
            let own = starts.enumerated().map { Region.parameter(like: $1.shape, $1.dtype, "carry \($0)") }
            let each = rows.enumerated().map { Region.parameter(like: Array($1.shape.dropFirst()), $1.dtype, "row \($0)") }
            let (next, outputs) = step(own, each)
            let (region, captured) = Region.closed(own + each, next + outputs)
            let shapes = rows.map(\.shape)
            func failed(_ reason: String) -> (Region?, [Tensor], [Tensor], TensorError?) {
                (region, captured, starts, TensorError("scan", shapes + carries.map(\.shape), reason))
            }
            if let failure = (rows + carries + next + outputs).lazy.compactMap(\.failure).first { return (region, captured, starts, failure) }
            guard let length = shapes.first?.first else { return failed("there is nothing to go over; give at least one tensor with a first axis") }
            guard shapes.allSatisfy({ $0.first == length }) else { return failed("the tensors to go over differ in their first axis, which is time") }
            guard next.count == carries.count else { return failed("a step carries on \(next.count) tensors and gets \(carries.count)") }
            if let place = next.indices.first(where: { next[$0].shape != starts[$0].shape }) {
                return failed(
                    "a step carries on \(next[place].shape) as number \(place) and gets \(starts[place].shape); "
                        + "broadcast what the first step gets to the shape that is carried on")
            }
            if Graph.topologicalOrder(region.results).contains(where: { if case .random = $0.node.op { true } else { false } }) {
                return failed("a draw depends on what is carried; draw standard variates for all steps before, and pass rows")
            }
            let unlike = next.indices.filter { next[$0].dtype != starts[$0].dtype }
            if unlike.isEmpty { return (region, captured, starts, nil) }
            guard unlike.allSatisfy({ next[$0].dtype == .real }) else {
                return failed("a step carries on \(next[unlike[0]].dtype) values as number \(unlike[0]) and gets \(starts[unlike[0]].dtype) values")
            }
            for place in unlike { starts[place] = starts[place].asReal }
        }
        return (nil, [], starts, TensorError("scan", carries.map(\.shape), "the types of what is carried change from step to step"))
    }
}
