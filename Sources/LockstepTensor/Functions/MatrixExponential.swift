/// The exponential of square matrices, 1 + A + A^2 / 2 + A^3 / 6 + ...
///
/// By scaling and squaring: exp(A) = exp(A / 2^s)^(2^s), and the series up to the power 16 for what is scaled, in six products, after Paterson and
/// Stockmeyer: Higham, Functions of Matrices (2008), sections 4.2 and 10.3; of the series Sastre, Ibanez, Defez and Ruiz, New scaling-squaring Taylor
/// algorithms for computing the matrix exponential, SIAM J. Sci. Comput. 37 (2015). s is that of each lane and batch: the least that makes the
/// largest sum of sizes in a column 0.78 or less, for which the series is right to the roundings of double precision (Al-Mohy and Higham, Computing
/// the action of the matrix exponential, SIAM J. Sci. Comput. 33 (2011), table 3.1). Twelve squarings are made, of which lanes that need fewer leave
/// the last out. Derivatives are those of these steps.
///
/// Roundings double with each squaring at worst. Beyond sums of 3194 in a column, which would ask for more, the result is NaN; where it is too large
/// for the precision, infinite or NaN. NaN and infinities in A make NaN of all of that lane and batch.
///
/// - Parameter a: A, `[..., n, n]`.
/// - Returns: exp(A), of that shape; a tensor that carries a mistake where the last two axes are not equal.
public func matrixExp(_ a: Tensor) -> Tensor {
    if let failed = Matrices.failure("matrixExp", square: a) { return failed }
    let source = a.asReal
    if a.count == 0 { return source }
    let norm = abs(source).sum(axis: -2).max([-1]).withoutGradient.expandingShape(at: -1)
    let halvings = (0..<Exponential.squarings).map { Double(sign: .plus, exponent: $0, significand: 1) }
    let isMore = Tensor(halvings.map { Exponential.bound * $0 }) .< norm
    // 2^-s, and NaN where s would have to be larger.
    let isBounded = norm .<= Tensor(2 * Exponential.bound * (halvings.last ?? 1))
    let factor = select(isBounded.element(0, axis: -1), select(isMore, Tensor(halvings.map { 0.5 / $0 }), 1).min([-1]), Tensor(.nan))
    let squarings = isMore.asReal.sum(axis: -1).expandingShape(at: -1).expandingShape(at: -1)
    let start = Exponential.series(source * factor.expandingShape(at: -1).expandingShape(at: -1))
    return fold(over: .iota(Exponential.squarings), from: start) { power, number in
        let isMade = number.asReal .< squarings
        // Squares that are not wanted could overflow.
        let safe = select(isMade, power, 0)
        return select(isMade, matmul(safe, safe), power)
    }
}

private enum Exponential {
    /// For the largest sum of a column, at which the series up to the power 16 has an error below 2^-53.
    static let bound = 0.78
    static let squarings = 12

    /// Up to the power 16, as a polynomial in the fourth power whose coefficients are polynomials.
    static func series(_ a: Tensor) -> Tensor {
        let second = matmul(a, a)
        let powers = [a, second, matmul(second, a), matmul(second, second)]
        let identity = Tensor.identity(a.shape[a.rank - 1])
        var coefficients = [1.0]
        for power in 1...16 { coefficients.append(coefficients[power - 1] / Double(power)) }
        /// The terms from a power on, over it.
        func part(_ first: Int, _ count: Int) -> Tensor {
            (1..<count).reduce(coefficients[first] * identity) { $0 + coefficients[first + $1] * powers[$1 - 1] }
        }
        return [8, 4, 0].reduce(part(12, 5)) { part($1, 4) + matmul($0, powers[3]) }
    }
}
