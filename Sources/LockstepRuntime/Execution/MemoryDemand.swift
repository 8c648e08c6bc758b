import Foundation
import LockstepCompiler

/// The arrays that a program wants at once, added up before any of them is made. As real numbers, which do not overflow.
struct MemoryDemand {
    private var bytes = 0.0
    private var largest: (role: Buffer.Role, bytes: Double)?
    private let lanes: Int

    init(lanes: Int) { self.lanes = lanes }

    /// - Parameter copies: arrays of the buffer's size, one for each lane, worker and so on.
    mutating func add(_ buffer: Buffer, elementBytes: Int, copies: Int) {
        add(buffer.role, bytes: Double(max(buffer.count, 1)) * Double(elementBytes) * Double(copies))
    }

    mutating func add(_ role: Buffer.Role, bytes own: Double) {
        bytes += own
        if own > largest?.bytes ?? 0 { largest = (role, own) }
    }

    /// As a user may know it: what states are called begins with the kind of state.
    static func name(_ role: Buffer.Role) -> String {
        switch role {
        case .state(let name): "'\(name.drop { $0 != "/" }.dropFirst())'"
        case .temporary: "an intermediate result"
        default: role.label
        }
    }

    /// - Throws: `ExecutionError.memory` where there is not so much.
    func check(_ limit: Int, of device: String) throws(ExecutionError) {
        guard bytes > Double(limit) else { return }
        let part = largest.map { "\(Self.name($0.role)) alone takes \(HostMemory.text($0.bytes))" }
        throw .memory(lanes: lanes, wanted: HostMemory.text(bytes), limit: HostMemory.text(Double(limit)), device: device, largest: part ?? "")
    }
}

extension LaneProgram {
    /// - Throws: `ExecutionError.tooManyElements` for an array or a loop that indices of 32 bits do not reach.
    func checkExtents() throws(ExecutionError) {
        for buffer in buffers where buffer.count > Int(Int32.max) {
            throw .tooManyElements(what: MemoryDemand.name(buffer.role), count: buffer.count)
        }
        var longest = 0
        forEachStatement { if case .loop(let loop) = $0 { longest = max(longest, loop.variable.extent) } }
        guard longest <= Int(Int32.max) else { throw .tooManyElements(what: "a loop", count: longest) }
    }
}

/// The memory of the machine, or the share of it that this process may have.
package enum HostMemory {
    /// What arrays may take; the rest is for everything else.
    package static var limit: Int { Int(clamping: total / 4 * 3) }

    /// With a unit that leaves one to three digits before the point.
    package static func text(_ bytes: Double) -> String {
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var (value, unit) = (bytes, 0)
        while value >= 1024, unit + 1 < units.count { (value, unit) = (value / 1024, unit + 1) }
        return String(format: unit == 0 ? "%.0f" : "%.1f", value) + " " + units[unit]
    }

    static var total: UInt64 { min(ProcessInfo.processInfo.physicalMemory, containerLimit ?? .max) }

    /// Of a container (Linux control groups, the second and the first version).
    private static var containerLimit: UInt64? {
        let files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        return files.lazy.compactMap { path in
            (try? String(contentsOfFile: path, encoding: .utf8)).flatMap { UInt64($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }.first
    }
}
