import Foundation
import Lockstep
import LockstepExamples
import TestSupport
import Testing

@Suite struct FitReportTests {
    private static let small = ["fit", "eight-schools", "--lanes", "6", "--steps", "60"]

    @Test(arguments: deviceChoices) func jsonHoldsTheFit(_ device: String) throws {
        try withProgram { program in
            let outcome = try program.run(Self.small + ["--seed", "18446744073709551615", "--device", device, "--json", "fit.json"])
            #expect(outcome.status == 0)
            #expect(outcome.error.isEmpty)
            #expect(outcome.output.contains("The best of 6 lanes is lane "))
            #expect(outcome.output.contains("finished 6, diverged 0, no valid start 0"))
            #expect(try program.files() == ["fit.json"])

            let fit = try program.json("fit.json")
            let names =
                "model device lanes steps seed compile_seconds run_seconds best elbo elbo_error non_finite_draws loss initial_loss "
                + "status reason progress at_edge refused_at_end parameters posterior"
            #expect(Set(fit.keys) == Set(names.split(separator: " ").map(String.init)))
            #expect(fit["model"] as? String == "eight-schools")
            #expect(fit["lanes"] as? Int == 6)
            #expect(fit["steps"] as? Int == 60)
            #expect(fit["seed"] as? UInt64 == .max)
            #expect((fit["device"] as? String)?.isEmpty == false)
            #expect((fit["compile_seconds"] as? Double ?? -1) >= 0)
            #expect((fit["run_seconds"] as? Double ?? -1) >= 0)
            #expect(fit["status"] as? [String] == Array(repeating: "finished", count: 6))
            #expect((fit["reason"] as? [NSNull])?.count == 6)
            #expect((fit["progress"] as? [String])?.count == 6)
            #expect((fit["at_edge"] as? [[String]])?.count == 6)
            #expect(fit["refused_at_end"] as? [Double] == Array(repeating: 0, count: 6))

            let loss = try #require(fit["loss"] as? [Double])
            let best = try #require(fit["best"] as? Int)
            #expect(loss.count == 6)
            let elbo = try #require(fit["elbo"] as? [Double])
            #expect(elbo.count == 6)
            #expect(elbo.indices.max { elbo[$0] < elbo[$1] } == best)
            #expect((fit["elbo_error"] as? [Double])?.allSatisfy { $0 > 0 && $0 < 5 } == true)
            #expect(fit["non_finite_draws"] as? [Double] == Array(repeating: 0, count: 6))
            #expect((fit["initial_loss"] as? [Double])?.count == 6)

            let parameters = try #require(fit["parameters"] as? [String: Any])
            #expect(Set(parameters.keys) == Set(["mu", "tau", "theta_base"].flatMap { ["\($0)_auto_loc", "\($0)_auto_scale"] }))
            #expect((parameters["mu_auto_loc"] as? [Double])?.count == 6)
            #expect((parameters["theta_base_auto_scale"] as? [[Double]])?.map(\.count) == Array(repeating: 8, count: 6))

            let posterior = try #require(fit["posterior"] as? [String: [String: Any]])
            #expect(Set(posterior.keys) == ["mu", "tau", "theta_base", "theta"])
            for site in posterior.values { #expect(Set(site.keys) == ["mean", "sd", "q05", "q50", "q95"]) }
            let theta = try #require(posterior["theta"] as? [String: [Double]])
            #expect(theta.values.allSatisfy { $0.count == 8 })
            // The median of a normal distribution in unconstrained space is its location.
            let median = try #require(posterior["mu"]?["q50"] as? Double)
            let location = try #require((parameters["mu_auto_loc"] as? [Double])?[best])
            let scale = try #require((parameters["mu_auto_scale"] as? [Double])?[best])
            #expect(abs(median - location) < 0.1 * scale)
        }
    }

    /// Only the seconds may differ.
    @Test(arguments: deviceChoices) func sameSeedGivesTheSameNumbers(_ device: String) throws {
        try withProgram { program in
            func numbers(_ seed: String) throws -> NSDictionary {
                let outcome = try program.run(Self.small + ["--seed", seed, "--device", device, "--json", "-"])
                #expect(outcome.status == 0)
                let fit = try BuiltProgram.object(Data(outcome.output.utf8))
                return fit.filter { !$0.key.hasSuffix("_seconds") && $0.key != "seed" } as NSDictionary
            }
            let first = try numbers("7")
            #expect(try numbers("7") == first)
            #expect(try numbers("8") != first)
        }
    }

    /// NumPyro reaches a mean of 31.66 over 4,096 starts, with a standard deviation of 0.18 between them.
    @Test(arguments: deviceChoices) func eightSchoolsReachesItsLoss(_ device: String) throws {
        try withProgram { program in
            let arguments = [
                "fit", "eight-schools", "--lanes", "512", "--steps", "2000", "--learning-rate", "0.01", "--device", device, "--json", "-",
            ]
            let fit = try BuiltProgram.object(Data(try program.run(arguments).output.utf8))
            let loss = try #require(fit["loss"] as? [Double])
            #expect(loss.count == 512)
            #expect(abs(loss.reduce(0, +) / 512 - 31.66) < 0.05)
        }
    }

    /// What is asked for is what the library does: a constant, a decay, or the defaults.
    @Test func learningRatesAreThoseOfTheLibrary() throws {
        let problem = try #require(Example.named("eight-schools")).problem()
        let rates: [(text: String?, rate: Hyperparameter)] = [
            ("0.05", .constant(0.05)), ("0.1:0.001", .exponentialDecay(from: 0.1, to: 0.001)), (nil, FitDefaults.learningRate),
        ]
        try withProgram { program in
            for (text, rate) in rates {
                let arguments = Self.small + ["--device", "cpu", "--json", "-"] + (text.map { ["--learning-rate", $0] } ?? [])
                let fit = try BuiltProgram.object(Data(try program.run(arguments).output.utf8))
                let fits = try SVI(problem.model, guide: AutoNormal(problem.guided), optimizer: FitDefaults.optimizer(learningRate: rate))
                    .run(keys: Key(0).split(6), steps: 60, data: problem.data, device: .cpu)
                #expect((fit["initial_loss"] as? [Double])?.map { Float($0) } == fits.initialLoss.map { Float($0) })
                let found = try #require((fit["parameters"] as? [String: Any])?["mu_auto_loc"] as? [Double])
                let expected = try fits.parameters()["mu_auto_loc"]
                #expect(found.indices.allSatisfy { Float(found[$0]) == (expected?[$0].first).map { Float($0) } }, "\(text ?? "the default")")
            }
        }
    }

    @Test func lostLanesHaveNoNumbers() throws {
        try withProgram { program in
            // Its square is beyond the largest float: no start has a finite loss.
            try program.write("data.csv", "y,sigma\n1e30,1\n1,1\n")
            let outcome = try program.run(Self.small + ["--data", "data.csv", "--device", "cpu", "--json", "fit.json"])
            #expect(outcome.status == 1)
            #expect(outcome.errorLines.count == 1)
            #expect(outcome.output.contains("finished 0, diverged 0, no valid start 6"))
            let fit = try program.json("fit.json")
            #expect(fit["best"] is NSNull)
            for name in ["elbo", "elbo_error", "non_finite_draws", "loss"] { #expect((fit[name] as? [NSNull])?.count == 6, "\(name)") }
            #expect((fit["initial_loss"] as? [NSNull])?.count == 6)
            #expect((fit["status"] as? [String])?.first == "no valid start")
            // The program and its file say why.
            let reason = try #require((fit["reason"] as? [String])?.first)
            #expect(reason.hasPrefix("site 'obs'[0]: "), "\(reason)")
            #expect(outcome.output.contains("lost    6 lanes: site 'obs'[0]: ") && outcome.output.contains("\n        to do: "))
            #expect(outcome.error.contains("no lane finished: site 'obs'[0]: "), "\(outcome.error)")
            #expect(outcome.error.contains("scale the data") && !outcome.error.contains("learning rate"), "\(outcome.error)")
            #expect((fit["progress"] as? [NSNull])?.count == 6)
            #expect((fit["at_edge"] as? [NSNull])?.count == 6)
            let parameters = try #require(fit["parameters"] as? [String: [Any]])
            #expect((parameters["mu_auto_loc"] as? [NSNull])?.count == 6)
            #expect((parameters["theta_base_auto_loc"] as? [[NSNull]])?.map(\.count) == Array(repeating: 2, count: 6))
            #expect((fit["posterior"] as? [String: Any])?.isEmpty == true)
        }
    }

    @Test(arguments: deviceChoices) func saysWhetherTheFitWasDone(_ device: String) throws {
        try withProgram { program in
            func end(_ arguments: String) throws -> String {
                let outcome = try program.run(
                    ["fit", "eight-schools", "--lanes", "16", "--device", device] + arguments.split(separator: " ").map(String.init))
                return outcome.output.split(separator: "\n").first { $0.hasPrefix("end ") }.map(String.init) ?? ""
            }
            #expect(try end("--steps 3000").hasPrefix("end     the loss is level in 16 of 16 lanes"))
            #expect(try end("--steps 5") == "end     too few steps to tell whether the loss is level in 16 of 16 lanes: run more --steps")
            // Far away, and slow.
            try program.write("far.csv", "y,sigma\n1e4,1\n1e4,1\n")
            #expect(
                try end("--steps 200 --learning-rate 0.01 --data far.csv")
                    == "end     the loss is still falling in 16 of 16 lanes: run more --steps, or raise --learning-rate")
        }
    }

    @Test func everyModelFits() throws {
        let tables = [
            "radon": "county,floor,log_radon\n0,1,0.5\n2,0,1.5\n2,1,0.1\n", "gmm": "x\n-2\n-1.5\n0\n1\n3\n",
            "logistic": "x0,x1,y\n0.5,1,1\n-1,2,0\n1,1,1\n", "blocked-deterministic": nil, "eight-schools": nil,
            "line": "x,y\n0,1\n1,2\n2,2.5\n",
            "light-curve": "time,flux,flux_error\n60000,0.1,0.2\n60001,4,0.2\n60003,5,0.3\n60009,3,0.2\n60020,1,0.2\n",
        ]
        try withProgram { program in
            for (model, table) in tables {
                if let table { try program.write("\(model).csv", table) }
                for guide in ["normal", "delta"] {
                    let arguments = ["fit", model, "--guide", guide, "--lanes", "3", "--steps", "20", "--device", "cpu", "--json", "-"]
                    let outcome = try program.run(arguments + (table == nil ? [] : ["--data", "\(model).csv"]))
                    #expect(outcome.status == 0, "\(model) \(guide): \(outcome.error)")
                    let fit = try BuiltProgram.object(Data(outcome.output.utf8))
                    #expect((fit["loss"] as? [Double])?.count == 3)
                }
            }
        }
    }
}
