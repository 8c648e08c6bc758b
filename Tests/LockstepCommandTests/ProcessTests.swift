import Foundation
import TestSupport
import Testing

/// How the program behaves as a process: without drivers, in pipes, on terminals, when it is stopped.
@Suite(.serialized) struct ProcessTests {
    private static let long = ["fit", "eight-schools", "--lanes", "65536", "--steps", "4000000", "--device", "cpu", "--json", "fit.json"]

    @Test(arguments: [
        ["OCL_ICD_VENDORS": "/nonexistent"], ["LOCKSTEP_OPENCL_LIBRARY": "/nonexistent/libOpenCL.so"],
        ["LOCKSTEP_OPENCL_LIBRARY": "none"],
    ])
    func worksWithoutOpenCL(_ environment: [String: String]) throws {
        try withProgram { program in
            let devices = try program.run(["devices"], environment: environment)
            #expect(devices.status == 0)
            // A driver that is given otherwise than by its vendor file may be there all the same.
            if environment["OCL_ICD_VENDORS"] == nil {
                #expect(devices.output.hasPrefix("* cpu "))
                #expect(devices.output.contains("OpenCL"))
            }
            let fit = try program.run(["fit", "eight-schools", "--lanes", "8", "--steps", "20"], environment: environment)
            #expect(fit.status == 0)
            if environment["OCL_ICD_VENDORS"] == nil {
                #expect(fit.errorLines.count == 1)
                #expect(fit.error.contains("interpreter"))
            }
        }
    }

    @Test(arguments: [SIGINT, SIGTERM]) func stopsAtOnce(_ number: Int32) throws {
        // Tests that run in the background of a script have it ignored, and so would have their children.
        signal(number, SIG_DFL)
        try withProgram { program in
            try program.write("fit.json", "old")
            let running = try program.start(Self.long)
            Thread.sleep(forTimeInterval: 1)
            #expect(running.process.isRunning)
            let stopped = Date()
            kill(running.process.processIdentifier, number)
            running.process.waitUntilExit()
            // The fit would take hours; the machine may be busy.
            #expect(Date().timeIntervalSince(stopped) < 30)
            let outcome = try running.outcome()
            #expect(outcome.status == 128 + number)
            #expect(outcome.error.isEmpty)
            #expect(outcome.output.isEmpty)
            #expect(try program.files() == ["fit.json"])
            #expect(try String(contentsOf: program.folder.appendingPathComponent("fit.json"), encoding: .utf8) == "old")
        }
    }

    @Test func replacesAFileAndItsLinkStays() throws {
        try withProgram { program in
            try program.write("fit.json", "old")
            let files = FileManager.default
            let link = program.folder.appendingPathComponent("link.json")
            try files.createSymbolicLink(atPath: link.path, withDestinationPath: "fit.json")
            try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: program.folder.appendingPathComponent("fit.json").path)
            let outcome = try program.run(["fit", "eight-schools", "--lanes", "2", "--steps", "5", "--device", "cpu", "--json", "link.json"])
            #expect(outcome.status == 0)
            #expect(try program.files() == ["fit.json", "link.json"])
            #expect(try program.json("fit.json")["lanes"] as? Int == 2)
            #expect(try files.destinationOfSymbolicLink(atPath: link.path) == "fit.json")
            let mode = try files.attributesOfItem(atPath: program.folder.appendingPathComponent("fit.json").path)[.posixPermissions]
            #expect(mode as? Int == 0o600)
        }
    }

    @Test func aReaderThatGoesAwayIsNoError() throws {
        try withProgram { program in
            let shell = "\"\(try program.executable().path)\" fit eight-schools --lanes 2 --steps 5 --device cpu --json fit.json | true"
            let running = try program.start(["-c", shell], executable: URL(fileURLWithPath: "/bin/sh"))
            running.process.waitUntilExit()
            let outcome = try running.outcome()
            #expect(outcome.status == 0)
            #expect(outcome.error.isEmpty)
            // Written before the table.
            #expect(try program.json("fit.json")["lanes"] as? Int == 2)
        }
    }

    @Test func aTerminalShowsProgress() throws {
        try withProgram { program in
            var (main, side): (Int32, Int32) = (-1, -1)
            try #require(openpty(&main, &side, nil, nil, nil) == 0)
            defer { close(main) }
            let running = try program.start(
                ["fit", "eight-schools", "--lanes", "2", "--steps", "100", "--device", "cpu"], environment: ["TERM": "xterm"],
                error: FileHandle(fileDescriptor: side, closeOnDealloc: false))
            close(side)
            // Until the program has closed its end.
            var shown: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while case let count = read(main, &buffer, buffer.count), count > 0 { shown += buffer[..<count] }
            running.process.waitUntilExit()
            let text = String(decoding: shown, as: UTF8.self)
            #expect(text.contains("100%"))
            #expect(text.contains("[#"))
            #expect(text.hasSuffix("\r\u{1B}[K"))
            #expect(try running.outcome().output.contains("The best of 2 lanes"))
        }
    }
}
