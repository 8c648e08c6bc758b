import Foundation
import Lockstep
import TestSupport
import Testing

@testable import LockstepInference

/// Real posteriors, when the collection lies in ../shared/posteriordb: how far AutoNormal's means are from those of
/// long reference runs, in reference standard deviations.
///
/// The regressions are fitted in orthogonal coordinates (a linear map, so a flat prior stays flat): there the
/// posterior hardly correlates, and a mean-field guide can be held to a tight tolerance.
@Suite(.serialized) struct PosteriorDBTests {
    /// Nil, with a printed reason, where the collection is absent.
    private func load(_ name: String, _ posterior: String) throws -> (data: JSONValue, reference: JSONValue)? {
        guard let folder = Folders.shared?.appendingPathComponent("posteriordb") else {
            print("posteriordb is not next to the repository: \(posterior) was not fitted")
            return nil
        }
        let reference = try JSONValue.read(folder.appendingPathComponent("reference.json"))[posterior]["reference"]
        try #require(!reference.members.isEmpty)
        return (try JSONValue.read(folder.appendingPathComponent(name + ".json")), reference)
    }

    /// Draws of all lanes together.
    private func report(
        _ posterior: String, _ fits: Fits, _ reference: JSONValue, sites: [String], within tolerance: Double
    ) throws {
        let usable = fits.status.indices.filter { fits.status[$0] == .finished }
        #expect(usable.count == fits.lanes)
        let draws = try usable.map { try fits[$0].sample(400) }
        var lines: [String] = []
        for site in sites {
            let shape = draws[0][site]?.shape ?? []
            for element in 0..<max(shape.reduce(1, *), 1) {
                let name = shape.isEmpty ? site : "\(site)[\(element + 1)]"
                let expected = reference[name]
                try #require(!expected.members.isEmpty, "\(name)")
                let values = draws.flatMap { lane in (0..<400).map { lane[site]?[$0][element] ?? .nan } }
                let distance = abs(Statistics.mean(values) - expected["mean"].number) / expected["sd"].number
                let ratio = Statistics.variance(values).squareRoot() / expected["sd"].number
                lines.append("\(name) \(String(format: "%.3f", distance)) (sd ratio \(String(format: "%.2f", ratio)))")
                #expect(distance < tolerance, "\(posterior): \(name) is \(distance) sd off")
            }
        }
        print("\(posterior): |mean - reference| in sd: \(lines.joined(separator: ", "))")
    }

    @Test func eightSchools() throws {
        let posterior = "eight_schools-eight_schools_noncentered"
        guard let (data, reference) = try load("eight_schools", posterior) else { return }
        let model = Model { m in
            let sigma = m.data("sigma", shape: [8])
            let mu = m.sample("mu", Normal(0, 5))
            let tau = m.sample("tau", HalfCauchy(5))
            m.plate("school", 8) { m in
                let z = m.sample("z", Normal(0, 1))
                let theta = m.deterministic("theta", mu + tau * z)
                m.observe("y", Normal(theta, sigma), m.data("y", shape: [8]))
            }
        }
        let fits = try SVI(model, guide: AutoNormal(model), optimizer: Adam(learningRate: 0.01))
            .run(
                keys: Key(0).split(64), steps: 2000,
                data: ["y": .shared(data["y"].numbers), "sigma": .shared(data["sigma"].numbers)])
        try report(posterior, fits, reference, sites: ["mu", "tau", "theta"], within: 0.5)
    }

    @Test func kidScores() throws {
        let posterior = "kidiq-kidscore_interaction"
        guard let (data, reference) = try load("kidiq", posterior) else { return }
        let school = data["mom_hs"].numbers
        let iq = data["mom_iq"].numbers
        let columns = [school.map { _ in 1 }, school, iq, zip(school, iq).map(*)]
        let fits = try Regression(columns, data["kid_score"].numbers).fit { m, _ in m.sample("sigma", HalfCauchy(2.5)) }
        try report(posterior, fits, reference, sites: ["beta", "sigma"], within: 0.3)
    }

    @Test func mesquite() throws {
        let posterior = "mesquite-logmesquite"
        guard let (data, reference) = try load("mesquite", posterior) else { return }
        let ones = data["weight"].numbers.map { _ in 1.0 }
        let columns = [ones] + ["diam1", "diam2", "canopy_height", "total_height", "density"].map { data[$0].numbers.map { log($0) } }
            + [data["group"].numbers]
        // A flat prior on sigma > 0: a wide one, up to its density.
        let fits = try Regression(columns, data["weight"].numbers.map { log($0) }).fit { m, _ in m.sample("sigma", HalfNormal(1000)) }
        try report(posterior, fits, reference, sites: ["beta", "sigma"], within: 0.3)
    }

    @Test func bayesianLinearRegression() throws {
        let posterior = "sblrc-blr"
        guard let (data, reference) = try load("sblrc", posterior) else { return }
        let rows = data["X"].elements.map(\.numbers)
        let columns = (0..<5).map { column in rows.map { $0[column] } }
        let fits = try Regression(columns, data["y"].numbers).fit { m, beta in
            m.factor("prior", Normal(0, 10).logProb(beta).sum())
            return m.sample("sigma", HalfNormal(10))
        }
        try report(posterior, fits, reference, sites: ["beta", "sigma"], within: 0.3)
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
