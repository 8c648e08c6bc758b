import Lockstep
import LockstepModel
import LockstepTensor
import Testing

@testable import LockstepInference

/// Draws of different sites are different draws, or an error names the sites.
@Suite struct StreamTests {
    private static func error(_ model: Model, _ guide: any Guide) -> String? {
        errorText { _ = try SVI(model, guide: guide, optimizer: Adam()).run(keys: [Key(0)], steps: 1, device: .cpu) }
    }

    private static func rename(_ a: String, _ b: String) -> String {
        "sites '\(a)' and '\(b)' would get the same draws, since the 32-bit hashes of their names are equal; rename one of them"
    }

    /// Names whose hashes are equal, found by search: both in the guide; one in the guide, one hidden from it; a
    /// substream (of Student's t) and a site.
    @Test func collisionsAreErrors() {
        let both = Model { m in
            m.sample("site55119", Normal(0, 1))
            m.sample("site425916", Normal(0, 1))
        }
        #expect(Self.error(both, AutoNormal(both)) == Self.rename("site425916", "site55119"))
        // Points draw nothing.
        #expect(Self.error(both, AutoDelta(both)) == nil)
        let across = Model { m in
            m.sample("a146558", Normal(0, 1))
            let b = m.sample("b129102", Normal(0, 1))
            m.factor("f", -b * b)
        }
        let partly = across.block(hide: ["b129102"])
        #expect(Self.error(partly, AutoNormal(partly)) == Self.rename("a146558", "b129102"))
        let substream = Model { m in
            let t = m.sample("t175", StudentT(3))
            let u = m.sample("u27896", Normal(0, 1))
            m.factor("f", -t * t - u * u)
        }.block(hide: ["t175", "u27896"])
        #expect(Self.error(substream, Model { m in m.param("p", 1) }) == Self.rename("t175", "u27896"))
    }

    /// A guide's site `x` and a hidden site `guide/x` have draws of their own; so have others whose names hold slashes.
    @Test(arguments: TestDevice.all)
    func purposeAndNameDoNotRunTogether(_ device: TestDevice) throws {
        let model = Model { m in
            let x = m.sample("x", Normal(0, 1))
            let other = m.sample("guide/x", Normal(0, 1))
            m.deterministic("difference", x - other)
        }.block(hide: ["guide/x"])
        let guide = Model { m in m.sample("x", Normal(m.param("loc", 0), 1)) }
        let fits = try SVI(model, guide: guide, optimizer: Adam()).run(keys: [Key(7)], steps: 1, device: device.device)
        let difference = try #require(try fits[0].sample(400)["difference"])
        let spread = (0..<400).map { difference[$0][0] * difference[$0][0] }.reduce(0, +) / 400
        // Of two independent standard normal variates: 2, with standard error 0.14.
        #expect(abs(spread - 2) < 0.6)
        #expect(Self.error(model, AutoNormal(model)) == nil)
    }

    @Test func pathsAreInjective() {
        var paths: [String: String] = [:]
        for purpose in ["step", "step/guide", "initial", "posterior", "posterior/guide"] {
            for site in ["x", "guide/x", "/x", "guide//x", "/guide/x", "x/", "//x", "", "/", "guide", "guide/", "/guide"] {
                let path = RandomSource(site: site, purpose: purpose, origin: Origin()).path
                let other = paths.updateValue("\(purpose), \(site)", forKey: path)
                #expect(other == nil, "\(other ?? "") and \(purpose), \(site)")
            }
        }
    }

    /// The streams of names without a slash are what they always were.
    @Test func streamsOfPlainNamesStay() {
        let source = RandomSource(site: "theta", purpose: "step/guide", origin: Origin())
        #expect(source.stream == StreamHash.hash("step/guide/theta"))
        #expect(source.substream("gamma").stream == StreamHash.hash("gamma", seed: source.stream))
    }

    /// The same stream twice is one draw, not two, and no collision.
    @Test func oneSourceMayBeReadTwice() {
        let model = Model { m in
            for number in 0..<200 { m.sample("z\(number)", StudentT(5)) }
        }
        #expect(Self.error(model, Model { m in m.param("p", 1) }) == nil)
        #expect(Self.error(model, AutoNormal(model, initializer: .median)) == nil)
    }
}
