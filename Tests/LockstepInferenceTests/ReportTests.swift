import Lockstep
import Testing

@testable import LockstepInference

/// The report behind this library (pyro-ppl/numpyro#1753): a guide over a seeded model with a hidden site and a
/// deterministic one. There lanes started at one point, or a second run failed.
@Suite struct ReportTests {
    struct Case: Sendable, CustomTestStringConvertible {
        enum Family: String, CaseIterable, Sendable { case delta = "AutoDelta", normal = "AutoNormal" }
        enum Seeding: String, CaseIterable, Sendable { case none = "no seed", inside = "seeded", outside = "seeded outside of block" }

        let family: Family
        let seeding: Seeding
        let hasDeterministic: Bool
        let hidesB: Bool
        let sharesModel: Bool

        var testDescription: String {
            "\(family.rawValue), \(seeding.rawValue), \(hasDeterministic ? "deterministic" : "plain"), "
                + "b \(hidesB ? "hidden" : "shown"), \(sharesModel ? "one model" : "models anew")"
        }

        static let all: [Case] = Family.allCases.flatMap { family in
            Seeding.allCases.flatMap { seeding in
                [true, false].flatMap { deterministic in
                    [true, false].flatMap { hides in
                        [true, false].map { shares in
                            Case(family: family, seeding: seeding, hasDeterministic: deterministic, hidesB: hides, sharesModel: shares)
                        }
                    }
                }
            }
        }

        func model() -> Model {
            let hasDeterministic = hasDeterministic
            let model = Model { m in
                let a = m.sample("a", Normal(0, 1))
                m.sample("b", Normal(0, 1))
                if hasDeterministic { m.deterministic("test", a) }
            }
            return seeding == .inside ? model.seed(Key(7)) : model
        }

        func svi(_ optimizer: any Optimizer = Adam(learningRate: 0.01), initializer: Initializer = .uniform()) -> SVI {
            let model = model()
            var guided = sharesModel ? model : self.model()
            if hidesB { guided = guided.block(hide: ["b"]) }
            if seeding == .outside { guided = guided.seed(Key(11)) }
            let guide: any Guide =
                switch family {
                case .delta: AutoDelta(guided, initializer: initializer)
                case .normal: AutoNormal(guided, initializer: initializer)
                }
            return SVI(model, guide: guide, optimizer: optimizer, loss: TraceELBO())
        }

        var parameterNames: Set<String> {
            Set(
                (hidesB ? ["a"] : ["a", "b"]).flatMap { site in
                    family == .delta ? ["\(site)_auto_loc"] : ["\(site)_auto_loc", "\(site)_auto_scale"]
                })
        }
    }

    @Test(arguments: Case.all, TestDevice.all)
    func runsAnswersAndRunsAgain(_ test: Case, on device: TestDevice) throws {
        let svi = test.svi()
        let keys = Key(0).split(20)
        let fits = try svi.run(keys: keys, steps: 60, device: device.device)
        #expect(fits.status.allSatisfy { $0 == .finished })

        let parameters = try fits.parameters()
        #expect(Set(parameters.keys) == test.parameterNames)
        for (name, values) in parameters {
            #expect(values.lanes == 20 && values.shape == [], "\(name)")
            #expect((0..<20).allSatisfy { values[$0].count == 1 && values[$0][0].isFinite }, "\(name)")
        }
        let locs = try #require(parameters["a_auto_loc"])
        #expect(Set((0..<20).map { locs[$0][0] }).count == 20)

        let again = try svi.run(keys: keys, steps: 60, device: device.device)
        #expect(again.bits == fits.bits)

        for lane in [0, 13, 19] {
            try expectAnswers(fits[lane], test, loc: locs[lane][0])
        }
    }

    private func expectAnswers(_ fit: Fit, _ test: Case, loc: Double) throws {
        let sites = ["a", "b"] + (test.hasDeterministic ? ["test"] : [])
        let draws = try fit.sample(50)
        #expect(Set(draws.keys) == Set(sites))
        for site in sites {
            let median = try fit.median(site)
            let quantiles = try fit.quantiles(site, [0.1, 0.9]).map { $0[0] }
            #expect(median.count == 1 && median[0].isFinite)
            #expect(quantiles[0] <= median[0] && median[0] <= quantiles[1])
            #expect(draws[site]?.lanes == 50 && draws[site]?.shape == [])
        }
        #expect(abs(try fit.median("a")[0] - loc) <= 1e-6)
        let a = try #require(draws["a"])
        if test.family == .delta { #expect((0..<50).allSatisfy { a[$0][0] == a[0][0] }) }
        if test.hasDeterministic {
            // Draw by draw it is a.
            let copies = try #require(draws["test"])
            #expect((0..<50).allSatisfy { copies[$0] == a[$0] })
        }
        // What the guide does not have comes from the prior, and varies.
        let b = try #require(draws["b"])
        if test.hidesB { #expect(Set((0..<50).map { b[$0][0] }).count > 40) }
        let again = try fit.sample(50)
        for (site, values) in draws { #expect((0..<50).allSatisfy { again[site]?[$0] == values[$0] }) }
    }

    enum Start: String, CaseIterable, Sendable {
        case uniform, median, sample
        var initializer: Initializer {
            switch self {
            case .uniform: .uniform()
            case .median: .median
            case .sample: .sample
            }
        }
    }

    /// An optimiser that does not move shows the starts.
    @Test(arguments: Start.allCases, TestDevice.all)
    func distinctKeysStartApart(_ start: Start, on device: TestDevice) throws {
        let lanes = 500
        for test in Case.all where test.sharesModel {
            // A device compiles each case anew: there a part of them will do.
            if !device.isInterpreter, TestLevel.current < .full, test.seeding != .inside { continue }
            let fits = try test.svi(Resting(), initializer: start.initializer)
                .run(keys: Key(3).split(lanes), steps: 1, device: device.device)
            let starts = fits.unconstrained("a_auto_loc").map { $0[0] }
            #expect(Set(starts).count == lanes, "\(test.testDescription)")
            switch start {
            case .uniform: #expect(starts.allSatisfy { abs($0) < 2 } && starts.contains { abs($0) > 1.9 })
            case .sample: #expect(starts.contains { abs($0) > 2 })
            // The median of 15 draws has standard deviation 0.32.
            case .median: #expect(starts.allSatisfy { abs($0) < 1.6 } && starts.contains { abs($0) > 0.5 })
            }
            if !test.hidesB {
                let other = fits.unconstrained("b_auto_loc").map { $0[0] }
                #expect(zip(starts, other).allSatisfy { $0 != $1 }, "two sites share their draws")
            }
        }
    }

    /// The lane's key rules, whatever was seeded inside.
    @Test func seedsInsideChangeNothing() throws {
        let keys = Key(5).split(8)
        for family in Case.Family.allCases {
            let runs = try Case.Seeding.allCases.map { seeding in
                try Case(family: family, seeding: seeding, hasDeterministic: true, hidesB: true, sharesModel: true)
                    .svi().run(keys: keys, steps: 30, device: .cpu).bits
            }
            #expect(runs[1] == runs[0] && runs[2] == runs[0])
        }
    }

    /// Draws follow from names: neither a deterministic site nor a hidden one moves those of the others.
    @Test func otherSitesDrawTheSame() throws {
        let keys = Key(5).split(8)
        func starts(_ hasDeterministic: Bool, _ hidesB: Bool) throws -> [[Double]] {
            try Case(family: .normal, seeding: .none, hasDeterministic: hasDeterministic, hidesB: hidesB, sharesModel: true)
                .svi().run(keys: keys, steps: 20, device: .cpu).unconstrained("a_auto_loc")
        }
        let all = try [starts(true, true), starts(true, false), starts(false, true), starts(false, false)]
        #expect(all.allSatisfy { $0 == all[0] })
    }

    @Test(arguments: Case.Family.allCases, TestDevice.all)
    func eightTasksShareOneValue(_ family: Case.Family, on device: TestDevice) async throws {
        let svi = Case(family: family, seeding: .inside, hasDeterministic: true, hidesB: true, sharesModel: true).svi()
        let keys = Key(0).split(40)
        let results = try await withThrowingTaskGroup(of: [LaneBits].self) { group in
            for _ in 0..<8 {
                group.addTask { try svi.run(keys: keys, steps: 100, device: device.device).bits }
            }
            return try await group.reduce(into: [[LaneBits]]()) { $0.append($1) }
        }
        #expect(results.count == 8)
        #expect(results.allSatisfy { $0 == results[0] })
    }
}
