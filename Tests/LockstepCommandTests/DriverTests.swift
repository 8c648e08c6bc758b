import Foundation
import Lockstep
import TestSupport
import Testing

/// Drivers that fall over, refuse to compile, or are not there: the program goes on without them, and says why.
@Suite(.serialized) struct DriverTests {
    private static let fit = ["fit", "eight-schools", "--lanes", "4", "--steps", "5"]

    /// Runs a body with a fake driver in place of all others, and a cache folder of its own.
    private func withDriver(_ fault: String, _ body: (BuiltProgram, [String: String]) throws -> Void) throws {
        try withProgram { program in
            guard let library = try FakeDriver.build(in: program) else { return }
            try body(
                program,
                [
                    "LOCKSTEP_OPENCL_LIBRARY": library, "FAKE_DRIVER": fault, "LOCKSTEP_CACHE": program.folder.path + "/cache",
                    "FAKE_DRIVER_LOG": program.folder.path + "/log",
                ])
        }
    }

    private func loads(_ program: BuiltProgram) -> Int {
        ((try? String(contentsOf: program.folder.appendingPathComponent("log"), encoding: .utf8)) ?? "").split(separator: "\n").count
    }

    @Test(
        .enabled(if: isLinux, "needs Linux"),
        arguments: [
            "crash-load", "abort-load", "exit-load", "crash-platforms", "abort-platforms", "exit-platforms", "crash-devices", "abort-devices",
            "crash-build", "abort-build", "exit-build", "wrong-numbers",
        ])
    func isNotUsed(_ fault: String) throws {
        try withDriver(fault) { program, environment in
            let fit = try program.run(Self.fit, environment: environment)
            #expect(fit.status == 0)
            #expect(fit.errorLines.count == 1)
            #expect(fit.error.contains("the built-in interpreter ran the fits: "))
            #expect(fit.error.contains(fault == "wrong-numbers" ? "wrong numbers" : "crashes when"))
            let devices = try program.run(["devices"], environment: environment)
            #expect(devices.status == 0)
            #expect(devices.output.hasPrefix("* cpu "))
            let wanted = try program.run(Self.fit + ["--device", "opencl"], environment: environment)
            #expect(wanted.status == 1)
            #expect(wanted.errorLines.count == 1)
            #expect(wanted.output.isEmpty)
        }
    }

    @Test(.enabled(if: isLinux, "needs Linux"), arguments: ["hang-platforms", "hang-build"]) func hangs(_ fault: String) throws {
        try withDriver(fault) { program, environment in
            let start = Date()
            let fit = try program.run(Self.fit, environment: environment)
            // It is given 8 seconds.
            #expect(Date().timeIntervalSince(start) < 40)
            #expect(fit.status == 0)
            #expect(fit.errorLines.count == 1)
            #expect(fit.error.contains("hangs when"))
        }
    }

    /// Disk full, folders that cannot be written: the driver is sound, and does not compile.
    @Test func refusesToCompile() throws {
        try withDriver("refuse-build") { program, environment in
            let fit = try program.run(Self.fit, environment: environment)
            #expect(fit.status == 0)
            #expect(fit.errorLines.count == 1)
            #expect(fit.error.contains("no space left on device"))
            let wanted = try program.run(Self.fit + ["--device", "opencl"], environment: environment)
            #expect(wanted.status == 1)
            #expect(wanted.error.contains("no space left on device"))
        }
    }

    @Test(.enabled(if: isLinux, "needs Linux")) func isRememberedUntilTheDriverChanges() throws {
        try withDriver("abort-platforms") { program, environment in
            _ = try program.run(["devices"], environment: environment)
            #expect(loads(program) == 1)
            _ = try program.run(["devices"], environment: environment)
            #expect(loads(program) == 1)
            let library = program.folder.appendingPathComponent("libfake.so").path
            try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -5000)], ofItemAtPath: library)
            _ = try program.run(["devices"], environment: environment)
            #expect(loads(program) == 2)
            // Nowhere to remember: each process asks.
            let forgetful = environment.merging(["LOCKSTEP_CACHE": "none"]) { $1 }
            for count in 3...4 {
                let devices = try program.run(["devices"], environment: forgetful)
                #expect(devices.output.hasPrefix("* cpu "))
                #expect(loads(program) == count)
            }
        }
    }

    @Test func aSoundDriverIsProbedOnce() throws {
        try withDriver("none") { program, environment in
            let devices = try program.run(["devices"], environment: environment)
            #expect(devices.output.hasPrefix("* opencl "))
            let once = loads(program)
            #expect(once == (isLinux ? 2 : 1))
            _ = try program.run(["devices"], environment: environment)
            #expect(loads(program) == once + 1)
        }
    }

    /// A vendor's file that names a library which crashes, beside others.
    @Test(.enabled(if: isLinux, "needs Linux")) func aVendorsFile() throws {
        try withProgram { program in
            guard let library = try FakeDriver.build(in: program) else { return }
            try FileManager.default.createDirectory(at: program.folder.appendingPathComponent("vendors"), withIntermediateDirectories: true)
            try program.write("vendors/fake.icd", library + "\n")
            let fit = try program.run(
                Self.fit,
                environment: [
                    "OCL_ICD_VENDORS": program.folder.path + "/vendors", "FAKE_DRIVER": "crash-load",
                    "LOCKSTEP_CACHE": program.folder.path + "/cache",
                ])
            #expect(fit.status == 0)
            #expect(fit.errorLines.count == 1)
        }
    }

    /// Without a home, PoCL's own choice is a folder that anybody can make beforehand.
    @Test(.enabled(if: deviceChoices.contains("opencl"), "there is no OpenCL device")) func withoutAHome() throws {
        try withProgram { program in
            let plain = ["HOME": "", "XDG_CACHE_HOME": "", "LOCKSTEP_CACHE": "", "TMPDIR": program.folder.path]
            let fit = try program.run(Self.fit, environment: plain)
            #expect(fit.status == 0)
            let files = FileManager.default
            let own = program.folder.appendingPathComponent("lockstep-\(geteuid())").path
            for path in [own, own + "/pocl"] {
                let mode = try files.attributesOfItem(atPath: path)[.posixPermissions]
                #expect(mode as? Int == 0o700)
            }
            let names = try program.files()
            #expect(!names.contains("pocl"))
        }
    }

    /// Whatever schedule is asked for, the program answers with a fit or one line.
    @Test(arguments: ["eight-schools", "blocked-deterministic"]) func pinnedSchedules(_ model: String) throws {
        let all = [
            "C:4096", "B:64:64", "C:512", "B:9223372036854775807:2", "D:9223372036854775807:9223372036854775807", "C:-2", "B:0:2", "C:3", "D:0:1",
            "D:2:1", "C:99999999999999999999", "C:1024", "C:256", "C:2048", "B:16:128", "B:2:2048", "C:2", "B:64:2", "D:16:16", "D:1:16",
        ]
        let chosen = all.prefix(TestLevel.count(small: 11, medium: 16, full: all.count))
        try withProgram { program in
            for schedule in chosen {
                let fit = try program.run([
                    "fit", model, "--lanes", "8", "--steps", "5", "--device", deviceChoices.last ?? "cpu", "--schedule", schedule,
                ])
                #expect(fit.status == 0 || (fit.status == 1 && fit.errorLines.count == 1), "\(schedule): \(fit.status) \(fit.error)")
            }
        }
    }
}

#if os(Linux)
private let isLinux = true
#else
private let isLinux = false
#endif
