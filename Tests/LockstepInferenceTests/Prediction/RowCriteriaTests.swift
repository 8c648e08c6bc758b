import Foundation
import LockstepTensor
import TestSupport
import Testing

@testable import LockstepInference

/// Criteria of matrices of log likelihoods against those of ArviZ, which `Tests/Goldens/loo.py` writes to `loo.json`.
@Suite struct RowCriteriaTests {
    /// A case of the goldens: its matrix is made here again.
    private struct Case {
        let golden: JSONValue
        /// By observation, then draw.
        let logLikelihoods: [[Double]]
        let logWeights: [Double]

        init(_ golden: JSONValue) {
            self.golden = golden
            let (draws, y) = (Int(golden["draws"].number), golden["y"].numbers)
            let (loc, scale) = (golden["loc"].number, golden["scale"].number)
            var state = UInt32(golden["seed"].number)
            let u = (0..<(2 * draws)).map { _ in
                state = 1_664_525 &* state &+ 1_013_904_223
                return (Double(state) + 0.5) * 0x1p-32
            }
            let z = (0..<draws).map { loc + scale * (-2 * log(u[$0])).squareRoot() * cos(2 * Double.pi * u[draws + $0]) }
            let likelihoods = y.map { y in z.map { CriteriaCases.logNormal(y, $0, 1) } }
            logLikelihoods = likelihoods
            logWeights = z.indices.map { draw in
                CriteriaCases.logNormal(z[draw], 0, 1) + likelihoods.reduce(0) { $0 + $1[draw] }
                    - CriteriaCases.logNormal(z[draw], loc, scale * scale)
            }
        }

        var draws: Double { golden["draws"].number }

        func plain() -> [RowCriteria] {
            let equal = Array(repeating: -log(draws), count: logWeights.count)
            return logLikelihoods.map { RowCriteria($0, logWeights: nil, posterior: equal) { _ in 0 } }
        }

        func corrected() -> [RowCriteria] {
            let posterior = ParetoSmoothing(logWeights).logWeights
            return logLikelihoods.map { RowCriteria($0, logWeights: logWeights, posterior: posterior) { _ in 0 } }
        }
    }

    private func goldens() throws -> JSONValue { try JSONValue.read(Folders.goldens.appendingPathComponent("loo.json")) }

    private func isClose(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-6) -> Bool {
        a.count == b.count && !a.isEmpty && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
    }

    @Test func leavingOutAgreesWithArviZ() throws {
        let cases = try goldens()["cases"].elements.map(Case.init)
        #expect(cases.count == 5)
        for found in cases {
            let (rows, loo) = (found.plain(), found.golden["loo"])
            #expect(isClose(rows.map(\.leftOut), loo["pointwise"].numbers))
            #expect(isClose(rows.map(\.paretoShape), loo["shapes"].numbers))
            let (sum, count) = (CriterionSum(rows.map(\.leftOut)), Double(rows.count))
            #expect(isClose([sum.total], [loo["elpd"].number]))
            // ArviZ divides the variance by n.
            #expect(isClose([sum.error * ((count - 1) / count).squareRoot()], [loo["error"].number]))
            #expect(isClose([rows.reduce(0) { $0 + $1.density - $1.leftOut }], [loo["p"].number]))
        }
    }

    @Test func waicAgreesWithArviZ() throws {
        for found in try goldens()["cases"].elements.map(Case.init) {
            let (rows, waic) = (found.plain(), found.golden["waic"])
            // ArviZ divides variances by the number of draws.
            let share = (found.draws - 1) / found.draws
            let terms = rows.map { $0.density - share * $0.variance }
            #expect(isClose(terms, waic["pointwise"].numbers))
            #expect(isClose([CriterionSum(terms).total], [waic["elpd"].number]))
            #expect(isClose([rows.reduce(0) { $0 + share * $1.variance }], [waic["p"].number]))
        }
    }

    @Test func correctedWeightsAgreeWithArviZ() throws {
        for found in try goldens()["cases"].elements.map(Case.init) {
            let (rows, golden) = (found.corrected(), found.golden["corrected"])
            #expect(isClose(rows.map(\.leftOut), golden["pointwise"].numbers))
            #expect(isClose(rows.map(\.paretoShape), golden["shapes"].numbers))
            #expect(isClose(rows.map(\.density), golden["densities"].numbers))
            #expect(isClose(rows.map(\.variance), golden["variances"].numbers))
            #expect(!isClose(rows.map(\.leftOut), found.plain().map(\.leftOut), 1e-3))
        }
    }

    @Test func differencesAgreeWithArviZ() throws {
        let golden = try goldens()
        let cases = golden["cases"].elements.map(Case.init)
        let rows = golden["comparison"].elements
        #expect(rows.count == 2)
        let terms = rows.map { cases[Int($0["case"].number)].plain().map(\.leftOut) }
        let difference = CriterionSum(zip(terms[0], terms[1]).map { $0 - $1 })
        let count = Double(terms[0].count)
        #expect(isClose([difference.total], [rows[1]["difference"].number]))
        #expect(isClose([difference.error * ((count - 1) / count).squareRoot()], [rows[1]["error"].number]))
    }

    /// Draws without a number, and without a weight.
    @Test func whatHasNoNumberHasNone() {
        let likelihoods = (0..<200).map { -1 - 0.1 * sin(Double($0)) }
        let equal = Array(repeating: -log(200.0), count: 200)
        func criteria(_ likelihoods: [Double], _ weights: [Double]?, _ posterior: [Double]) -> RowCriteria {
            RowCriteria(likelihoods, logWeights: weights, posterior: posterior) { _ in 0 }
        }
        // A draw that gives density 0 would count most, were it left out.
        var zero = likelihoods
        zero[7] = -.infinity
        #expect(criteria(zero, nil, equal).paretoShape == .infinity && criteria(likelihoods, nil, equal).paretoShape < 1)
        // Where the joint density has no number the draw does not count.
        var (weights, missing) = (Array(repeating: 0.0, count: 200), likelihoods)
        (weights[3], missing[3]) = (.nan, .nan)
        let posterior = ParetoSmoothing(weights).logWeights
        let (without, found) = (Array(likelihoods[..<3] + likelihoods[4...]), criteria(missing, weights, posterior))
        let others = criteria(without, Array(repeating: 0, count: 199), Array(repeating: -log(199.0), count: 199))
        #expect(abs(found.leftOut - others.leftOut) < 1e-9 && abs(found.density - others.density) < 1e-12)
        #expect(abs(found.variance - others.variance) < 1e-12)
        let none = criteria(likelihoods, Array(repeating: .nan, count: 200), Array(repeating: .nan, count: 200))
        #expect(none.leftOut.isNaN && none.density.isNaN && none.variance.isNaN && none.paretoShape.isNaN)
        #expect(CriterionSum([]).total.isNaN && CriterionSum([2]).total == 2 && CriterionSum([2]).error.isNaN)
        #expect(CriterionSum([1, 3]).total == 4 && abs(CriterionSum([1, 3]).error - 2) < 1e-12)
    }
}
