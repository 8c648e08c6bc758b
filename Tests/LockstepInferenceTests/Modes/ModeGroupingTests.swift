import Lockstep
import Testing

@testable import LockstepInference

/// The grouping of lanes on numbers made by hand.
@Suite struct ModeGroupingTests {
    private func lane(
        _ lane: Int, _ elbo: Double, _ locations: [Double], spreads: [Double]? = nil, error: Double = 0.05, nonFinite: Double = 0
    ) -> LaneSummary {
        LaneSummary(
            lane: lane, nonFinite: nonFinite, elbo: elbo, elboError: error, locations: locations, spreads: spreads ?? locations.map { _ in 0.1 })
    }

    private func groups(
        _ lanes: [LaneSummary], exchangeable: [ComponentCoordinates] = [], tolerance: ModeTolerance = ModeTolerance()
    ) -> (groups: [ModeGrouping.Group], unassigned: [Int]) {
        ModeGrouping(tolerance, exchangeable: exchangeable, coordinates: lanes.first?.locations.count ?? 0).groups(lanes)
    }

    private func lanes(_ lanes: [LaneSummary]) -> [[Int]] { groups(lanes).groups.map(\.lanes) }

    static func relabelled(_ lane: LaneSummary, _ number: Int) -> LaneSummary {
        LaneSummary(
            lane: number, nonFinite: lane.nonFinite, elbo: lane.elbo, elboError: lane.elboError, locations: lane.locations,
            spreads: lane.spreads)
    }

    /// Two places, one of which has the better ELBOs, and lanes in any order.
    @Test func orderDoesNotMatter() {
        let all = (0..<12).map { number in
            let isFirst = number % 3 != 0
            return lane(number, (isFirst ? -10 : -30) + 0.01 * Double(number), [isFirst ? 1 : -1, 0.01 * Double(number)])
        }
        let expected = [[11, 10, 8, 7, 5, 4, 2, 1], [9, 6, 3, 0]]
        #expect(lanes(all) == expected)
        for seed in 0..<20 {
            let shuffled = all.sorted { Key(UInt64(seed)).fold($0.lane).low < Key(UInt64(seed)).fold($1.lane).low }
            #expect(lanes(shuffled) == expected)
            // Lanes of other numbers: the same numbers are together, whatever the lanes are called.
            let renamed = shuffled.enumerated().map { Self.relabelled($1, $0) }
            #expect(lanes(renamed).map { $0.map { shuffled[$0].lane } } == expected)
        }
    }

    /// A chain of lanes with one ELBO, each near to the next: which of them found modes must not hang on their numbers.
    @Test func tiesDoNotHangOnNumbers() {
        let chain = (0..<9).map { lane($0, -5, [0.15 * Double($0)]) }
        let expected = lanes(chain).map { Set($0.map { chain[$0].locations }) }
        #expect(expected.count > 1 && expected.count < 9)
        for seed in 0..<20 {
            let shuffled = chain.sorted { Key(UInt64(seed)).fold($0.lane).low < Key(UInt64(seed)).fold($1.lane).low }
                .enumerated().map { Self.relabelled($1, $0) }
            #expect(lanes(shuffled).map { Set($0.map { shuffled[$0].locations }) } == expected)
        }
    }

    @Test func whatIsNoNumberBelongsToNone() {
        let all = [
            lane(0, -1, [0, 0]), lane(1, .nan, [0, 0]), lane(2, -1, [.nan, 0]), lane(3, -1, [0, 0], spreads: [0.1, .infinity]),
            lane(4, -1.1, [0.01, 0]), lane(5, -1, [0, .infinity]), lane(6, -1, [0, 0], nonFinite: .nan),
        ]
        let found = groups(all)
        #expect(found.groups.map(\.lanes) == [[0, 4]] && found.unassigned == [1, 2, 3, 5, 6])
        #expect(groups([]).groups.isEmpty && groups([lane(3, .nan, [])]).unassigned == [3])
    }

    /// Lanes with draws that are not finite come after all others, as in `Fits.best`.
    @Test func ranksAreThoseOfFits() {
        #expect(lanes([lane(0, 100, [0], nonFinite: 0.1), lane(1, -5, [9]), lane(2, -3, [5])]) == [[2], [1], [0]])
    }

    @Test func elbosMustAgreeWithinTheirErrors() {
        func two(_ difference: Double, _ error: Double) -> Int {
            lanes([lane(0, 0, [1], error: error), lane(1, -difference, [1], error: error)]).count
        }
        // 1 + 3 sqrt(2) times the error.
        #expect(two(0.9, 0) == 1 && two(1.1, 0) == 2)
        #expect(two(5.1, 1) == 1 && two(5.4, 1) == 2)
        #expect(two(1000, .nan) == 1)
    }

    @Test func locationsAndSpreadsMustAgree() {
        func two(_ shift: Double, _ spread: Double) -> Int {
            lanes([lane(0, 0, [1, 1]), lane(1, -0.1, [1, 1 + shift], spreads: [0.1, spread])]).count
        }
        #expect(two(0.19, 0.1) == 1 && two(0.21, 0.1) == 2 && two(-0.19, 0.1) == 1 && two(-0.21, 0.1) == 2)
        #expect(two(0, 0.19) == 1 && two(0, 0.21) == 2 && two(0, 0.051) == 1 && two(0, 0.049) == 2 && two(0, 0) == 2)
        // Two standard deviations of 0.1 and 0.19: sqrt((0.01 + 0.0361) / 2) each.
        #expect(two(0.30, 0.19) == 1 && two(0.31, 0.19) == 2)
    }

    @Test func pointsMustBeNearlyEqual() {
        func two(_ a: Double, _ b: Double) -> Int { lanes([lane(0, 0, [a], spreads: [0]), lane(1, 0, [b], spreads: [0])]).count }
        #expect(two(0, 0.009) == 1 && two(0, 0.011) == 2 && two(500, 504.9) == 1 && two(500, 506) == 2 && two(2, -2) == 2)
    }

    // MARK: Components that change places

    /// Weights and means of components, of two coordinates each.
    private func mixture(_ number: Int, _ order: [Int], elbo: Double = -1, shift: Double = 0) -> LaneSummary {
        lane(number, elbo, [7] + order.map { 0.3 * Double($0) } + order.flatMap { [10 * Double($0) + shift, -Double($0)] })
    }

    private func components(_ count: Int) throws -> ComponentCoordinates {
        try ComponentCoordinates(["weights", "means"], in: [("other", []), ("weights", [count]), ("means", [count, 2])])
    }

    @Test func ordersOfComponentsAreOneMode() throws {
        let orders = AssignmentTests.permutations([0, 1, 2, 3])
        let all = orders.enumerated().map { mixture($0, $1, elbo: -Double($0) / 100, shift: 0.01 * Double($0 % 5)) }
        let found = try groups(all, exchangeable: [components(4)]).groups
        #expect(found.map(\.lanes) == [Array(0..<24)])
        for (number, order) in orders.enumerated() {
            let permutation = try #require(found.first?.permutations[number]?.first)
            // The representative has the first order, 0, 1, 2, 3.
            #expect(permutation.map { order[$0] } == [0, 1, 2, 3])
        }
        #expect(Set(found[0].permutations.values).count == 24)
        // Of four coordinates that differ, none may change places.
        #expect(groups(all).groups.count == 24)
    }

    @Test func componentsMoveTogether() throws {
        // The weights of one order with the means of another are another posterior.
        let straight = mixture(0, [0, 1, 2])
        var crossed = straight.locations
        crossed.swapAt(1, 3)
        let apart = lane(1, -1.05, crossed)
        #expect(try groups([straight, apart], exchangeable: [components(3)]).groups.count == 2)
        // Unless each may move by itself.
        let layout: [(name: String, shape: Shape)] = [("other", []), ("weights", [3]), ("means", [3, 2])]
        let both = try [ComponentCoordinates(["weights"], in: layout), ComponentCoordinates(["means"], in: layout)]
        let found = groups([straight, apart], exchangeable: both).groups
        #expect(found.count == 1 && found[0].permutations[1] == [[2, 1, 0], [0, 1, 2]])
        // What does not move must be near, too.
        var other = straight.locations
        other[0] = 8
        #expect(try groups([straight, lane(1, -1, other)], exchangeable: [components(3)]).groups.count == 2)
    }

    /// Of the permutations of near components one is found, though another would be nearer in the sum of squares.
    @Test func nearComponentsAreFoundIfThereAreAny() {
        let pair = ComponentCoordinates(components: [[0, 1], [2, 3]])
        // Component by component all shifts are 1.9 standard deviations; crosswise they are 0 and 2.1.
        let a = lane(0, 0, [0, 0, 0.19, 0.4])
        let b = lane(1, 0, [0.19, 0.19, 0, 0.21])
        let found = groups([a, b], exchangeable: [pair]).groups
        #expect(found.count == 1 && found.first?.permutations[1] == [[0, 1]])
    }

    @Test func twelveComponents() throws {
        let order = (0..<12).map { ($0 * 5 + 2) % 12 }
        let found = try groups([mixture(0, Array(0..<12)), mixture(1, order, elbo: -1.5)], exchangeable: [components(12)]).groups
        #expect(found.count == 1)
        #expect(found[0].permutations[1]?[0].map { order[$0] } == Array(0..<12))
    }

    @Test func axesAreFound() throws {
        let layout: [(name: String, shape: Shape)] = [("a", [2]), ("b", [2, 3]), ("c", [3]), ("s", [])]
        #expect(try ComponentCoordinates(ExchangeableSites(["b"], axes: ["b": 1]), in: layout).components == [[2, 5], [3, 6], [4, 7]])
        #expect(
            try ComponentCoordinates(ExchangeableSites(["c", "b"], axes: ["b": -1]), in: layout).components == [[8, 2, 5], [9, 3, 6], [10, 4, 7]])
        #expect(try ComponentCoordinates(["a", "b"], in: layout).components == [[0, 2, 3, 4], [1, 5, 6, 7]])
        func text(_ sites: ExchangeableSites) -> String? { errorText { _ = try ComponentCoordinates(sites, in: layout) } }
        #expect(text(["a", "x"]) == "exchangeable sites: 'x' is not among the sites that are compared: a, b, c, s")
        #expect(text(["s"]) == "exchangeable sites: 's' has shape [] and no axis 0 for its components")
        #expect(text(ExchangeableSites(["b"], axes: ["b": 2])) == "exchangeable sites: 'b' has shape [2, 3] and no axis 2 for its components")
        #expect(
            text(["a", "c"])
                == "exchangeable sites: 'a' has 2 components and 'c', of shape [3], has 3 along axis 0; "
                + "sites that are permuted together need as many")
        #expect(text([]) == "a group of exchangeable sites is empty; name its sites or leave it out")
        #expect(
            text(ExchangeableSites(["a"], axes: ["b": 1]))
                == "exchangeable sites: there is an axis for 'b', which is not one of the group's sites: a")
        #expect(text(ExchangeableSites(["b"], axes: ["b": .min])) != nil && text(ExchangeableSites(["b"], axes: ["b": .max])) != nil)
    }
}
