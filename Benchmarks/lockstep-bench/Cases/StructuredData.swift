import Foundation

/// The data of the structured cases. Here too every line has its twin in `peers/generated_data.py`.
extension GeneratedData {
    /// GARCH(1, 1), from its stationary variance.
    static func volatileSeries(_ count: Int) -> [Double] {
        let noise = stream(50)
        var variance = 0.5
        return (0..<count).map { place in
            let value = variance.squareRoot() * noise.noise(place)
            variance = 0.1 + 0.3 * value * value + 0.5 * variance
            return value
        }
    }

    /// A state that is kept nine times in ten, and left for any of the others.
    static func statesSeenInNoise(_ count: Int, states: Int) -> [Double] {
        let (leaving, way, noise) = (stream(51), stream(52), stream(53))
        var state = 0
        return (0..<count).map { place in
            if leaving.uniform(place) < 0.1 { state = (state + 1 + Int(way.uniform(place) * Double(states - 1))) % states }
            return 2 * Double(state) - Double(states - 1) + 0.5 * noise.noise(place)
        }
    }

    /// ARMA(1, 1): 0.5 + 0.7 of the value before + 0.4 of the error before.
    static func movingAverage(_ count: Int) -> [Double] {
        let noise = stream(54)
        var (value, before) = (1.5, 0.0)
        return (0..<count).map { place in
            let error = noise.noise(place)
            value = 0.5 + 0.7 * value + error + 0.4 * before
            before = error
            return value
        }
    }

    /// Hares and lynxes, by fourth-order Runge-Kutta steps of a tenth, seen with noise of a fifth.
    static func predators(times: Int, stepsBetween: Int) -> (hares: [Double], lynxes: [Double]) {
        func change(_ u: Double, _ v: Double) -> (Double, Double) { ((0.55 - 0.028 * v) * u, (0.024 * u - 0.8) * v) }
        let (hareNoise, lynxNoise) = (stream(55), stream(56))
        let step = 1 / Double(stepsBetween)
        var (u, v) = (30.0, 6.0)
        var (hares, lynxes): ([Double], [Double]) = ([], [])
        for time in 0..<times {
            hares.append(u * (1 + 0.2 * hareNoise.noise(time)))
            lynxes.append(v * (1 + 0.2 * lynxNoise.noise(time)))
            for _ in 0..<stepsBetween {
                let (u1, v1) = change(u, v)
                let (u2, v2) = change(u + 0.5 * step * u1, v + 0.5 * step * v1)
                let (u3, v3) = change(u + 0.5 * step * u2, v + 0.5 * step * v2)
                let (u4, v4) = change(u + step * u3, v + step * v3)
                u = u + step * (u1 + 2 * u2 + 2 * u3 + u4) / 6
                v = v + step * (v1 + 2 * v2 + 2 * v3 + v4) / 6
            }
        }
        return (hares, lynxes)
    }

    /// Counts at places in [0, 10), one in each of as many equal parts: many near 3, few near 7.
    static func countsAlongALine(_ count: Int) -> (place: [Double], count: [Double]) {
        let (shift, draw) = (stream(57), stream(58))
        let places = (0..<count).map { 10 * (Double($0) + shift.uniform($0)) / Double(count) }
        let counts = places.enumerated().map { number, x in
            let (many, few) = (exp(-0.5 * (x - 3) * (x - 3)), exp(-0.5 * (x - 7) * (x - 7)))
            return poisson(exp(1 + 1.5 * many - 1.5 * few), draw.uniform(number))
        }
        return (places, counts)
    }

    /// A linear regression with weights of standard deviation 0.5 and noise of 0.7.
    static func linear(rows: Int, columns: Int) -> Table {
        let (x, noise) = (stream(60), stream(62))
        let weights = (0..<columns).map { 0.5 * stream(61).noise($0) }
        var table = Table()
        for row in 0..<rows {
            let values = (0..<columns).map { x.flat(row * columns + $0) }
            table.design += values
            table.outcome.append(predictor(0.5, weights, values) + 0.7 * noise.noise(row))
        }
        return table
    }

    /// A random walk in steps of 0.2, seen with noise of 0.5.
    static func wanderingLevel(_ count: Int) -> [Double] {
        let (step, noise) = (stream(63), stream(64))
        var level = 0.0
        return (0..<count).map { place in
            level = level + 0.2 * step.noise(place)
            return level + 0.5 * noise.noise(place)
        }
    }
}
