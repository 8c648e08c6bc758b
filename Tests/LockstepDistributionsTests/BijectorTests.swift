import Foundation
import LockstepDistributions
import LockstepTensor
import TestSupport
import Testing

/// A bijector, and points of one event of its domain to test it at.
struct BijectorCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bijector: any Bijector
    let points: [[Double]]
    let constraint: Constraint

    init(_ name: String, _ bijector: any Bijector, _ points: [[Double]], _ constraint: Constraint) {
        (testDescription, self.bijector, self.points, self.constraint) = (name, bijector, points, constraint)
    }

    static let all: [BijectorCase] = {
        let line: [[Double]] = [[-6.5], [-1.2], [-0.01], [0], [0.4], [2.9], [7.1]]
        let vectors: [[Double]] = [[0, 0, 0], [-1.2, 0.4, 2.1], [3.3, -4.1, 0.2], [-0.1, 1.9, -2.5]]
        let matrices: [[Double]] = [[0.1, -1.2, 2, 0.3, 0.9, -0.4], [1, 2, -3, -2.2, 0.7, 0]]
        return [
            BijectorCase("identity", IdentityBijector(), line, .real),
            BijectorCase("exp", ExpBijector(), line, .positive),
            BijectorCase("sigmoid", SigmoidBijector(), line, .unitInterval),
            BijectorCase("softplus", SoftplusBijector(), line, .positive),
            BijectorCase("affine", AffineBijector(1.5, -0.3), line, .real),
            BijectorCase("interval", ComposedBijector([SigmoidBijector(), AffineBijector(-2, 5)]), line, .interval(-2, 3)),
            BijectorCase("greater", ComposedBijector([ExpBijector(), AffineBijector(4, 1)]), line, .greaterThan(4)),
            BijectorCase("stick breaking", StickBreakingBijector(), vectors, .simplex),
            BijectorCase("stick of two", StickBreakingBijector(), line, .simplex),
            BijectorCase("ordered", OrderedBijector(), vectors, .ordered),
            BijectorCase("ordered of one", OrderedBijector(), line, .ordered),
            BijectorCase("positive ordered", ComposedBijector([OrderedBijector(), ExpBijector()]), vectors, .positiveOrdered),
            BijectorCase("affine, then ordered", ComposedBijector([AffineBijector(0.5, 2), OrderedBijector()]), vectors, .ordered),
            BijectorCase("independent exp", IndependentBijector(ExpBijector(), axes: 1), vectors, .independent(.positive, axes: 1)),
            BijectorCase("independent sticks", IndependentBijector(StickBreakingBijector(), axes: 1), matrices, .independent(.simplex, axes: 1)),
        ]
    }()

    /// The shape of one event of the domain.
    var eventShape: Shape {
        let count = points.first?.count ?? 1
        switch bijector.domainEventRank {
        case 0: return []
        case 1: return [count]
        default: return [2, count / 2]
        }
    }
}

@Suite struct BijectorTests {
    @Test(arguments: BijectorCase.all)
    func inverseUndoesForward(_ item: BijectorCase) throws {
        let x = Tensor(item.points.flatMap { $0 }, shape: [item.points.count] + item.eventShape)
        let y = item.bijector.forward(x)
        #expect(y.shape == item.bijector.forwardShape(x.shape))
        let back = item.bijector.inverse(y)
        #expect(back.shape == x.shape && item.bijector.inverseShape(y.shape) == x.shape)
        for (a, b) in zip(try ReferenceEvaluator.evaluate(back), item.points.flatMap { $0 }) {
            #expect(agree(a, b, relative: 1e-9, absolute: 1e-10))
        }
        let fulfilled = try ReferenceEvaluator.evaluate(item.constraint.check(y))
        #expect(fulfilled == Array(repeating: 1, count: item.points.count))
        #expect(item.bijector.codomainEventRank == item.constraint.eventRank)
    }

    /// log |det J| against the determinant of a Jacobian by finite differences. A simplex loses its last element,
    /// which the others determine.
    @Test(arguments: BijectorCase.all)
    func logDeterminantAgreesWithDifferences(_ item: BijectorCase) throws {
        for point in item.points {
            let x = Tensor.named("x", item.eventShape)
            let y = item.bijector.forward(x)
            let logDeterminant = item.bijector.logAbsDetJacobian(x, y)
            #expect(logDeterminant.shape.isEmpty)
            let free = item.eventShape == y.shape ? y : y.slice(axis: -1, 0..<((y.shape.last ?? 1) - 1))
            var jacobian: [[Double]] = []
            for row in 0..<free.count {
                jacobian.append(
                    try point.indices.map { column in
                        try FiniteDifferences.derivative(at: point[column]) { moved in
                            var input = point
                            input[column] = moved
                            return try ReferenceEvaluator.evaluate(free, inputs: ["x": input])[row]
                        }
                    })
            }
            let value = try ReferenceEvaluator.evaluate(logDeterminant, inputs: ["x": point])[0]
            #expect(agree(value, logAbsDeterminant(jacobian), relative: 1e-7, absolute: 1e-7), "at \(point)")
        }
    }

    @Test(arguments: BijectorCase.all)
    func gradientsAgreeWithDifferences(_ item: BijectorCase) throws {
        let x = Tensor.named("x", [item.points.count] + item.eventShape)
        let y = item.bijector.forward(x)
        let value = y.weightedSum + item.bijector.logAbsDetJacobian(x, y).weightedSum
        let report = try FiniteDifferences.check(value, withRespectTo: [x], at: ["x": item.points.flatMap { $0 }])
        #expect(report.worst < 1e-7, "\(report)")
    }

    @Test func zerosMapToTheUniformSimplex() throws {
        for extent in [2, 3, 7] {
            let y = StickBreakingBijector().forward(Tensor(repeating: 0, shape: [extent - 1]))
            for share in try ReferenceEvaluator.evaluate(y) { #expect(agree(share, 1 / Double(extent), relative: 1e-14)) }
        }
    }

    /// Far out, values stay strictly inside the support, in single precision too, and log determinants finite.
    @Test func farOutNothingLeavesTheSupport() throws {
        let x = Tensor([-900, -300, -90, -40, -17, 17, 40, 80])
        for bijector in [SigmoidBijector(), ExpBijector(), SoftplusBijector()] as [any Bijector] {
            let y = bijector.forward(x)
            let values = try ReferenceEvaluator.evaluate(y)
            #expect(values.allSatisfy { Float($0) >= .leastNormalMagnitude })
            if bijector is SigmoidBijector { #expect(values.allSatisfy { Float($0) < 1 }) }
            let others = try ReferenceEvaluator.evaluate([bijector.logAbsDetJacobian(x, y), bijector.inverse(y)])
            #expect(others.allSatisfy { $0.allSatisfy { $0.isFinite } })
        }
        let shares = try ReferenceEvaluator.evaluate(StickBreakingBijector().forward(Tensor([200, -300, 40])))
        #expect(shares.allSatisfy { Float($0) >= .leastNormalMagnitude })
        let ends = try ReferenceEvaluator.evaluate([SigmoidBijector().inverse([0, 1]), ExpBijector().inverse([0])])
        #expect(ends.allSatisfy { $0.allSatisfy { $0.isFinite } })
        let input = Tensor.named("x")
        let density = Beta(0.5, 3).logProb(SigmoidBijector().forward(input))
        for end in [-200.0, 40, 200] {
            let gradient = Gradient.of(density, withRespectTo: [input])
            let both = try ReferenceEvaluator.evaluate([density] + gradient, inputs: ["x": [end]])
            #expect(both.allSatisfy { $0[0].isFinite })
        }
    }

    @Test func bijectorToEveryConstraint() throws {
        let low = Tensor.named("low")
        let continuous: [(Constraint, Shape)] = [
            (.real, []), (.positive, []), (.nonNegative, []), (.unitInterval, []), (.interval(-1, 3), []),
            (.interval(low, low + 2), [4]), (.greaterThan(low), [4]), (.simplex, [3]), (.ordered, [3]), (.positiveOrdered, [3]),
            (.independent(.simplex, axes: 2), [2, 2, 3]), (.independent(.real, axes: 1), [5]),
        ]
        for (constraint, shape) in continuous {
            let bijector = try bijector(to: constraint)
            #expect(bijector.codomainEventRank == constraint.eventRank)
            let x = Tensor((0..<shape.reduce(1, *)).map { 0.3 * Double($0) - 1 }, shape: shape)
            let fulfilled = try ReferenceEvaluator.evaluate(constraint.check(bijector.forward(x)), inputs: ["low": [1.5]])
            #expect(fulfilled.allSatisfy { $0 == 1 }, "\(constraint)")
        }
        for constraint in [.boolean, .nonNegativeInteger, .independent(.integerInterval(0, 3), axes: 1)] as [Constraint] {
            #expect(throws: TensorError.self) { try bijector(to: constraint) }
        }
    }

    @Test func badShapesAreCarried() {
        for bijector in [StickBreakingBijector(), OrderedBijector()] as [any Bijector] {
            #expect(bijector.forward(3).failure != nil)
            #expect(bijector.inverse(3).failure != nil)
            #expect(bijector.logAbsDetJacobian(3, 3).failure != nil)
        }
        #expect(AffineBijector([1, 2], 1).forward([1, 2, 3]).failure != nil)
        let bad = Tensor([1, 2]) + Tensor([1, 2, 3])
        for item in BijectorCase.all {
            #expect(item.bijector.forward(bad).failure != nil)
            #expect(item.bijector.logAbsDetJacobian(bad, bad).failure != nil, "\(item.testDescription)")
        }
    }

    /// By Gaussian elimination.
    private func logAbsDeterminant(_ matrix: [[Double]]) -> Double {
        var rows = matrix
        var total = 0.0
        for k in rows.indices {
            let pivot = (k..<rows.count).max { rows[$0][k].magnitude < rows[$1][k].magnitude } ?? k
            rows.swapAt(k, pivot)
            total += Foundation.log(rows[k][k].magnitude)
            for i in (k + 1)..<Swift.max(rows.count, k + 1) {
                let factor = rows[i][k] / rows[k][k]
                for j in k..<rows.count { rows[i][j] -= factor * rows[k][j] }
            }
        }
        return total
    }
}
