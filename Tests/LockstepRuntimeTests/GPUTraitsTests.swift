import Testing

@testable import LockstepRuntime

/// What is known of GPUs, and which device is taken where there are several: descriptions made up after real ones.
@Suite(needsOpenCLDevice) struct GPUTraitsTests {
    private static func gpu(
        _ name: String, _ vendor: String, _ platform: String, units: Int, clockMHz: Int, sharesHostMemory: Bool = false
    ) throws -> OpenCLDeviceInfo {
        try #require(OpenCLDriver.devices().first).described {
            ($0.name, $0.vendor, $0.platformName, $0.kind) = (name, vendor, platform, .gpu)
            ($0.computeUnits, $0.clockMHz, $0.sharesHostMemory, $0.limitsKernelTime) = (units, clockMHz, sharesHostMemory, false)
        }
    }

    private static func nvidia(_ name: String, units: Int, clockMHz: Int) throws -> OpenCLDeviceInfo {
        try gpu(name, "NVIDIA Corporation", "NVIDIA CUDA", units: units, clockMHz: clockMHz)
    }
    private static func intel(_ name: String, units: Int, clockMHz: Int, isIntegrated: Bool = false) throws -> OpenCLDeviceInfo {
        try gpu(name, "Intel(R) Corporation", "Intel(R) OpenCL Graphics", units: units, clockMHz: clockMHz, sharesHostMemory: isIntegrated)
    }
    private static func amd(_ name: String, units: Int, clockMHz: Int, isIntegrated: Bool = false) throws -> OpenCLDeviceInfo {
        try gpu(
            name, "Advanced Micro Devices, Inc.", "AMD Accelerated Parallel Processing", units: units, clockMHz: clockMHz,
            sharesHostMemory: isIntegrated)
    }

    @Test func makersAreKnown() throws {
        func vendor(_ vendor: String, _ name: String, _ platform: String) -> GPUVendor {
            GPUVendor(vendor: vendor, name: name, platform: platform)
        }
        #expect(vendor("NVIDIA Corporation", "NVIDIA H100 80GB HBM3", "NVIDIA CUDA") == .nvidia)
        #expect(vendor("Advanced Micro Devices, Inc.", "gfx1100", "AMD Accelerated Parallel Processing") == .amd)
        #expect(vendor("AMD", "AMD Radeon RX 6800", "rusticl") == .amd)
        #expect(vendor("Mesa/X.org", "AMD Radeon RX 580", "Clover") == .amd)
        #expect(vendor("Intel(R) Corporation", "Intel(R) Arc(TM) A770 Graphics", "Intel(R) OpenCL Graphics") == .intel)
        #expect(vendor("Intel Inc.", "Intel(R) Iris(TM) Plus Graphics", "Apple") == .intel)
        #expect(vendor("AMD", "AMD Radeon Pro 5500M Compute Engine", "Apple") == .amd)
        #expect(vendor("Apple", "Apple M3 Max", "Apple") == .apple)
        #expect(vendor("ARM", "Mali-G610", "ARM Platform") == .other)
        // The maker of the processor is not that of a GPU.
        #expect(vendor("GenuineIntel", "cpu-haswell", "Portable Computing Language") == .other)
        #expect(vendor("AuthenticAMD", "cpu-znver3", "Portable Computing Language") == .other)
    }

    /// The first of each list is the one to take; devices in any order of the driver's.
    @Test func theBestComesFirst() throws {
        let h100 = try Self.nvidia("NVIDIA H100 80GB HBM3", units: 132, clockMHz: 1980)
        let laptop = try Self.nvidia("NVIDIA GeForce RTX 4050 Laptop GPU", units: 20, clockMHz: 2370)
        let small = try Self.nvidia("NVIDIA T400 4GB", units: 6, clockMHz: 1425)
        let iris = try Self.intel("Intel(R) Iris(R) Xe Graphics", units: 96, clockMHz: 1400, isIntegrated: true)
        let arc = try Self.intel("Intel(R) Arc(TM) A770 Graphics", units: 512, clockMHz: 2400)
        let radeon = try Self.amd("gfx1100", units: 48, clockMHz: 2371)
        let vega = try Self.amd("gfx906:sramecc+:xnack-", units: 60, clockMHz: 1801)
        let apu = try Self.amd("gfx90c:xnack-", units: 8, clockMHz: 2000, isIntegrated: true)
        let uhd = try Self.intel("Intel(R) UHD Graphics 770", units: 32, clockMHz: 1550, isIntegrated: true)
        let lists: [[OpenCLDeviceInfo]] = [
            [laptop, iris],
            [small, iris],
            [radeon, apu],
            [arc, iris],
            [arc, uhd],
            [h100, laptop, small],
            [h100, arc, laptop, iris, uhd],
            // 48 pairs of compute units of RDNA are more than 60 single ones before.
            [radeon, vega, apu],
            [laptop, small],
        ]
        for list in lists {
            for devices in [list, list.reversed(), Array(list.dropFirst() + list.prefix(1))] {
                #expect(OpenCLDeviceInfo.ranked(devices).map(\.name) == list.map(\.name))
            }
        }
    }

    /// The kinds of devices keep their order, and equals that of the driver.
    @Test func kindsComeFirst() throws {
        let gpu = try Self.intel("Intel(R) UHD Graphics 770", units: 1, clockMHz: 0, isIntegrated: true)
        func other(_ kind: OpenCLDeviceInfo.Kind, _ platform: String, _ name: String, units: Int = 64) -> OpenCLDeviceInfo {
            gpu.described { ($0.kind, $0.platformName, $0.name, $0.computeUnits) = (kind, platform, name, units) }
        }
        let list = [
            gpu, other(.accelerator, "FPGA", "a"), other(.cpu, "Intel(R) OpenCL", "i", units: 4),
            other(.cpu, "Portable Computing Language", "p"), other(.cpu, "Portable Computing Language", "q"),
            other(.cpu, "Portable Computing Language", "r", units: 2), other(.cpu, "Oclgrind", "o"),
        ]
        #expect(OpenCLDeviceInfo.ranked(list).map(\.name) == list.map(\.name))
        let mixed = [list[6], list[2], list[5], list[3], list[1], list[4], list[0]]
        #expect(OpenCLDeviceInfo.ranked(mixed).map(\.name) == list.map(\.name))
    }

    @Test func launchesAreShortWhereSomebodyWaits() throws {
        let card = try Self.nvidia("NVIDIA H100 80GB HBM3", units: 132, clockMHz: 1980)
        #expect(card.launchSeconds == 0.25)
        #expect(card.described { $0.limitsKernelTime = true }.launchSeconds == 0.1)
        #expect(card.described { $0.sharesHostMemory = true }.launchSeconds == 0.1)
        #expect(card.described { ($0.kind, $0.sharesHostMemory) = (.cpu, true) }.launchSeconds == 0.25)
        #expect(try Self.intel("Intel(R) Arc(TM) A770 Graphics", units: 512, clockMHz: 2400).launchSeconds == 0.1)
        #expect(try Self.gpu("Apple M3 Max", "Apple", "Apple", units: 40, clockMHz: 1000).launchSeconds == 0.1)
        #expect(try Self.amd("gfx90a", units: 104, clockMHz: 1700).launchSeconds == 0.25)
    }
}
