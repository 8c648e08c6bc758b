import Foundation
import Lockstep
import TestSupport
import Testing

/// A regression of a reference posterior in orthogonal coordinates (a linear map, so a flat prior stays flat): there the
/// posterior hardly correlates, and a mean-field guide can be held to its standard deviations too.
@Suite(.enabled(if: ReferencePosterior.folder != nil, "there is no folder shared/posteriordb beside the repository"))
struct OrthogonalRegressionTests {
    @Test func kidScores() throws {
        let data = try ReferencePosterior.read("kidiq")
        let reference = try ReferencePosterior.read("reference")["kidiq-kidscore_interaction"]["reference"]
        let school = data["mom_hs"].numbers
        let iq = data["mom_iq"].numbers
        let columns = [school.map { _ in 1 }, school, iq, zip(school, iq).map(*)]
        let fits = try Regression(columns, data["kid_score"].numbers).fit { m, _ in m.sample("sigma", HalfCauchy(2.5)) }
        #expect(fits.status.allSatisfy { $0 == .finished })
        let draws = try (0..<fits.lanes).map { try fits[$0].sample(400) }
        for name in ["beta[1]", "beta[2]", "beta[3]", "beta[4]", "sigma"] {
            let site = name == "sigma" ? name : "beta"
            let element = Int(name.filter(\.isNumber)).map { $0 - 1 } ?? 0
            let values = draws.flatMap { lane in (0..<400).map { lane[site]?[$0][element] ?? .nan } }
            let expected = reference[name]
            try #require(!expected.members.isEmpty)
            let distance = abs(Statistics.mean(values) - expected["mean"].number) / expected["sd"].number
            let ratio = Statistics.variance(values).squareRoot() / expected["sd"].number
            #expect(distance < 0.3, "\(name) is \(distance) sd off")
            #expect(0.8 < ratio && ratio < 1.2, "\(name): sd ratio \(ratio)")
        }
    }
}

/// y ~ N(X beta, sigma) with a flat prior on beta, in orthogonal coordinates: beta = inverse(R) gamma, X = Q R.
private struct Regression {
    let orthogonal: [[Double]]
    /// Of beta by gamma, row-major.
    let back: [Double]
    let y: [Double]

    init(_ columns: [[Double]], _ y: [Double]) {
        let count = columns.count
        let rows = Double(y.count)
        var q: [[Double]] = []
        // Upper triangular: column j of X is the sum over i of q_i r_ij. The columns of Q have mean square 1.
        var r = Array(repeating: Array(repeating: 0.0, count: count), count: count)
        for (j, column) in columns.enumerated() {
            var rest = column
            // Twice, since once leaves rounding where columns are nearly parallel.
            for _ in 0..<2 {
                for i in 0..<j {
                    let share = zip(q[i], rest).map(*).reduce(0, +) / rows
                    r[i][j] += share
                    rest = zip(rest, q[i]).map { $0 - share * $1 }
                }
            }
            r[j][j] = (rest.map { $0 * $0 }.reduce(0, +) / rows).squareRoot()
            q.append(rest.map { $0 / r[j][j] })
        }
        var inverse = Array(repeating: Array(repeating: 0.0, count: count), count: count)
        for column in 0..<count {
            for row in stride(from: count - 1, through: 0, by: -1) {
                let known = (row + 1..<count).map { r[row][$0] * inverse[$0][column] }.reduce(0, +)
                inverse[row][column] = ((row == column ? 1 : 0) - known) / r[row][row]
            }
        }
        orthogonal = q
        back = inverse.flatMap { $0 }
        self.y = y
    }

    func fit(_ noise: @escaping @Sendable (inout ModelContext, Tensor) -> Tensor) throws -> Fits {
        let rows = y.count
        let count = orthogonal.count
        let back = back
        // Least squares, as a start: it saves the way there.
        let center = orthogonal.map { column in zip(column, y).map(*).reduce(0, +) / Double(rows) }
        let deviation = (y.map { $0 * $0 }.reduce(0, +) / Double(rows) - center.map { $0 * $0 }.reduce(0, +)).squareRoot()
        // In these units each coordinate has the posterior standard deviation of log sigma.
        let unit = deviation * 2.0.squareRoot()
        let start = center.map { $0 / unit }
        let model = Model { m in
            let q = m.data("q", shape: [rows, count])
            let gamma = m.sample("gamma", Normal(Tensor(start), 1e4).toEvent(1))
            let beta = m.deterministic("beta", matmul(Tensor(back, shape: [count, count]), gamma * Tensor(unit)))
            let sigma = noise(&m, beta)
            m.plate("rows", rows) { m in m.observe("y", Normal(matmul(q, gamma * Tensor(unit)), sigma), m.data("y", shape: [rows])) }
        }
        let design = (0..<rows).flatMap { row in orthogonal.map { $0[row] } }
        let initializer = Initializer.value(["gamma": Tensor(start), "sigma": Tensor(deviation)])
        return try SVI(
            model, guide: AutoNormal(model, initializer: initializer, initialScale: 1 / Double(2 * rows).squareRoot()),
            optimizer: Adam(learningRate: 0.002)
        ).run(keys: Key(0).split(32), steps: 1500, data: ["q": .shared(design), "y": .shared(y)])
    }
}
