import ArgumentParser
import Lockstep

struct DevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "List what fits can run on.",
        discussion: "The device marked with * is the one that 'auto' takes.")

    func run() throws {
        var lines = Device.available().map { device in
            "\(device.isAutomatic ? "*" : " ") \(device.kind.padded(to: 7)) \(device.text)"
        }
        if let reason = Device.whyNoOpenCL { lines += ["", reason] }
        try Terminal.write(lines.joined(separator: "\n") + "\n", to: .output)
    }
}

extension AvailableDevice {
    /// The name and what there is to know of it. An OpenCL device's description begins with its name.
    fileprivate var text: String { description.hasPrefix(name) ? description : "\(name): \(description)" }
}
