import ArgumentParser
import Lockstep
import LockstepInference
import LockstepRuntime

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints a case's lane program and kernels.",
        discussion: "The device functions that all kernels share are in the folder Kernels.")

    @Option(name: .customLong("case"), help: "The case; see list.") var name: String
    @Option(help: "Fits, on which the schedule depends.") var lanes = 4096
    @Option(help: "Steps of each fit, which give the history its length.") var steps = 1000
    @Option(help: "Print the step as it is after this pass of the compiler, and nothing else: \(Explanation.passes.joined(separator: ", ")).")
    var pass: String?
    @Option(help: "Describe the OpenCL device as a GPU of so many compute units and so large work-groups: UNITS:GROUP, or UNITS:GROUP:amd and so on.")
    var asGpu: GPUForm?
    @Flag(help: "Print the whole text that a driver gets, with device functions and definitions, for other compilers.") var text = false
    @OptionGroup var devices: DeviceOptions
    @OptionGroup var files: DataOptions

    func validate() throws {
        if pass != nil, text || asGpu != nil { throw ValidationError("--pass comes before the device: give it without --text and --as-gpu") }
        if lanes < 1 || steps < 1 { throw ValidationError("--lanes and --steps must be positive") }
    }

    func run() throws {
        let problem = try BenchmarkCase.named(name).problem(files.data, lanes)
        if let pass {
            return print(try problem.svi.text(after: pass, steps: steps, lanes: lanes, data: problem.data, options: devices.runOptions))
        }
        let explained = try explanation(problem)
        let written = ExplanationText(title: "\(name), \(lanes) lanes, \(steps) steps, on \(explained.deviceName)", explained: explained)
        print(text ? written.source : written.text)
    }

    private func explanation(_ problem: BenchmarkCase.Problem) throws -> Explanation {
        guard let asGpu else {
            return try problem.svi.explain(
                steps: steps, lanes: lanes, data: problem.data, device: devices.chosen, options: devices.runOptions)
        }
        guard case .opencl(let session) = try devices.chosen.choice().device else {
            throw ValidationError("--as-gpu describes an OpenCL device, and this is none: \(Device.whyNoOpenCL ?? "give --device opencl")")
        }
        let device = ResolvedDevice.opencl(try OpenCLSession(session.info.asGPU(asGpu)))
        return try problem.svi.explanation(
            steps: steps, lanes: lanes, data: problem.data, device: device, options: devices.runOptions)
    }
}

extension GPUForm: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

/// An explanation with headings. Those are comments, so that the whole reads as C to an editor.
struct ExplanationText {
    let title: String
    let explained: Explanation

    var text: String {
        var parts =
            ["// \(title)", "// \(layout)"] + explained.remarks.map { "// \($0)" } + [
                "", "// The lane program: one step of one lane", "", explained.laneProgram,
            ]
        for (number, kernel) in explained.kernels.enumerated() {
            let place = explained.kernels.count == 1 ? "The kernel" : "Kernel \(number + 1) of \(explained.kernels.count), which take turns"
            parts += ["", "// \(place)", "", kernel]
        }
        return parts.joined(separator: "\n")
    }

    /// The whole text that the driver gets, and above it what a compiler cannot see in it.
    var source: String {
        ["// \(title)", "// \(layout), groups of \(explained.groupSize)", explained.source].joined(separator: "\n")
    }

    private var layout: String {
        let layout = explained.layout
        guard let schedule = layout.schedule else { return "the interpreter runs the lane program itself; \(layout.bytesPerLane) bytes a lane" }
        return
            "schedule \(schedule), \(layout.laneWidth) \(layout.laneWidth == 1 ? "lane" : "lanes") in a work-item, \(layout.bytesPerLane) bytes a lane"
    }
}
