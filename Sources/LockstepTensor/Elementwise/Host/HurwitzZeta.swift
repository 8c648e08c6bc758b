import RealModule

extension SpecialFunctions {
    /// B_2j / (2j)! for j = 1 ... 12 (Abramowitz & Stegun 23.1, the Bernoulli numbers).
    private static let bernoulliOverFactorial: [Double] = {
        let bernoulli: [(Double, Double)] = [
            (1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510),
            (43867, 798), (-174611, 330), (854513, 138), (-236364091, 2730),
        ]
        var factorial = 1.0
        return bernoulli.enumerated().map { j, b in
            factorial *= Double((2 * j + 1) * (2 * j + 2))
            return b.0 / b.1 / factorial
        }
    }()

    /// The Hurwitz zeta function by Euler-Maclaurin summation (DLMF 25.11.5 in the form of Johansson 2015,
    /// "Rigorous high-precision computation of the Hurwitz zeta function and its derivatives", equation 5).
    /// Not a number outside s >= 1, x >= 0.
    package static func hurwitzZeta(_ s: Double, _ x: Double) -> Double {
        guard s >= 1, x >= 0 else { return .nan }
        if s == 1 || x == 0 { return .infinity }
        if x == .infinity { return 0 }
        if s == .infinity { return x < 1 ? .infinity : x == 1 ? 1 : 0 }

        // Sum directly until x + k reaches 10 + s: there the remainder after 12 corrections is below 1e-18.
        // The sum is compensated (Neumaier), since it may have dozens of terms.
        var total = 0.0, lost = 0.0
        func add(_ term: Double) {
            let sum = total + term
            lost += total.magnitude >= term.magnitude ? (total - sum) + term : (term - sum) + total
            total = sum
        }
        let threshold = 10 + s
        var k = 0.0
        while x + k < threshold {
            let base = x + k
            let term = Self.power(base, -s)
            if term == .infinity { return .infinity }
            add(term)
            // What is left is below term (1 + base / (s - 1)): for large s stop as soon as that is nothing.
            if term * (1 + base / (s - 1)) < total * 0x1p-60 { return total + lost }
            k += 1
        }
        let base = x + k
        let power = Self.power(base, -s)
        var correction = 0.0
        var factor = s / base
        for (j, coefficient) in bernoulliOverFactorial.enumerated() {
            correction += coefficient * factor
            let next = s + Double(2 * j + 1)
            factor *= next / base * ((next + 1) / base)
        }
        // The tail's parts are of one sign but for the corrections, which are small: smallest first.
        add(power * correction)
        add(power * 0.5)
        add(Self.power(base, 1 - s) / (s - 1))
        return total + lost
    }
}
