import Testing

@testable import lockstep_bench

/// There is a ratio of speeds only where both programs fitted the same thing.
@Suite struct AgreementTests {
    static func side(
        _ centre: Double? = 100, sd: Double? = 1, median: Double? = 100, lost: Int = 0, checksum: String = "a"
    ) -> Agreement.Side {
        .init(mean: centre, sd: sd, median: median, lost: lost, checksum: checksum)
    }

    static func objection(
        _ a: Agreement.Side, _ b: Agreement.Side, in name: String = "eight-schools", lanes: Int = 400
    ) throws -> String? {
        Agreement(try BenchmarkCase.named(name), lanes: lanes, lockstep: a, peer: b).objection
    }

    @Test func likeAgreesWithLike() throws {
        #expect(try Self.objection(Self.side(), Self.side()) == nil)
    }

    /// With 400 lanes of standard deviation 1 on each side, 4 pooled standard errors are 0.283, and 0.2 % of 100 is 0.2.
    @Test(arguments: [1.0, -1.0]) func centresMayDifferByTheRuleAndNoMore(_ sign: Double) throws {
        #expect(try Self.objection(Self.side(100 + sign * 0.48), Self.side()) == nil)
        let objection = try #require(try Self.objection(Self.side(100 + sign * 0.49), Self.side()))
        #expect(objection.hasPrefix("the losses differ by "))
        #expect(objection.hasSuffix("0.483 is allowed"))
    }

    @Test func otherDataDoNotAgree() throws {
        #expect(try Self.objection(Self.side(checksum: "a"), Self.side(checksum: "b")) == "the data differ")
    }

    @Test func oneLaneInAHundredMayBeLost() throws {
        #expect(try Self.objection(Self.side(lost: 4), Self.side()) == nil)
        #expect(try Self.objection(Self.side(lost: 5), Self.side()) == "lanes were lost: 5 and 0")
        #expect(try Self.objection(Self.side(), Self.side(lost: 5)) == "lanes were lost: 0 and 5")
    }

    @Test func nothingDoesNotAgree() throws {
        #expect(try Self.objection(Self.side(nil), Self.side()) != nil)
        #expect(try Self.objection(Self.side(), Self.side(.nan)) != nil)
        #expect(try Self.objection(Self.side(sd: nil), Self.side()) != nil)
    }

    /// Where fits end in several optima, medians are compared, and means are not.
    @Test func severalOptimaAreComparedByMedians() throws {
        let several = try #require(BenchmarkCase.all.first { $0.hasSeveralOptima }).name
        #expect(try Self.objection(Self.side(100), Self.side(150), in: several) == nil)
        #expect(try Self.objection(Self.side(median: 101), Self.side(), in: several) != nil)
        #expect(try Self.objection(Self.side(100), Self.side(150)) != nil)
    }
}
