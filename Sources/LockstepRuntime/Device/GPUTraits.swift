/// What is known of a vendor's GPUs, and cannot be asked of a driver.
struct GPUTraits: Hashable, Sendable {
    /// Numbers that one compute unit adds at a time, as the vendor's driver counts units.
    var lanesOfUnit: Int
    /// Registers of one unit, and of one work-item at most, of 32 bits.
    var registersOfUnit: Int
    var mostRegisters: Int
    /// Bytes that one unit keeps near itself of what its work-items read and write.
    var cacheBytes: Int
    /// Bytes of local memory that one unit has for its groups, and whether what they take is lost to the cache.
    var localBytesOfUnit: Int
    var isLocalMemoryOfCache: Bool
    /// Bytes that one unit gets from memory in a clock when all do.
    var memoryBytesPerClock: Double
    /// Work-items that one unit holds at most: their private memory is set aside.
    var residentItems: Int
    /// Work-items of the largest group that pays.
    var largestGroup: Int
    /// Whether its compilers are known to keep rows of data, and what is made of them, in registers: AMD's move some out, and then as
    /// many as they have, so that few work-items are left.
    var keepsRows = true
    /// Whether the system is known to stop kernels of a few seconds, on every machine.
    var isWatchdogStrict: Bool

    /// Work-items that keep one unit busy, of kernels that take as many registers as there are: whole warps.
    var itemsPerUnit: Int { registersOfUnit / mostRegisters / 32 * 32 }
}

/// Who made a GPU.
enum GPUVendor: String, CaseIterable, Sendable {
    case nvidia, amd, intel, apple, other

    /// What its own driver says of a device.
    var deviceVendor: String? {
        switch self {
        case .nvidia: "NVIDIA Corporation"
        case .amd: "Advanced Micro Devices, Inc."
        case .intel: "Intel(R) Corporation"
        case .apple, .other: nil
        }
    }

    var traits: GPUTraits {
        switch self {
        // A multiprocessor: four schedulers, two warps of 255 registers for each. What an H100 was measured to keep and get.
        case .nvidia:
            GPUTraits(
                lanesOfUnit: 128, registersOfUnit: 65_536, mostRegisters: 255, cacheBytes: 200 << 10, localBytesOfUnit: 200 << 10,
                isLocalMemoryOfCache: true, memoryBytesPerClock: 8,
                residentItems: 2048, largestGroup: 256, isWatchdogStrict: false)
        // A compute unit of GCN or CDNA: four SIMDs, a wave of 64 work-items and 256 registers for each. An MI210's bandwidth.
        case .amd:
            GPUTraits(
                lanesOfUnit: 64, registersOfUnit: 65_536, mostRegisters: 256, cacheBytes: 16 << 10, localBytesOfUnit: 64 << 10,
                isLocalMemoryOfCache: false, memoryBytesPerClock: 8,
                residentItems: 2048, largestGroup: 256, keepsRows: false, isWatchdogStrict: false)
        // An execution unit: seven or eight threads of 8 to 32 work-items; 8 where registers are short. Sixteen units share 192
        // KB, 128 of them local memory at most. The bandwidth of an Arc A770, and of processors with 96 units.
        case .intel:
            GPUTraits(
                lanesOfUnit: 8, registersOfUnit: 8192, mostRegisters: 128, cacheBytes: 12 << 10, localBytesOfUnit: 8 << 10,
                isLocalMemoryOfCache: true, memoryBytesPerClock: 0.5,
                residentItems: 256, largestGroup: 256, isWatchdogStrict: true)
        // A core, as others have found it out: 208 KB of registers. An M1's bandwidth.
        case .apple:
            GPUTraits(
                lanesOfUnit: 128, registersOfUnit: 53_248, mostRegisters: 128, cacheBytes: 8 << 10, localBytesOfUnit: 32 << 10,
                isLocalMemoryOfCache: false, memoryBytesPerClock: 7,
                residentItems: 1024, largestGroup: 256, isWatchdogStrict: true)
        case .other:
            GPUTraits(
                lanesOfUnit: 64, registersOfUnit: 65_536, mostRegisters: 256, cacheBytes: 16 << 10, localBytesOfUnit: 32 << 10,
                isLocalMemoryOfCache: false, memoryBytesPerClock: 4,
                residentItems: 2048, largestGroup: 256, isWatchdogStrict: false)
        }
    }

    /// The maker of the chip, whoever made the driver: `vendor` and `name` are the device's.
    init(vendor: String, name: String, platform: String) {
        func named(_ text: String) -> GPUVendor? {
            let text = text.lowercased()
            // The makers of processors are one word, as in GenuineIntel.
            let words = Set(text.split { !$0.isLetter }.map { String($0) })
            if words.contains("nvidia") { return .nvidia }
            if words.contains("amd") || text.contains("advanced micro devices") { return .amd }
            if words.contains("intel") { return .intel }
            return words.contains("apple") ? .apple : nil
        }
        self = named(vendor) ?? named(name) ?? named(platform) ?? .other
    }
}

extension OpenCLDeviceInfo {
    /// What is known of the device as a GPU.
    var gpu: GPUTraits {
        let vendor = GPUVendor(vendor: vendor, name: name, platform: platformName)
        var traits = vendor.traits
        // Of chips from RDNA on, AMD's driver counts pairs of compute units.
        if vendor == .amd, ["gfx10", "gfx11", "gfx12"].contains(where: { name.hasPrefix($0) }) {
            traits.lanesOfUnit *= 2
            traits.registersOfUnit *= 2
            traits.cacheBytes *= 2
            traits.localBytesOfUnit *= 2
        }
        return traits
    }

    /// Registers to which the driver can hold work-items that go through wide rows: measured to pay on an H100, in groups of eight warps
    /// and less.
    var registersOfRows: Int? { GPUVendor(vendor: vendor, name: name, platform: platformName) == .nvidia ? 128 : nil }

    /// How long one launch may take: long enough that launching costs nothing, short enough that no watchdog stops it and
    /// no display stands still.
    package var launchSeconds: Double {
        guard kind != .cpu else { return 0.25 }
        return gpu.isWatchdogStrict || limitsKernelTime || sharesHostMemory ? 0.1 : 0.25
    }

    /// Numbers that the device adds in a second, in millions and as far as that can be told.
    private var speed: Int {
        let lanes = kind == .gpu ? gpu.lanesOfUnit : max(nativeFloatWidth, 1)
        return max(computeUnits, 1) * lanes * max(clockMHz, 1)
    }

    /// GPUs before accelerators before CPUs; of GPUs those with a memory of their own, of CPUs the vendor's own runtime. A
    /// simulator comes last.
    private var rank: Int {
        if platformName.contains("Oclgrind") { return 0 }
        switch kind {
        case .gpu: return sharesHostMemory ? 4 : 5
        case .accelerator: return 3
        case .cpu: return platformName.contains("Intel") ? 2 : 1
        case .other: return 0
        }
    }

    /// The best first; of one rank the fastest. Equals stay in the driver's order.
    static func ranked(_ devices: [OpenCLDeviceInfo]) -> [OpenCLDeviceInfo] {
        devices.enumerated().sorted { a, b in
            let (x, y) = (a.element, b.element)
            return (x.rank, x.speed, -a.offset) > (y.rank, y.speed, -b.offset)
        }.map(\.element)
    }
}
