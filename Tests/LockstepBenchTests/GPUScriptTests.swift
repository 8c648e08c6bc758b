import Foundation
import TestSupport
import Testing

/// What `Benchmarks/gpu run` makes of what its programs say: here they are shell scripts of the test's own, so that
/// neither a GPU nor JAX is needed.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/env") && hasPython, "there is no python3"))
struct GPUScriptTests {
    private static let script = Repository.benchmarks.appendingPathComponent("gpu")

    private static let devices = """
        #!/bin/sh
        if [ -n "$OCL_ICD_VENDORS" ]; then echo "* opencl  abacus [GPU, by $(cat "$OCL_ICD_VENDORS"/nvidia.icd)]"; fi
        echo '  cpu     built-in interpreter'
        """
    /// Agrees in one case, and does not in the other; leaves a mark each time that it compares.
    private static let bench = """
        #!/bin/sh
        if [ "$1" = list ]; then
            echo '[{"name": "good", "lanes": 10, "large_lanes": 20, "steps": 5}, {"name": "bad", "lanes": 30, "large_lanes": 40, "steps": 5}]'
            exit
        fi
        command=$1 case=none
        while [ $# -gt 0 ]; do
            case $1 in --case) case=$2 ;; --lanes) lanes=$2 ;; --json) json=$2 ;; esac
            shift
        done
        if [ "$command" != compare ]; then echo '{"limit": 1}' > "$json"; echo over the limit; exit 1; fi
        echo "$case $lanes" >> COMPARED
        if [ $case = good ]; then verdict='"ratio": 2.5'; else verdict='"objection": "the losses differ"'; fi
        echo "{\\"rule\\": \\"r\\", \\"failures\\": [], \\"comparisons\\": [{\\"case\\": \\"$case\\", \\"lanes\\": $lanes, $verdict}]}" > "$json"
        """
    private static let tests = """
        #!/bin/sh
        echo '✔ Test one() passed after 0.1 seconds.'
        echo '✔ Test two(_:) with 3 test cases passed after 0.1 seconds.'
        echo '✔ Suite Some passed after 0.1 seconds.'
        echo '✘ Test three() recorded an issue at A.swift:1:1: Expectation failed'
        echo '↳ why it did'
        echo '✘ Test three() failed after 0.1 seconds with 1 issue.'
        echo '✘ Test run with 3 tests in 1 suite failed after 0.1 seconds with 1 issue.'
        exit 1
        """

    /// Packs the scripts as the archive beside a copy of the script, and runs it.
    private func run(_ program: BuiltProgram, _ arguments: [String], compared: String) throws -> BuiltProgram.Outcome {
        let files = FileManager.default
        let stage = program.folder.appendingPathComponent("kit/lockstep")
        for (path, text) in [
            ("bin/lockstep", Self.devices), ("bin/lockstep-bench", Self.bench.replacingOccurrences(of: "COMPARED", with: compared)),
            ("tests/lockstepPackageTests.xctest", Self.tests), ("version.json", "{\"commit\": \"abc\"}"),
        ] {
            let file = stage.appendingPathComponent(path)
            try files.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: false, encoding: .utf8)
            try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        }
        try Data().write(to: program.folder.appendingPathComponent("libnvidia-opencl.so.1"))
        let pack = "import tarfile; tarfile.open('kit/lockstep.tar.xz', 'w:xz').add('kit/lockstep', 'lockstep')"
        let copy = program.folder.appendingPathComponent("kit/gpu")
        if !files.fileExists(atPath: copy.path) { try files.copyItem(at: Self.script, to: copy) }
        let shell = "env -u OCL_ICD_VENDORS python3 -c \"\(pack)\" && exec env -u OCL_ICD_VENDORS LD_LIBRARY_PATH=\"$PWD\" python3 kit/gpu run \"$@\""
        let running = try program.start(["-c", shell, "sh"] + arguments, executable: URL(fileURLWithPath: "/bin/sh"))
        running.process.waitUntilExit()
        return try running.outcome()
    }

    @Test func oneFileHoldsAll() throws {
        try withBench { program in
            let compared = program.folder.appendingPathComponent("compared").path
            let outcome = try run(program, ["out.json"], compared: compared)
            // A test failed, and there is no JAX or no GPU for it.
            #expect(outcome.status == 1, "\(outcome.error)")
            let found = try program.json("out.json")
            // The driver was found where no file named it.
            #expect((found["driver_library"] as? String)?.hasSuffix("/libnvidia-opencl.so.1") == true)
            #expect((found["devices"] as? [String])?.first?.contains("abacus [GPU, by /") == true)
            #expect((found["lockstep"] as? [String: String])?["commit"] == "abc")

            let tests = try #require(found["tests"] as? [String: Any])
            #expect(tests["passed"] as? Int == 2)
            #expect(tests["failed"] as? Int == 1)
            #expect(tests["ok"] as? Bool == false)
            #expect((tests["closing"] as? String)?.hasPrefix("✘ Test run with 3 tests") == true)
            #expect((tests["failures"] as? [String])?.contains("↳ why it did") == true)

            // The large numbers of lanes first.
            let entries = try #require(found["comparisons"] as? [[String: Any]])
            #expect(entries.map { $0["lanes"] as? Int } == [20, 40, 10, 30])
            #expect(entries.map { $0["ratio"] as? Double } == [2.5, nil, 2.5, nil])
            #expect(entries[1]["objection"] as? String == "the losses differ")
            // A limit that was passed is a result.
            #expect((found["start"] as? [String: Any])?["limit"] as? Int == 1)
            #expect((found["scale"] as? [String: Any])?["exit_code"] as? Int == 1)
        }
    }

    @Test func resumesWhereItWasInterrupted() throws {
        try withBench { program in
            let compared = program.folder.appendingPathComponent("compared")
            _ = try run(program, ["out.json", "--parts", "compare", "--case", "good"], compared: compared.path)
            #expect(try String(contentsOf: compared, encoding: .utf8) == "good 20\ngood 10\n")
            _ = try run(program, ["out.json", "--parts", "compare", "--resume"], compared: compared.path)
            #expect(try String(contentsOf: compared, encoding: .utf8) == "good 20\ngood 10\nbad 40\nbad 30\n")
            #expect((try program.json("out.json")["comparisons"] as? [Any])?.count == 4)
        }
    }

    @Test func endsInTime() throws {
        try withBench { program in
            let compared = program.folder.appendingPathComponent("compared").path
            let outcome = try run(program, ["out.json", "--minutes", "0.01"], compared: compared)
            #expect(outcome.status == 1)
            let problems = try #require(try program.json("out.json")["problems"] as? [String])
            #expect(problems.contains("compare: left out, the time is up"))
        }
    }

    @Test func saysWhatItLacks() throws {
        try withBench { program in
            let outcome = try run(program, ["out.json", "--device", "tpu"], compared: "/dev/null")
            #expect(outcome.status == 1)
            #expect(outcome.error.contains("there is no OpenCL device that matches 'tpu'; there are: * opencl  abacus"))
            let bare = try program.start([Self.script.path, "run", "out.json"], executable: URL(fileURLWithPath: "/usr/bin/env"))
            bare.process.waitUntilExit()
            #expect(bare.process.terminationStatus == 2)
            #expect(try bare.outcome().error.contains("lockstep.tar.xz is not beside this script"))
        }
    }
}

private let hasPython: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", "import lzma"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}()
