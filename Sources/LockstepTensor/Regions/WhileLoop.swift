/// Steps that are taken as long as a condition holds: by each lane for itself. A lane whose condition no longer holds keeps what it has,
/// whatever others do.
///
/// No gradient flows through it: where an equation is solved, `fixedPoint` has one.
///
/// - Parameters:
///   - carries: what the first step gets. Shapes and types stay the same from step to step; ints become reals where a step carries on a real.
///   - most: the most steps that are taken, 0 or more. What is carried is returned after so many, whether or not the condition holds.
///   - condition: a mask without axes, of what is carried.
///   - step: what is carried on. It is called with stand-ins. Draws in it are the same in each step.
/// - Returns: what is carried in the end: tensors that carry a mistake where shapes do not fit, or `most` is no number of steps.
public func whileLoop(
    from carries: [Tensor], most: Int, while condition: (_ carries: [Tensor]) -> Tensor, _ step: (_ carries: [Tensor]) -> [Tensor]
) -> [Tensor] {
    func failed(_ reason: String) -> [Tensor] {
        let error = carries.lazy.compactMap(\.failure).first ?? TensorError("whileLoop", carries.map(\.shape), reason)
        return carries.map { _ in .failed(error) }
    }
    guard (0...Shapes.mostElements).contains(most) else { return failed("there cannot be \(most) steps") }
    if carries.contains(where: { $0.failure != nil }) { return failed("") }
    func mask(_ carries: [Tensor]) -> Tensor {
        let mask = condition(carries)
        if mask.failure != nil || (mask.dtype == .bool && mask.rank == 0) { return mask }
        return .failed(TensorError("whileLoop", [mask.shape], "the condition must be a mask without axes, one for the lane; take .all() or .any()"))
    }
    let first = mask(carries)
    if let failure = first.failure { return carries.map { _ in .failed(failure) } }
    if most == 0 { return carries.map(\.withoutGradient) }
    let result = Recurrence([.iota(most)], carries + [first], stops: true) { carried, _ in
        let (state, isRunning) = (Array(carried.dropLast()), carried[carried.count - 1])
        let next = step(state)
        guard next.count == state.count, zip(next, state).allSatisfy({ $0.shape == $1.shape || $0.failure != nil }) else {
            let reason = "a step carries on \(next.map(\.shape)) and gets \(state.map(\.shape)); give it the same shapes"
            return (carried.map { _ in .failed(TensorError("whileLoop", state.map(\.shape), reason)) }, [])
        }
        let kept = zip(next, state).map { select(isRunning, $0, $1) }
        return (kept + [isRunning .& mask(kept)], [])
    }.result
    return result.carries.dropLast().map(\.withoutGradient)
}

/// The solution x = f(x) that steps x, f(x), f(f(x)) ... come to, with its gradient.
///
/// Each lane stops for itself, where no element moves by more than `tolerance` times (1 + its size). The gradient is that of the solution,
/// not of the steps: the adjoint w of x solves w = adjoint + (df/dx)^T w, by the same kind of steps (implicit function theorem; Krantz and
/// Parks 2002; Blondel et al. 2022, "Efficient and modular implicit differentiation", section 2). It is right where steps come to a
/// solution: where f contracts. What f has from elsewhere has gradients, `start` has none.
///
/// - Parameters:
///   - start: where steps begin; real.
///   - most: the most steps that are taken, and in the gradient once more.
///   - tolerance: positive.
///   - function: f, of the shapes of `start`. It is called with stand-ins.
/// - Returns: the last step: tensors that carry a mistake where shapes do not fit.
public func fixedPoint(
    from start: [Tensor], most: Int = 100, tolerance: Double = 1e-6, _ function: (_ x: [Tensor]) -> [Tensor]
) -> [Tensor] {
    func failed(_ failure: TensorError) -> [Tensor] { start.map { _ in .failed(failure) } }
    let start = start.map(\.asReal)
    let parameters = start.enumerated().map { Region.parameter(like: $1.shape, .real, "x \($0)") }
    let next = function(parameters)
    if let failure = (start + next).lazy.compactMap(\.failure).first { return failed(failure) }
    guard next.map(\.shape) == start.map(\.shape) else {
        return failed(TensorError("fixedPoint", start.map(\.shape), "the function makes \(next.map(\.shape)) of them; it must keep their shapes"))
    }
    guard tolerance > 0 else { return failed(TensorError("fixedPoint", start.map(\.shape), "the tolerance \(tolerance) is not positive")) }
    let (region, captured) = Region.closed(parameters, next.map(\.asReal))
    return FixedPoint(region, most, tolerance).solution(from: start, captured)
}

/// The solution x = f(x) of one tensor; see `fixedPoint(from:most:tolerance:_:)` of several.
public func fixedPoint(from start: Tensor, most: Int = 100, tolerance: Double = 1e-6, _ function: (_ x: Tensor) -> Tensor) -> Tensor {
    fixedPoint(from: [start], most: most, tolerance: tolerance) { [function($0[0])] }[0]
}

private struct FixedPoint: Sendable {
    /// From x, and what the function has from elsewhere.
    let region: Region
    let count: Int
    let most: Int
    let tolerance: Double

    init(_ region: Region, _ most: Int, _ tolerance: Double) {
        (self.region, self.most, self.tolerance) = (region, most, tolerance)
        count = region.results.count
    }

    func solution(from start: [Tensor], _ captured: [Tensor]) -> [Tensor] {
        withPullback(start + captured) { operands in
            steps(from: Array(operands.prefix(count)), Array(operands.dropFirst(count)))
        } pullback: { [self] operands, results, adjoints in
            [Tensor?](repeating: nil, count: count) + derivatives(results, Array(operands.dropFirst(count)), adjoints)
        }
    }

    private func steps(from start: [Tensor], _ captured: [Tensor]) -> [Tensor] {
        // Before the first step all have moved.
        let moving = Tensor(mask: true)
        return whileLoop(from: start + [moving], most: most, while: { $0[count] }) { carried in
            let old = Array(carried.prefix(count))
            let new = region.applied(to: old + captured)
            let moves = zip(old, new).map { (Tensor(tolerance) * (1 + abs($1)) .< abs($1 - $0)).any() }
            return new + [moves.dropFirst().reduce(moves[0], { $0 .| $1 })]
        }.dropLast()
    }

    /// With respect to what the function has from elsewhere.
    private func derivatives(_ x: [Tensor], _ captured: [Tensor], _ adjoints: [Tensor]) -> [Tensor?] {
        let factors = x.enumerated().map { Region.parameter(like: $1.shape, .real, "factor \($0)") }
        let back = Gradient.of(zip(region.results, factors).map { ($0, $1) }, withRespectTo: region.parameters)
        let pulledBack = Region(parameters: region.parameters + factors, results: back)
        let solved = fixedPoint(from: adjoints, most: most, tolerance: tolerance) { w in
            zip(adjoints, pulledBack.applied(to: x + captured + w)).map { $0 + $1 }
        }
        return Array(pulledBack.applied(to: x + captured + solved).dropFirst(count))
    }
}
