import Lockstep
import Testing

@testable import LockstepInference

@Suite struct SummaryTests {
    private static func summary(_ sites: [(String, Shape)]) -> Summary {
        Summary(
            lane: 0,
            sites.map { name, shape in
                let values = (0..<shape.elementCount).map(Double.init)
                return SiteStatistics(
                    name: name, shape: shape, lanes: [.init(mean: values, sd: values, quantiles: [values, values, values])])
            })
    }

    @Test func rowsAreThoseOfTheQueries() throws {
        let fits = try PosteriorTests.fits(3)
        let summary = try fits[1].summary()
        #expect(summary.lane == 1 && summary.sites == PosteriorTests.sites)
        #expect(summary.count == 1 + 1 + 3 + 1 + 4 + 4 + 1)
        for site in summary.sites {
            let rows = summary[site]
            #expect(try rows.map(\.mean) == fits[1].mean(site) && rows.map(\.sd) == fits[1].sd(site))
            let quantiles = try fits[1].quantiles(site, [0.05, 0.5, 0.95])
            #expect(rows.map(\.q05) == quantiles[0] && rows.map(\.median) == quantiles[1] && rows.map(\.q95) == quantiles[2])
            #expect(rows.allSatisfy { $0.site == site && $0.q05 < $0.median && $0.median < $0.q95 })
        }
        #expect(summary.map(\.name).prefix(4) == ["a", "rate", "w[0]", "w[1]"])
        #expect(summary.shape(of: "w") == [3] && summary.shape(of: "a") == [] && summary.shape(of: "nothing") == nil)
        #expect(summary["nothing"].isEmpty)
        let lines = "\(summary)".split(separator: "\n")
        #expect(lines.count == summary.count + 1 && Set(lines.map(\.count)).count == 1)
        #expect(lines[0].split(separator: " ") == ["site", "mean", "sd", "5%", "50%", "95%"])
    }

    @Test func indicesAreRowMajor() {
        let summary = Self.summary([("a", []), ("b", [2, 3]), ("c", [2, 1, 2])])
        #expect(
            summary.map(\.name) == [
                "a", "b[0,0]", "b[0,1]", "b[0,2]", "b[1,0]", "b[1,1]", "b[1,2]", "c[0,0,0]", "c[0,0,1]", "c[1,0,0]", "c[1,0,1]",
            ])
        #expect(summary["b"].map(\.index) == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]])
        #expect(summary["c"].map(\.mean) == [0, 1, 2, 3])
    }

    @Test func longArraysAreCut() {
        let text = "\(Self.summary([("a", []), ("b", [3, 2]), ("c", [85]), ("d", [12])]))"
        #expect(text.contains("\na  "))
        #expect(text.contains("b[2,1]"))
        #expect(text.contains("c[9]"))
        #expect(!text.contains("c[10]"))
        #expect(text.contains("d[11]"))
        #expect(text.contains("c has 85 elements; the first 10 are shown"))
    }

    @Test func numbersHaveFourDigits() {
        let shown = [0, 0.12344, -1.2344, 12.344, 123.44, 1234.4, 1.5e7, 2e-5].map(Summary.number)
        #expect(shown == ["0.0000", "0.1234", "-1.234", "12.34", "123.4", "1234", "1.500e+07", "2.000e-05"])
    }

    /// As a lane that does not exist, a row that does not exist is no trap.
    @Test func rowsThatDoNotExistAreOfNaN() {
        let summary = Self.summary([("a", [2])])
        for place in [2, -1, .min, .max] {
            #expect(summary[place].site == "" && summary[place].mean.isNaN && summary[place].q95.isNaN && summary[place].name == "")
        }
        #expect(summary[1].name == "a[1]")
    }
}
