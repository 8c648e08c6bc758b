internal import COpenCL
import Foundation

/// Why there are devices, or why there are none.
package enum OpenCLStatus: Hashable, Sendable {
    case ready(devices: Int, loader: String)
    /// The user asked for none, with LOCKSTEP_OPENCL_LIBRARY=none.
    case switchedOff
    case noLoader(reason: String)
    case noPlatform(loader: String)
    /// Drivers are installed, and none of them has a device that can be used; `skipped` says why, one by one.
    case noDevice(skipped: [String])
}

extension OpenCLStatus: CustomStringConvertible {
    package var description: String {
        switch self {
        case .ready(let devices, let loader):
            "\(devices == 1 ? "1 OpenCL device" : "\(devices) OpenCL devices") through \(loader)"
        case .switchedOff:
            "OpenCL is switched off by LOCKSTEP_OPENCL_LIBRARY=none."
        case .noLoader(let reason):
            "No OpenCL on this machine: there is no loader library (\(reason))."
                + " Install one and a driver (Debian, Ubuntu: apt install ocl-icd-libopencl1 pocl-opencl-icd)."
        case .noPlatform(let loader):
            "No OpenCL driver: \(loader) is there, and knows of none."
                + " Install one (Debian, Ubuntu: apt install pocl-opencl-icd for the CPU),"
                + " or point OCL_ICD_VENDORS at the folder of its .icd file."
        case .noDevice(let skipped):
            skipped.isEmpty
                ? "No OpenCL device: drivers are installed, and none of them found a device."
                : "No usable OpenCL device: \(skipped.joined(separator: "; "))"
        }
    }
}

/// What OpenCL offers on this machine. It is looked at once, on first use; nothing here throws, since a machine
/// without OpenCL is an ordinary machine.
package enum OpenCLDriver {
    /// All usable devices of all platforms, in an order that does not depend on the order of files in a folder.
    package static func devices() -> [OpenCLDeviceInfo] { discovery.devices }

    package static var status: OpenCLStatus { discovery.status }

    /// Platforms and devices that were passed over, each with the reason.
    package static var skipped: [String] { discovery.skipped }

    private static let discovery = OpenCLDiscovery()

    /// One thread at a time makes, compiles and releases programs and kernels, whatever their sessions: when two are in
    /// the compiler of Intel's runtime for CPUs (2026), it now and then crashes in one of its passes or never ends.
    static func compiling<Result>(_ body: () throws -> Result) rethrows -> Result { try compiler.withLock(body) }

    private static let compiler = NSLock()
}

/// One look at every platform. A platform that fails is passed over, since a broken driver that somebody installed
/// long ago must not hide a sound one.
private struct OpenCLDiscovery: Sendable {
    let devices: [OpenCLDeviceInfo]
    let skipped: [String]
    let status: OpenCLStatus

    init() {
        DriverCaches.secure()
        let probe = DriverProbe.result(.user())
        if let failure = probe.failure {
            self.init(devices: [], skipped: [failure], status: .noDevice(skipped: [failure]))
            return
        }
        // Here drivers start the threads that kernels run on.
        lockstep_ocl_enlarge_stacks(true)
        defer { lockstep_ocl_enlarge_stacks(false) }
        self.init(probe)
    }

    private init(_ probe: DriverProbe) {
        let origin = String(cString: lockstep_ocl_origin())
        guard let cl = lockstep_ocl_load()?.pointee else {
            let isSwitchedOff = lockstep_ocl_is_switched_off()
            self.init(devices: [], skipped: [], status: isSwitchedOff ? .switchedOff : .noLoader(reason: origin))
            return
        }
        let (platforms, code) = Self.platforms(cl)
        guard !platforms.isEmpty else {
            let isAbsence = code == CL_SUCCESS || code == OpenCLErrorCode.platformNotFound.rawValue
            let skipped = isAbsence ? [] : ["clGetPlatformIDs answered \(OpenCLErrorCode(rawValue: code))"]
            self.init(
                devices: [], skipped: skipped,
                status: isAbsence ? .noPlatform(loader: origin) : .noDevice(skipped: skipped))
            return
        }

        var devices: [OpenCLDeviceInfo] = []
        var skipped: [String] = []
        for platform in platforms {
            Self.collect(platform, cl, probe.refused, into: &devices, &skipped)
        }
        let ordered = devices.enumerated().sorted { left, right in
            (left.element.platformName, left.element.platformVersion, left.offset)
                < (right.element.platformName, right.element.platformVersion, right.offset)
        }
        do throws(OpenCLError) {
            let form = try GPUForm.ofEnvironment()
            self.init(
                devices: ordered.map(\.element).map { info in form.map { info.kind == .cpu ? info.asGPU($0) : info } ?? info },
                skipped: skipped,
                status: devices.isEmpty ? .noDevice(skipped: skipped) : .ready(devices: devices.count, loader: origin))
        } catch {
            self.init(devices: [], skipped: ["\(error)"], status: .noDevice(skipped: ["\(error)"]))
        }
    }

    private init(devices: [OpenCLDeviceInfo], skipped: [String], status: OpenCLStatus) {
        self.devices = devices
        self.skipped = skipped
        self.status = status
    }

    private static func platforms(_ cl: lockstep_ocl_functions) -> ([OpaquePointer], Int32) {
        list { cl.clGetPlatformIDs($0, $1, $2) }
    }

    private static func collect(
        _ platform: OpaquePointer, _ cl: lockstep_ocl_functions, _ refused: [String: String], into devices: inout [OpenCLDeviceInfo],
        _ skipped: inout [String]
    ) {
        func text(_ property: Int32) -> String {
            (try? OpenCLQuery.string { cl.clGetPlatformInfo(platform, cl_platform_info(property), $0, $1, $2) }) ?? ""
        }
        let reported = text(CL_PLATFORM_NAME)
        let name = reported.isEmpty ? "a platform without a name" : reported
        if let reason = refused.first(where: { $0.key.trimmingCharacters(in: .whitespaces) == reported })?.value {
            skipped.append(reason)
            return
        }
        let version = text(CL_PLATFORM_VERSION)
        let (handles, code) = list {
            cl.clGetDeviceIDs(platform, cl_device_type(CL_DEVICE_TYPE_ALL), $0, $1, $2)
        }
        guard code == CL_SUCCESS || code == CL_DEVICE_NOT_FOUND else {
            skipped.append("\(name): clGetDeviceIDs answered \(OpenCLErrorCode(rawValue: code))")
            return
        }
        if handles.isEmpty {
            // PoCL has none where it cannot write what it compiles.
            let cache = ProcessInfo.processInfo.environment["POCL_CACHE_DIR"].map { "; is its cache folder, \($0), writable?" } ?? ""
            skipped.append("\(name): it has no device" + (name == "Portable Computing Language" ? cache : ""))
        }
        for device in handles {
            let handle = OpenCLDeviceHandle(platform: platform, device: device)
            do throws(OpenCLError) {
                devices.append(
                    try OpenCLDeviceInfo(handle, platformName: name, platformVersion: version, functions: cl))
            } catch {
                skipped.append("\(name): \(error)")
            }
        }
    }

    /// The protocol of both listing calls: ask for the count, then for the names.
    private static func list(
        _ get: (UInt32, UnsafeMutablePointer<OpaquePointer?>?, UnsafeMutablePointer<UInt32>?) -> Int32
    ) -> ([OpaquePointer], Int32) {
        var count: UInt32 = 0
        var code = get(0, nil, &count)
        guard code == CL_SUCCESS, count > 0 else { return ([], code) }
        var names = [OpaquePointer?](repeating: nil, count: Int(count))
        code = get(count, &names, &count)
        guard code == CL_SUCCESS else { return ([], code) }
        return (names.prefix(Int(count)).compactMap { $0 }, code)
    }
}
