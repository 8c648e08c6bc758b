import Foundation
import Lockstep
import TestSupport
import Testing

/// A model of ragged data, and the same for one lane whose arrays have lengths of their own.
struct RaggedCase: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// Reads how long arrays are from what is bound.
    let model: Model
    /// Data of a lane that has so many rows.
    let data: @Sendable (_ rows: Int, _ lane: Int) -> [String: Value]

    enum Value: Sendable {
        case rows([Double])
        case matrix([[Double]], columns: Int)
        case shared([Double])
    }

    /// Lengths about the places where loops end, empty ones too, in no order.
    static let lengths = [65, 1, 300, 0, 64, 2, 1500, 63, 128, 17, 129, 5, 0, 700, 1024, 31, 96, 1025, 8, 190]

    /// Of lanes, as a batch has them.
    func ragged(_ lanes: [Int]) -> [String: LaneData] {
        let given = lanes.map { data(Self.lengths[$0], $0) }
        return Dictionary(
            uniqueKeysWithValues: (given.first ?? [:]).keys.map { name in
                var (rows, matrices, columns): ([[Double]], [[[Double]]], Int) = ([], [], 0)
                for values in given {
                    switch values[name] {
                    case .shared(let numbers)?: return (name, .shared(numbers))
                    case .rows(let numbers)?: rows.append(numbers)
                    case .matrix(let numbers, let width)?:
                        matrices.append(numbers)
                        columns = width
                    case nil: break
                    }
                }
                return (name, matrices.isEmpty ? .ragged(rows) : .ragged(matrices, columns: columns))
            })
    }

    /// Of one lane, as arrays of just its lengths.
    func plain(_ lane: Int) -> [String: LaneData] {
        data(Self.lengths[lane], lane).mapValues { value in
            switch value {
            case .rows(let numbers), .shared(let numbers): .shared(numbers)
            case .matrix(let rows, _): .shared(rows)
            }
        }
    }

    private static func numbers(_ count: Int, _ lane: Int, _ stream: UInt64) -> [Double] {
        var random = SplitMix64(seed: UInt64(lane) &* 1_000_003 &+ stream)
        return (0..<count).map { _ in Double(random.next() % 100_000) / 50_000 - 1 }
    }

    static let all: [RaggedCase] = [
        RaggedCase(
            testDescription: "light curves",
            model: Model { m in
                let (t, y, error) = (m.data("t"), m.data("y"), m.data("error"))
                let level = m.sample("level", Normal(0, 1))
                let height = m.sample("height", Normal(0, 1))
                let fall = m.sample("fall", HalfNormal(1))
                m.plate("rows", rowsOf: "y") { m in
                    m.observe("obs", StudentT(4, level + height * exp(-abs(t) / fall), error), y)
                }
            },
            data: { rows, lane in
                [
                    "t": .rows(numbers(rows, lane, 1)), "y": .rows(numbers(rows, lane, 2)),
                    "error": .rows(numbers(rows, lane, 3).map { 0.5 + $0 * $0 }),
                ]
            }),
        regression(columns: 3), regression(columns: 20),
        RaggedCase(
            testDescription: "counts by groups, some of them left out",
            model: Model { m in
                let y = m.data("y")
                let alpha = m.sample("alpha", Normal(0, 1), shape: [4])
                let group = m.indices("group", below: 4)
                m.plate("rows", rowsOf: "y") { m in
                    m.mask(m.data("weight") .!= 0) { m in m.observe("obs", Poisson(logRate: alpha[group]), y) }
                }
            },
            data: { rows, lane in
                let draws = numbers(rows, lane, 4)
                return [
                    "y": .rows(draws.map { floor(2 + 2 * $0) }), "group": .rows(draws.enumerated().map { Double(($0.offset * 7 + lane) % 4) }),
                    "weight": .rows(draws.map { $0 < 0.7 ? 1 : 0 }),
                ]
            }),
        RaggedCase(
            testDescription: "two plates of other lengths, and numbers in common",
            model: Model { m in
                let (y, z) = (m.data("y"), m.data("z"))
                let mu = m.sample("mu", Normal(m.data("prior", shape: [2])[0], m.data("prior", shape: [2])[1]))
                let scale = m.sample("scale", HalfCauchy(1))
                m.plate("first", rowsOf: "y") { m in m.observe("a", Normal(mu, scale), y) }
                m.plate("second", rowsOf: "z") { m in m.observe("b", StudentT(3, mu, 1), z) }
                let counts = Tensor.iota(y.shape[0]) .< m.rowCount("y")
                m.factor("mean", -0.1 * select(counts, y * mu, 0).sum() / pointwiseMax(m.rowCount("y").asReal, 1))
            },
            data: { rows, lane in
                ["y": .rows(numbers(rows, lane, 5)), "z": .rows(numbers(1 + rows * 3 % 200, lane, 6)), "prior": .shared([0.5, 2])]
            }),
    ]

    private static func regression(columns: Int) -> RaggedCase {
        RaggedCase(
            testDescription: "a regression on \(columns) columns",
            model: Model { m in
                let (x, y) = (m.data("x", rank: 2), m.data("y"))
                let weights = m.sample("weights", Normal(0, 1), shape: [columns])
                let scale = m.sample("scale", HalfNormal(1))
                m.plate("rows", rowsOf: "x") { m in m.observe("obs", Normal(matmul(x, weights), scale), y) }
            },
            data: { rows, lane in
                let x = numbers(rows * columns, lane, 7)
                return [
                    "x": .matrix((0..<rows).map { row in Array(x[(row * columns)..<((row + 1) * columns)]) }, columns: columns),
                    "y": .rows(numbers(rows, lane, 8)),
                ]
            })
    }
}
