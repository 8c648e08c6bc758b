/// An integer computed from loop variables and index registers, kept as a canonical sum so that equal indices
/// compare equal: constant + sum of coefficient * atom.
package struct IndexExpression: Hashable, Sendable {
    package indirect enum Atom: Hashable, Sendable {
        case variable(LoopVariable)
        /// An int register, uniform or not, known to be >= 0.
        case register(Register)
        case quotient(IndexExpression, Int)
        case remainder(IndexExpression, Int)
    }

    package struct Term: Hashable, Sendable {
        package let atom: Atom
        package let coefficient: Int
    }

    package let constant: Int
    /// Each atom once, coefficients not zero, in an order that depends only on how the sum was formed.
    package let terms: [Term]

    private init(constant: Int, terms: [Term]) {
        self.constant = constant
        self.terms = terms
    }

    package static func constant(_ value: Int) -> IndexExpression { IndexExpression(constant: value, terms: []) }
    package static func atom(_ atom: Atom) -> IndexExpression {
        IndexExpression(constant: 0, terms: [Term(atom: atom, coefficient: 1)])
    }
    package static func variable(_ variable: LoopVariable) -> IndexExpression {
        variable.extent == 1 ? .constant(0) : .atom(.variable(variable))
    }
    package static func register(_ register: Register) -> IndexExpression { .atom(.register(register)) }

    package var asConstant: Int? { terms.isEmpty ? constant : nil }

    package static func + (a: IndexExpression, b: IndexExpression) -> IndexExpression {
        var terms = a.terms
        for term in b.terms {
            if let position = terms.firstIndex(where: { $0.atom == term.atom }) {
                terms[position] = Term(atom: term.atom, coefficient: terms[position].coefficient + term.coefficient)
            } else {
                terms.append(term)
            }
        }
        terms.removeAll { $0.coefficient == 0 }
        return recombined(a.constant + b.constant, terms)
    }

    package static func * (a: IndexExpression, factor: Int) -> IndexExpression {
        factor == 0
            ? .constant(0)
            : IndexExpression(
                constant: a.constant * factor,
                terms: a.terms.map { Term(atom: $0.atom, coefficient: $0.coefficient * factor) })
    }

    /// c * (e / c) + e % c = e, which is what a reshape of a reshape leaves behind.
    private static func recombined(_ constant: Int, _ terms: [Term]) -> IndexExpression {
        for (position, term) in terms.enumerated() {
            guard case .remainder(let inner, let divisor) = term.atom else { continue }
            let partner = Term(atom: .quotient(inner, divisor), coefficient: term.coefficient * divisor)
            guard let other = terms.firstIndex(of: partner) else { continue }
            var rest = terms
            for index in [position, other].sorted(by: >) { rest.remove(at: index) }
            return recombined(constant, rest) + inner * term.coefficient
        }
        return IndexExpression(constant: constant, terms: terms)
    }

    /// The values this can take, when they are known.
    package var range: ClosedRange<Int>? {
        var low = constant
        var high = constant
        for term in terms {
            let bound: Int
            switch term.atom {
            case .variable(let variable): bound = variable.extent - 1
            case .remainder(_, let divisor): bound = divisor - 1
            case .quotient(let inner, let divisor):
                guard let range = inner.range, range.lowerBound >= 0 else { return nil }
                bound = range.upperBound / divisor
            case .register: return nil
            }
            if term.coefficient > 0 { high += term.coefficient * bound } else { low += term.coefficient * bound }
        }
        return low...high
    }

    /// Floor quotient and remainder of a non-negative expression.
    package func quotientAndRemainder(dividingBy divisor: Int) -> (quotient: IndexExpression, remainder: IndexExpression) {
        if divisor == 1 { return (self, .constant(0)) }
        let multiples = terms.filter { $0.coefficient % divisor == 0 }
        let rest = IndexExpression(
            constant: constant % divisor, terms: terms.filter { $0.coefficient % divisor != 0 })
        let whole = IndexExpression(
            constant: constant / divisor,
            terms: multiples.map { Term(atom: $0.atom, coefficient: $0.coefficient / divisor) })
        if let range = rest.range, range.lowerBound >= 0, range.upperBound < divisor { return (whole, rest) }
        return (whole + .atom(.quotient(rest, divisor)), .atom(.remainder(rest, divisor)))
    }

    /// The expression with another, which is not negative, in place of a loop's counter.
    package func substituting(_ variable: LoopVariable, by value: IndexExpression) -> IndexExpression {
        substituting(.variable(variable), by: value)
    }

    /// The expression with another, which is not negative, in place of a counter or register.
    package func substituting(_ other: Atom, by value: IndexExpression) -> IndexExpression {
        guard contains(other) else { return self }
        return terms.reduce(.constant(constant)) { sum, term in
            let atom: IndexExpression =
                switch term.atom {
                case other: value
                case .variable, .register: .atom(term.atom)
                case .quotient(let inner, let divisor):
                    inner.substituting(other, by: value).quotientAndRemainder(dividingBy: divisor).quotient
                case .remainder(let inner, let divisor):
                    inner.substituting(other, by: value).quotientAndRemainder(dividingBy: divisor).remainder
                }
            return sum + atom * term.coefficient
        }
    }

    private func contains(_ atom: Atom) -> Bool {
        terms.contains { term in
            switch term.atom {
            case atom: true
            case .variable, .register: false
            case .quotient(let inner, _), .remainder(let inner, _): inner.contains(atom)
            }
        }
    }

    /// Where a counter or register counts pieces of equal length, one after the other: that length, and the place in a piece.
    ///
    /// - Returns: nil where an element of one piece may be one of another.
    package func piece(_ atom: Atom) -> (length: Int, place: IndexExpression)? {
        guard let term = terms.first(where: { $0.atom == atom }), term.coefficient > 0 else { return nil }
        let place = self + .atom(atom) * -term.coefficient
        guard !place.contains(atom), let range = place.range, range.lowerBound >= 0, range.upperBound < term.coefficient else { return nil }
        return (term.coefficient, place)
    }

    package var variables: Set<LoopVariable> {
        terms.reduce(into: []) { result, term in
            switch term.atom {
            case .variable(let variable): result.insert(variable)
            case .quotient(let inner, _), .remainder(let inner, _): result.formUnion(inner.variables)
            case .register: break
            }
        }
    }

    package var registers: Set<Register> {
        terms.reduce(into: []) { result, term in
            switch term.atom {
            case .register(let register): result.insert(register)
            case .quotient(let inner, _), .remainder(let inner, _): result.formUnion(inner.registers)
            case .variable: break
            }
        }
    }
}

extension IndexExpression {
    /// The row-major position of an element.
    package static func flat(_ index: [IndexExpression], _ shape: [Int]) -> IndexExpression {
        var result = IndexExpression.constant(0)
        for (position, extent) in zip(index, shape) { result = result * extent + position }
        return result
    }

    /// The index of the element at a row-major position: the inverse of `flat`.
    package static func unflat(_ position: IndexExpression, _ shape: [Int]) -> [IndexExpression] {
        // There is no element, but a reshape to such a shape may still be asked.
        if shape.contains(0) { return shape.map { _ in .constant(0) } }
        var rest = position
        var result: [IndexExpression] = []
        for (axis, extent) in shape.enumerated().reversed() {
            if axis == 0 {
                result.append(rest)
            } else {
                let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: extent)
                result.append(remainder)
                rest = quotient
            }
        }
        return result.reversed()
    }
}
