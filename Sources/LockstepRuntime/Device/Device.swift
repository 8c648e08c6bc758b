import Foundation
import LockstepCompiler
import LockstepTensor

/// What runs the kernels.
public enum Device: Hashable, Sendable {
    /// The best OpenCL device, or the built-in interpreter where there is none.
    case auto
    /// The best OpenCL device, or an error.
    case opencl
    /// The built-in interpreter, on all cores.
    case cpu
    /// The first OpenCL device whose description contains a text.
    case named(String)
}

/// A device that can be used on this machine, as `lockstep devices` lists it.
public struct AvailableDevice: Hashable, Sendable, CustomStringConvertible {
    /// `opencl` or `cpu`.
    public let kind: String
    /// As the driver calls it.
    public let name: String
    /// One line.
    public let description: String
    /// Whether `Device.auto` takes it.
    public let isAutomatic: Bool
}

extension Device {
    /// All that can be used, the best first.
    public static func available() -> [AvailableDevice] {
        let ranked = rankedOpenCL()
        let interpreter = ResolvedDevice.interpreter
        return ranked.enumerated().map { place, info in
            AvailableDevice(kind: "opencl", name: info.name, description: info.description, isAutomatic: place == 0)
        } + [
            AvailableDevice(
                kind: "cpu", name: interpreter.name,
                description: "built-in interpreter on \(ProcessInfo.processInfo.activeProcessorCount) cores, float and double",
                isAutomatic: ranked.isEmpty)
        ]
    }

    /// Why there is no OpenCL device, or nil when there is one.
    public static var whyNoOpenCL: String? {
        OpenCLDriver.devices().isEmpty ? "\(OpenCLDriver.status)" : nil
    }

    private static func rankedOpenCL() -> [OpenCLDeviceInfo] { OpenCLDeviceInfo.ranked(OpenCLDriver.devices()) }

    /// The device, and the reason where `auto` takes the interpreter in its place.
    ///
    /// - Throws: `DeviceError` when there is no such device; `OpenCLError` when its driver fails.
    package func choice() throws -> DeviceChoice {
        guard self == .auto else { return DeviceChoice(try named()) }
        do {
            return DeviceChoice(try Device.opencl.named(), mayFallBack: true)
        } catch DeviceError.noOpenCL(let reason) {
            return DeviceChoice(.interpreter, fallbackReason: reason)
        } catch {
            return DeviceChoice(.interpreter, fallbackReason: "\(error)")
        }
    }

    private func named() throws -> ResolvedDevice {
        switch self {
        case .cpu: return .interpreter
        case .auto, .opencl:
            guard let info = Self.rankedOpenCL().first else { throw DeviceError.noOpenCL(reason: "\(OpenCLDriver.status)") }
            return .opencl(try OpenCLSessions.shared.session(info))
        case .named(let text):
            let ranked = Self.rankedOpenCL()
            guard let info = ranked.first(where: { $0.description.localizedCaseInsensitiveContains(text) }) else {
                throw DeviceError.noSuchDevice(text, known: ranked.map(\.description))
            }
            return .opencl(try OpenCLSessions.shared.session(info))
        }
    }
}

/// Why a device cannot be used.
public enum DeviceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is no OpenCL device, and why.
    case noOpenCL(reason: String)
    /// No device's description contains the text; those of all devices.
    case noSuchDevice(String, known: [String])

    public var description: String {
        switch self {
        case .noOpenCL(let reason): "no OpenCL device: \(reason)"
        case .noSuchDevice(let text, let known):
            "no OpenCL device matches '\(text)'; there are: \(known.isEmpty ? "none" : known.joined(separator: "; "))"
        }
    }
}

/// A device that is there.
package enum ResolvedDevice: Sendable {
    case interpreter
    case opencl(OpenCLSession)

    package var name: String {
        switch self {
        case .interpreter: "built-in interpreter"
        case .opencl(let session): session.info.name
        }
    }

    /// `opencl` or `cpu`.
    package var kind: String {
        switch self {
        case .interpreter: "cpu"
        case .opencl: "opencl"
        }
    }

    /// The same device, for work on another thread that must not wait for launches here; nil where the driver is to be
    /// used from one thread at a time.
    package func beside() throws -> ResolvedDevice? {
        switch self {
        case .interpreter: .interpreter
        case .opencl(let session): isOfOneThread ? nil : .opencl(try session.beside())
        }
    }

    /// Whether the driver is to be used from one thread at a time.
    package var isOfOneThread: Bool {
        switch self {
        case .interpreter: false
        case .opencl(let session): session.info.platformName == "Oclgrind"
        }
    }

    /// - Parameters:
    ///   - lanes: how many the program is going to run on.
    ///   - schedule: the interpreter has one of its own.
    ///   - first: the batch that is run first.
    package func compile(
        _ program: LaneProgram, precision: Precision, lanes: Int, schedule: Schedule = .automatic, first: FirstBatch? = nil
    ) throws -> any LaneExecutable {
        try onLargeStack {
            switch self {
            case .interpreter:
                let executable = InterpreterExecutable(program, precision: precision)
                try executable.checkMemory()
                return executable
            case .opencl(let session):
                return try OpenCLSchedule.fitting(schedule, for: program, lanes: lanes, on: session.info, precision) { schedule in
                    try OpenCLExecutable(program, on: session, precision: precision, schedule: schedule, first: first)
                }
            }
        }
    }

    /// Bytes that one batch may take: more lanes than that run in waves.
    package var memoryBudget: Int {
        switch self {
        case .interpreter: Int(clamping: ProcessInfo.processInfo.physicalMemory / 4)
        case .opencl(let session): session.info.globalMemoryBytes / 2
        }
    }
}
