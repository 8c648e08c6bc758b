import Foundation
import TestSupport
import Testing

@Suite struct RunTests {
    static let fields = """
        case device device_name lanes rows latents steps trace_seconds check_seconds compile_seconds compile_cpu_seconds \
        first_launch_seconds first_launch_cpu_seconds run_seconds cpu_seconds \
        lane_steps_per_second launches longest_launch_seconds bytes_per_lane peak_memory_bytes schedule lane_width loss data_checksum
        """

    @Test(arguments: deviceChoices) func jsonHasTheNamedFields(_ device: String) throws {
        try withBench { program in
            let outcome = try smallReport(program, device: device, ["--repeat", "2", "--json"])
            #expect(outcome.status == 0)
            #expect(outcome.error.isEmpty)
            #expect(outcome.output.split(separator: "\n").count == 1)
            let report = try BuiltProgram.object(Data(outcome.output.utf8))
            #expect(Set(report.keys) == Set(Self.fields.split(separator: " ").map(String.init)))
            func number(_ name: String) -> Double { report[name] as? Double ?? .nan }
            #expect(report["case"] as? String == "eight-schools")
            #expect(report["device"] as? String == device)
            #expect((report["device_name"] as? String)?.isEmpty == false)
            #expect(number("lanes") == 8)
            #expect(number("steps") == 60)
            #expect(number("rows") == 8)
            // mu, tau and eight of theta_base.
            #expect(number("latents") == 10)
            for seconds in ["trace_seconds", "compile_seconds", "first_launch_seconds", "run_seconds"] {
                #expect(number(seconds) > 0 && number(seconds) < 600, "\(seconds)")
            }
            #expect(number("first_launch_seconds") > number("trace_seconds") + number("compile_seconds"))
            #expect(number("cpu_seconds") >= 0)
            #expect(number("compile_cpu_seconds") > 0)
            #expect(number("first_launch_cpu_seconds") >= number("compile_cpu_seconds"))
            #expect(abs(number("lane_steps_per_second") * number("run_seconds") / 480 - 1) < 1e-6)
            // Location, scale and two slots of Adam for each latent, in floats.
            #expect(number("bytes_per_lane") >= 10 * 2 * 3 * 4)
            #expect(number("bytes_per_lane") < 10_000)
            #expect(number("peak_memory_bytes") > 1_048_576)
            #expect(number("peak_memory_bytes") < 0x1p34)
            #expect(number("lane_width") >= 1)
            #expect((report["schedule"] as? String == "interpreter") == (device == "cpu"))
            #expect((report["data_checksum"] as? String)?.count == 16)

            let loss = try #require(report["loss"] as? [String: Double])
            #expect(Set(loss.keys) == ["mean", "sd", "min", "q25", "q50", "q75", "lost"])
            #expect(loss["lost"] == 0)
            let order = ["min", "q25", "q50", "q75"].map { loss[$0] ?? .nan }
            #expect(zip(order, order.dropFirst()).allSatisfy { $0 <= $1 })
            // After 60 steps fits are under way; they end near 31.7.
            #expect((31.0..<80).contains(loss["mean"] ?? .nan))
        }
    }

    /// Only where it is asked for, and apart from the run.
    @Test(arguments: deviceChoices) func finalDrawsAreMeasuredApart(_ device: String) throws {
        try withBench { program in
            let outcome = try smallReport(program, device: device, ["--final-draws", "50", "--json"])
            let report = try BuiltProgram.object(Data(outcome.output.utf8))
            let added = ["final_seconds", "final_cpu_seconds", "final_compile_seconds"]
            #expect(Set(report.keys) == Set(Self.fields.split(separator: " ").map(String.init) + added))
            for name in ["final_seconds", "final_compile_seconds"] { #expect((report[name] as? Double ?? 0) > 0, "\(name)") }
        }
    }

    /// The same numbers, laid out for people.
    @Test func withoutTheFlagItIsManyLines() throws {
        try withBench { program in
            let outcome = try smallReport(program, device: "cpu")
            #expect(outcome.output.split(separator: "\n").count > 15)
            #expect(try BuiltProgram.object(Data(outcome.output.utf8))["case"] as? String == "eight-schools")
        }
    }

    /// Sixteen, of which nine loop over rows only.
    @Test(arguments: [true, false]) func casesAreListed(_ isFlat: Bool) throws {
        let flat = ["eight-schools", "logistic", "gmm", "radon", "poisson-glmm", "robust-regression", "many-regressions", "big-logistic", "wide"]
        let names = flat + (isFlat ? [] : ["garch", "hmm", "arma", "lotka-volterra", "gp", "full-rank", "local-level"])
        let list = isFlat ? ["list", "--flat"] : ["list"]
        try withBench { program in
            let lines = try program.run(list).output.split(separator: "\n")
            #expect(lines.compactMap { $0.split(separator: ":").first.map(String.init) } == names)
            let json = try program.run(list + ["--json"]).output
            let entries = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]])
            #expect(entries.compactMap { $0["name"] as? String } == names)
            for entry in entries {
                let (lanes, large) = (entry["lanes"] as? Int ?? 0, entry["large_lanes"] as? Int ?? 0)
                #expect(lanes > 0 && large > lanes, "\(entry)")
            }
        }
    }

    @Test(arguments: deviceChoices) func programAndKernelAreExplained(_ device: String) throws {
        try withBench { program in
            let explain = ["explain", "--case", "eight-schools", "--lanes", "77", "--steps", "100", "--device", device, "--data", dataFolder]
            let text = try program.run(explain).output
            #expect(text.hasPrefix("// eight-schools, 77 lanes, 100 steps, on "))
            #expect(text.contains("The lane program"))
            #expect(text.contains("state p/mu_auto_loc real[1]"))
            // Two windows of 50 steps.
            #expect(text.contains("record r/losses real[2]"))
            #expect(text.contains("__kernel") == (device == "opencl"))
            #expect(text.contains("the interpreter") == (device == "cpu"))
        }
    }

    @Test(.enabled(if: deviceChoices.contains("opencl"), "there is no OpenCL device")) func scheduleIsExplained() throws {
        try withBench { program in
            func explained(_ schedule: String) throws -> String {
                try program.run([
                    "explain", "--case", "radon", "--lanes", "4", "--device", "opencl", "--schedule", schedule, "--data", dataFolder,
                ]).output
            }
            let alone = try explained("A")
            #expect(alone.contains("// schedule A,"))
            let group = try explained("C:4")
            #expect(group.contains("// schedule C:4,"))
            #expect(group.contains("LS_BARRIER") && !alone.contains("LS_BARRIER"))
            // Two kernels of one text.
            let wide = try program.run(["explain", "--case", "big-logistic", "--lanes", "4", "--device", "opencl", "--schedule", "D:2:1"]).output
            for name in ["lockstep_steps_1(", "lockstep_steps_2("] { #expect(wide.contains(name)) }
        }
    }

    /// What a GPU gets, without one, and whole: other compilers take it.
    @Test(.enabled(if: deviceChoices.contains("opencl"), "there is no OpenCL device")) func textForAGPUIsExplained() throws {
        try withBench { program in
            func explained(_ lanes: Int, of name: String = "logistic", _ more: String...) throws -> String {
                try program.run(["explain", "--case", name, "--lanes", "\(lanes)", "--device", "opencl", "--data", dataFolder] + more).output
            }
            let few = try explained(100, "--as-gpu", "132:1024", "--text")
            #expect(few.contains("// schedule B:16:16, 1 lane in a work-item,") && few.contains(", groups of 256\n"))
            // AMD's compilers get no rows to keep in registers.
            #expect(few.contains("ls_rows_real["))
            #expect(try !explained(100, "--as-gpu", "132:1024:amd", "--text").contains("ls_rows_real["))
            let definitions = "#define LS_WIDTH 1\n#define LS_DOUBLE 0\n#define LS_INTERLEAVES 1\n"
            for text in [definitions, "real ls_exp(", "void lockstep_steps("] {
                #expect(few.contains(text), "\(text)")
            }
            #expect(!few.contains("The lane program"))
            // So many lanes are enough for such a GPU, and not for one of more units.
            #expect(try explained(60_000, of: "gmm", "--as-gpu", "132:1024").contains("// schedule A, 1 lane in a work-item,"))
            #expect(try explained(60_000, of: "gmm", "--as-gpu", "1320:1024").contains("// schedule B:"))
            #expect(try explained(256, of: "wide", "--as-gpu", "132:64").contains("// schedule C:64, 1 lane in a work-item,"))
            for wrong in ["132", "132:64:voodoo", "0:64", "132:64:1", "a:b"] {
                #expect(try program.run(["explain", "--case", "logistic", "--as-gpu", wrong]).status != 0, "\(wrong)")
            }
        }
    }
}
