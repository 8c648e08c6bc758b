import Foundation

/// The data of the cases that have no file. Every line has its twin in `peers/generated_data.py`: the same operations
/// in the same order, since a sum in another order is another number. `exp` may differ in its last bit, which only
/// moves a threshold that a random number is compared with.
enum GeneratedData {
    struct Table: Sendable {
        /// Row-major.
        var design: [Double] = []
        var outcome: [Double] = []
    }

    struct Counts: Sendable {
        var group: [Int] = []
        var slope: [Double] = []
        var count: [Double] = []
    }

    /// Counts in groups, log rate 1 + 0.4 x + 0.5 effect of the group.
    static func counts(rows: Int, groups: Int) -> Counts {
        let (places, x, effect, draw) = (stream(10), stream(11), stream(12), stream(13))
        var table = Counts()
        for row in 0..<rows {
            let group = Int(places.uniform(row) * Double(groups))
            let slope = x.flat(row)
            let rate = exp(1 + 0.4 * slope + 0.5 * effect.noise(group))
            table.group.append(group)
            table.slope.append(slope)
            table.count.append(poisson(rate, draw.uniform(row)))
        }
        return table
    }

    /// The smallest count whose cumulative probability exceeds a number; at most 199.
    static func poisson(_ rate: Double, _ uniform: Double) -> Double {
        var probability = exp(-rate)
        var cumulative = probability
        var count = 0.0
        while cumulative <= uniform, count < 199 {
            count += 1
            probability = probability * rate / count
            cumulative = cumulative + probability
        }
        return count
    }

    /// A linear regression with noise of 0.5, of which one row in twenty has sixteen times as much.
    static func regressionWithOutliers(rows: Int, columns: Int) -> Table {
        let (x, noise, share) = (stream(20), stream(22), stream(23))
        let weights = (0..<columns).map { stream(21).noise($0) }
        var table = Table()
        for row in 0..<rows {
            let values = (0..<columns).map { x.flat(row * columns + $0) }
            let scale = share.uniform(row) < 0.05 ? 8 : 0.5
            table.design += values
            table.outcome.append(predictor(1, weights, values) + scale * noise.noise(row))
        }
        return table
    }

    /// A linear regression for each lane, with weights and noise of its own.
    static func regressions(lanes: Int, rows: Int, columns: Int) -> Table {
        var table = Table()
        table.design.reserveCapacity(lanes * rows * columns)
        table.outcome.reserveCapacity(lanes * rows)
        for lane in 0..<lanes {
            let own = stream(1_000_000 + lane)
            let weights = (0..<columns).map { own.noise($0) }
            let level = own.noise(columns)
            // The places behind those of the weights.
            let (firstNoise, firstValue) = (columns + 1, 4 * (columns + 1 + rows))
            for row in 0..<rows {
                let values = (0..<columns).map { own.flat(firstValue + row * columns + $0) }
                table.design += values
                table.outcome.append(predictor(level, weights, values) + 0.7 * own.noise(firstNoise + row))
            }
        }
        return table
    }

    /// A logistic regression with weights of standard deviation 0.5.
    static func logistic(rows: Int, columns: Int) -> Table {
        let (x, draw) = (stream(30), stream(32))
        let weights = (0..<columns).map { 0.5 * stream(31).noise($0) }
        var table = Table()
        table.design.reserveCapacity(rows * columns)
        for row in 0..<rows {
            let values = (0..<columns).map { x.flat(row * columns + $0) }
            let linear = predictor(-0.5, weights, values)
            table.design += values
            table.outcome.append(draw.uniform(row) * (1 + exp(-linear)) < 1 ? 1 : 0)
        }
        return table
    }

    /// Means of standard deviation 1.5, each seen once with noise of 1.
    static func means(_ count: Int) -> [Double] {
        let (mean, noise) = (stream(40), stream(41))
        return (0..<count).map { 1.5 * mean.noise($0) + noise.noise($0) }
    }

    static func stream(_ number: Int) -> HashedNumbers { HashedNumbers(stream: number) }

    static func predictor(_ level: Double, _ weights: [Double], _ values: [Double]) -> Double {
        var sum = level
        for (weight, value) in zip(weights, values) { sum = sum + weight * value }
        return sum
    }
}
