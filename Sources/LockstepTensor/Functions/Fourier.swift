import RealModule

// Discrete Fourier transforms of real vectors.

/// The discrete Fourier transform of real vectors along the last axis: that half of it which is not the mirror image of the other, as
/// `numpy.fft.rfft`.
///
/// X[k] = sum over j of x[j] exp(-2 pi i j k / n), for k from 0 to n / 2. A vector of even length is taken for a complex one of half the length;
/// its length is divided by one prime factor after the other, each of which makes a stage over all elements: Van Loan, Computational Frameworks for
/// the Fast Fourier Transform (1992), sections 1.7 (Stockham's order, without a permutation), 2.1 and 4.3. Time grows as n times the sum of the
/// prime factors. It is linear, and so are its derivatives. NaN and infinities reach all elements of their vector.
///
/// - Parameter x: `[..., n]`.
/// - Returns: real and imaginary parts, `[..., n / 2 + 1]`; both carry a mistake where there is nothing along the last axis, and where n is beyond
///   65536, or has a prime factor beyond 64.
public func fft(_ x: Tensor) -> (re: Tensor, im: Tensor) {
    if x.failure != nil { return (x, x) }
    guard let n = x.shape.last, n > 0 else {
        let failed = Tensor.failed(TensorError("fft", [x.shape], "vectors are needed along the last axis, of one element or more"))
        return (failed, failed)
    }
    if let failed = Fourier.failure("fft", n, [x.shape]) { return (failed, failed) }
    let rest = Array(x.shape.dropLast())
    let rows = x.asReal.reshape([rest.elementCount, n])
    let (re, im) = n % 2 == 0 ? Fourier.ofEven(rows) : Fourier.ofOdd(rows)
    return (re.reshape(rest + [n / 2 + 1]), im.reshape(rest + [n / 2 + 1]))
}

/// The real vectors along the last axis that have these Fourier transforms: the inverse of `fft(_:)`, as `numpy.fft.irfft`.
///
/// x[j] = sum over k of X[k] exp(2 pi i j k / n) / n, for k from 0 to n - 1, of which the second half is the mirror image of what is given. The
/// imaginary part of the first element, and of the last one where n is even, is not read: of a real vector it is zero. Otherwise as `fft(_:)`.
///
/// - Parameters:
///   - re: the real parts, `[..., n / 2 + 1]`.
///   - im: the imaginary parts, of the same shape.
///   - count: n; an even number by default, 2 (m - 1) for m elements.
/// - Returns: `[..., n]`; a tensor that carries a mistake where shapes differ or do not fit n, and where n is less than 1, beyond 65536, or has a
///   prime factor beyond 64.
public func inverseFFT(_ re: Tensor, _ im: Tensor, count: Int? = nil) -> Tensor {
    if let failed = [re, im].first(where: { $0.failure != nil }) { return failed }
    func failed(_ reason: String) -> Tensor { .failed(TensorError("inverseFFT", [re.shape, im.shape], reason)) }
    guard re.shape == im.shape, let half = re.shape.last, half > 0 else {
        return failed("real and imaginary parts of one shape are needed, along the last axis one element or more")
    }
    let n = count ?? 2 * (half - 1)
    guard n >= 1, n / 2 + 1 == half else { return failed("\(half) elements are not the transform of a vector of \(n); there are n / 2 + 1 of n") }
    if let failed = Fourier.failure("inverseFFT", n, [re.shape, im.shape]) { return failed }
    let rest = Array(re.shape.dropLast())
    let shape = [rest.elementCount, half]
    let ends = Tensor(repeating: 0, shape: [shape[0], 1])
    let inside = im.asReal.reshape(shape).slice(axis: 1, Swift.min(1, half)..<Swift.max(n % 2 == 0 ? half - 1 : half, 1))
    let imaginary = Tensor.concatenate(n % 2 == 0 ? [ends, inside, ends] : [ends, inside], axis: 1)
    let x = (n % 2 == 0 ? Fourier.toEven : Fourier.toOdd)(re.asReal.reshape(shape), imaginary, n)
    return x.reshape(rest + [n])
}

/// Transforms of the rows of matrices.
private enum Fourier {
    static let largestFactor = 64
    /// The tables of cosines and sines are part of a program.
    static let longest = 65_536

    static func failure(_ name: String, _ n: Int, _ shapes: [Shape]) -> Tensor? {
        guard n <= longest else { return .failed(TensorError(name, shapes, "vectors can have up to \(longest) elements, and there would be \(n)")) }
        guard let factor = factors(n).first, factor > largestFactor else { return nil }
        let reason = "\(n) has the prime factor \(factor), and there can be such up to \(largestFactor); pad or cut the vectors"
        return .failed(TensorError(name, shapes, reason))
    }

    /// Prime factors, the largest first.
    private static func factors(_ n: Int) -> [Int] {
        var (rest, found, factor) = (n, [Int](), 2)
        while rest > 1 {
            if factor * factor > rest { factor = rest }
            if rest % factor == 0 {
                found.append(factor)
                rest /= factor
            } else {
                factor += 1
            }
        }
        return found.reversed()
    }

    /// cos and sin of 2 pi k / n for some k, of some shape. Quarters of a turn are exact.
    private static func roots(_ k: [Int], _ n: Int, _ shape: Shape) -> (cos: Tensor, sin: Tensor) {
        let pairs = k.map { k -> (Double, Double) in
            let fourfold = 4 * (k % n)
            let angle = Double.pi / 2 * Double(fourfold % n) / Double(n)
            let (c, s) = (Double.cos(angle), Double.sin(angle))
            return switch fourfold / n {
            case 0: (c, s)
            case 1: (-s, c)
            case 2: (-c, -s)
            default: (s, -c)
            }
        }
        return (Tensor(pairs.map(\.0), shape: shape), Tensor(pairs.map(\.1), shape: shape))
    }

    /// Columns of a matrix from the last to the first.
    private static func mirrored(_ rows: Tensor) -> Tensor {
        let n = rows.shape[1]
        return rows.transposed.gather(Tensor(integer: n - 1) - .iota(n)).transposed
    }

    // MARK: Real vectors

    /// The half of the transform of real rows of even length, from that of the complex ones whose real parts are the elements at even places.
    static func ofEven(_ rows: Tensor) -> (re: Tensor, im: Tensor) {
        let n = rows.shape[1], half = n / 2
        let pairs = rows.reshape([rows.shape[0], half, 2])
        let (re, im) = transform(pairs.element(0, axis: 2), pairs.element(1, axis: 2))
        func closed(_ x: Tensor) -> Tensor { .concatenate([x, x.slice(axis: 1, 0..<1)], axis: 1) }
        let (a, b) = (closed(re), closed(im))
        let (c, d) = (mirrored(a), mirrored(b))
        // Twice the transforms of the elements at even and at odd places.
        let (evenRe, evenIm, oddRe, oddIm) = (a + c, b - d, b + d, c - a)
        let (cos, sin) = roots(Array(0...half), n, [half + 1])
        return (0.5 * (evenRe + cos * oddRe + sin * oddIm), 0.5 * (evenIm + cos * oddIm - sin * oddRe))
    }

    static func ofOdd(_ rows: Tensor) -> (re: Tensor, im: Tensor) {
        let half = rows.shape[1] / 2 + 1
        let (re, im) = transform(rows, nil)
        return (re.slice(axis: 1, 0..<half), im.slice(axis: 1, 0..<half))
    }

    /// The steps of `ofEven(_:)` backwards. Inverse transforms are transforms of the conjugates.
    static func toEven(_ re: Tensor, _ im: Tensor, _ n: Int) -> Tensor {
        let half = n / 2
        func first(_ x: Tensor) -> Tensor { x.slice(axis: 1, 0..<half) }
        let (a, b, c, d) = (first(re), first(im), first(mirrored(re)), first(mirrored(im)))
        let (evenRe, evenIm, turnedRe, turnedIm) = (a + c, b - d, a - c, b + d)
        let (cos, sin) = roots(Array(0..<half), n, [half])
        let (oddRe, oddIm) = (cos * turnedRe - sin * turnedIm, cos * turnedIm + sin * turnedRe)
        let (even, odd) = transform(evenRe - oddIm, -(evenIm + oddRe))
        return Tensor.stack([even, -odd], axis: 2).reshape([re.shape[0], n]) / Tensor(Double(n))
    }

    static func toOdd(_ re: Tensor, _ im: Tensor, _ n: Int) -> Tensor {
        if n == 1 { return re }
        func rest(_ x: Tensor) -> Tensor { mirrored(x.slice(axis: 1, 1..<x.shape[1])) }
        return transform(.concatenate([re, rest(re)], axis: 1), .concatenate([-im, rest(im)], axis: 1)).re / Tensor(Double(n))
    }

    // MARK: Complex vectors

    /// The transform of complex rows; nil for no imaginary part of rows of odd length.
    ///
    /// Between the stages there are, for a divisor l of n, the transforms of the n / l vectors of every (n / l)-th element: `[rows, l, n / l]`.
    private static func transform(_ re: Tensor, _ im: Tensor?) -> (re: Tensor, im: Tensor) {
        let (count, n) = (re.shape[0], re.shape[1])
        var (re, im) = (re, im)
        var (length, others) = (1, n)
        for factor in factors(n) {
            others /= factor
            let shape = [count, length, factor, others]
            let joined = factor == 2 ? pairs(re.reshape(shape), im?.reshape(shape)) : groups(re.reshape(shape), im?.reshape(shape))
            length *= factor
            (re, im) = (joined.re.reshape([count, length, others]), joined.im.reshape([count, length, others]))
        }
        return (re.reshape([count, n]), im?.reshape([count, n]) ?? Tensor(repeating: 0, shape: [count, n]))
    }

    /// x[k, j] exp(-2 pi i j k / (l r)) for k below l and j below r, which are axes 1 and 2, from some j on.
    private static func twisted(_ re: Tensor, _ im: Tensor, from first: Int, of factor: Int) -> (re: Tensor, im: Tensor) {
        let (length, extent) = (re.shape[1], re.shape[2])
        if length == 1 { return (re, im) }
        let products = (0..<length).flatMap { k in (first..<(first + extent)).map { $0 * k } }
        let (cos, sin) = roots(products, length * factor, [length, extent, 1])
        return (re * cos + im * sin, im * cos - re * sin)
    }

    private static func pairs(_ re: Tensor, _ im: Tensor?) -> (re: Tensor, im: Tensor) {
        let im = im ?? Tensor(repeating: 0, shape: re.shape)
        func part(_ x: Tensor, _ number: Int) -> Tensor { x.slice(axis: 2, number..<(number + 1)) }
        let (a, b) = (part(re, 0), part(im, 0))
        let (c, d) = twisted(part(re, 1), part(im, 1), from: 1, of: 2)
        return (.concatenate([a + c, a - c], axis: 1), .concatenate([b + d, b - d], axis: 1))
    }

    /// By the matrix of cosines and sines.
    private static func groups(_ re: Tensor, _ im: Tensor?) -> (re: Tensor, im: Tensor) {
        let factor = re.shape[2]
        let (cos, sin) = roots((0..<factor).flatMap { q in (0..<factor).map { $0 * q } }, factor, [factor, 1, factor, 1])
        func sum(_ table: Tensor, _ x: Tensor) -> Tensor { (table * x.expandingShape(at: 1)).sum(axis: 3) }
        guard let im else { return (sum(cos, re), -sum(sin, re)) }
        let (a, b) = twisted(re, im, from: 0, of: factor)
        return (sum(cos, a) + sum(sin, b), sum(cos, b) - sum(sin, a))
    }
}
