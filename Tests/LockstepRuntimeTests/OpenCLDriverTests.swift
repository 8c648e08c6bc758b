import Foundation
import Testing

@testable import LockstepRuntime

@Suite("OpenCL devices", needsOpenCLDevice)
struct OpenCLDriverTests {
    @Test func statusAgreesWithTheList() {
        guard case .ready(let count, _) = OpenCLDriver.status else {
            Issue.record("status is \(OpenCLDriver.status)")
            return
        }
        #expect(count == OpenCLDriver.devices().count)
        #expect(OpenCLDriver.devices() == OpenCLDriver.devices())
    }

    @Test func platformsAreInOrder() {
        let names = OpenCLDriver.devices().map(\.platformName)
        #expect(names == names.sorted())
    }

    @Test(arguments: OpenCLDriver.devices())
    func everyPropertyHasAValue(info: OpenCLDeviceInfo) {
        print(info, "through", OpenCLDriver.status)
        #expect(!info.name.isEmpty && !info.vendor.isEmpty && !info.platformName.isEmpty)
        #expect(!info.driverVersion.isEmpty)
        #expect(OpenCLVersion(info.version) >= OpenCLVersion.needed)
        #expect(info.computeUnits > 0)
        #expect(info.maxAllocationBytes > 0 && info.maxAllocationBytes <= info.globalMemoryBytes)
        #expect(info.localMemoryBytes > 0)
        #expect(info.maxWorkGroupSize > 0)
        #expect([1, 2, 4, 8, 16].contains(info.nativeFloatWidth))
        #expect(info.preferredFloatWidth > 0)
        #expect(info.description.contains(info.name))
    }

    @Test(arguments: OpenCLDriver.devices())
    func cacheIdentityHoldsWhatABinaryDependsOn(info: OpenCLDeviceInfo) {
        for part in [info.name, info.driverVersion, info.platformVersion, info.vendor] {
            #expect(info.cacheIdentity.contains(part))
        }
    }
}

/// Absence is only seen by a process that has not yet looked, so each of these looks from a new one.
@Suite("OpenCL absent")
struct OpenCLAbsenceTests {
    #if os(Linux) || os(macOS)
    @Test func switchedOff() async {
        await #expect(processExitsWith: .success) {
            setenv("LOCKSTEP_OPENCL_LIBRARY", "none", 1)
            #expect(OpenCLDriver.devices().isEmpty)
            #expect(OpenCLDriver.status == .switchedOff)
        }
    }

    @Test func noLoaderLibrary() async {
        await #expect(processExitsWith: .success) {
            setenv("LOCKSTEP_OPENCL_LIBRARY", "/nonexistent/libOpenCL.so.1", 1)
            #expect(OpenCLDriver.devices().isEmpty)
            guard case .noLoader(let reason) = OpenCLDriver.status else {
                Issue.record("status is \(OpenCLDriver.status)")
                return
            }
            #expect(reason.contains("/nonexistent/libOpenCL.so.1"))
        }
    }

    @Test func libraryThatIsNoOpenCL() async {
        await #expect(processExitsWith: .success) {
            #if os(Linux)
            setenv("LOCKSTEP_OPENCL_LIBRARY", "libm.so.6", 1)
            #else
            setenv("LOCKSTEP_OPENCL_LIBRARY", "/usr/lib/libSystem.B.dylib", 1)
            #endif
            #expect(OpenCLDriver.devices().isEmpty)
            #expect(OpenCLDriver.status.description.contains("has no clGetPlatformIDs"))
        }
    }
    #endif

    /// A wrong description is said, and never the device as it is.
    @Test(needsOpenCLDevice) func describedAsAGPU() async {
        await #expect(processExitsWith: .success) {
            setenv("LOCKSTEP_OPENCL_AS_GPU", "132:64", 1)
            #expect(OpenCLDriver.devices().allSatisfy { $0.kind != .cpu })
            let gpus = OpenCLDriver.devices().filter { $0.computeUnits == 132 }
            #expect(gpus.allSatisfy { $0.maxWorkGroupSize <= 64 && $0.nativeFloatWidth == 1 && $0.localMemoryBytes <= 48 << 10 })
        }
        await #expect(processExitsWith: .success) {
            setenv("LOCKSTEP_OPENCL_AS_GPU", "132", 1)
            #expect(OpenCLDriver.devices().isEmpty)
            #expect(OpenCLDriver.status.description.contains("LOCKSTEP_OPENCL_AS_GPU is \"132\""))
        }
    }

    #if os(Linux)
    // Only a loader that reads OCL_ICD_VENDORS can be shown an empty machine; without a loader, or under a tool that
    // brings its own platform, there is nothing to see.
    @Test(
        needsOpenCLDevice,
        .enabled(if: OpenCLDriver.status.description.contains("libOpenCL"), "no ICD loader in use"))
    func loaderWithoutDrivers() async {
        await #expect(processExitsWith: .success) {
            setenv("OCL_ICD_VENDORS", "/nonexistent", 1)
            #expect(OpenCLDriver.devices().isEmpty)
            let loader = ProcessInfo.processInfo.environment["LOCKSTEP_OPENCL_LIBRARY"] ?? "libOpenCL.so.1"
            #expect(OpenCLDriver.status == .noPlatform(loader: loader))
        }
    }
    #endif
}
