import ArgumentParser
import Lockstep

/// What a case runs on, and how it is laid there.
struct DeviceOptions: ParsableArguments {
    @Option(help: "auto, opencl, cpu or part of a device's name.") var device = "auto"
    @Option(help: "automatic, A, B:vectors:workers, C:workers or D:slices:together.") var schedule = Schedule.automatic

    var chosen: Device { ["auto": .auto, "opencl": .opencl, "cpu": .cpu][device] ?? .named(device) }

    var runOptions: RunOptions {
        var options = RunOptions()
        options.schedule = schedule
        return options
    }

    /// To say the same to another process.
    var arguments: [String] { ["--device", device, "--schedule", schedule.description] }

    /// As it would be typed, without what is the default.
    var text: String {
        "--device \(device.contains(" ") ? "'\(device)'" : device)" + (schedule == .automatic ? "" : " --schedule \(schedule)")
    }
}

extension Schedule: ExpressibleByArgument {}

/// Numbers of lanes, as 256,1024,4096.
struct LaneCounts: ExpressibleByArgument, CustomStringConvertible {
    let counts: [Int]
    init(_ counts: [Int]) { self.counts = counts }

    init?(argument: String) {
        counts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard counts.allSatisfy({ $0 > 0 }) else { return nil }
    }

    var description: String { counts.map(String.init).joined(separator: ",") }
    var defaultValueDescription: String { description }
}
