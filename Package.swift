// swift-tools-version: 6.2
import PackageDescription

let numerics: Target.Dependency = .product(name: "Numerics", package: "swift-numerics")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "lockstep",
    products: [
        .library(name: "Lockstep", targets: ["Lockstep"]),
        .library(name: "LockstepTables", targets: ["LockstepTables"]),
        .executable(name: "lockstep", targets: ["lockstep-cli"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .target(
            name: "KernelSources", path: "Kernels",
            exclude: [
                "prelude.cl", "hardware.cl", "calls.cl", "elementary.cl", "log_sums.cl", "special.cl", "densities.cl", "whole.cl",
                "philox.cl", "samplers.cl", "layout.cl", "slices.cl",
            ]),
        .target(name: "COpenCL", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        // Loops over the lanes of a block, for several instruction sets.
        .target(name: "CLanes"),
        .target(name: "LockstepTensor", dependencies: [numerics]),
        .target(name: "LockstepDistributions", dependencies: ["LockstepTensor"]),
        .target(name: "LockstepModel", dependencies: ["LockstepDistributions"]),
        .target(name: "LockstepCompiler", dependencies: ["LockstepTensor", "KernelSources"]),
        .target(name: "LockstepRuntime", dependencies: ["LockstepCompiler", "COpenCL", "CLanes", numerics]),
        .target(name: "LockstepInference", dependencies: ["LockstepModel", "LockstepRuntime"]),
        .target(name: "Lockstep", dependencies: ["LockstepInference"]),
        // Data of many datasets from files.
        .target(name: "LockstepTables", dependencies: ["Lockstep"]),
        // The models that the programs fit by name.
        .target(name: "LockstepExamples", dependencies: ["Lockstep", "LockstepTables"]),
        .executableTarget(
            name: "lockstep-bench", dependencies: ["Lockstep", "LockstepTables", "LockstepExamples", arguments],
            path: "Benchmarks/lockstep-bench"),
        .executableTarget(name: "lockstep-cli", dependencies: ["Lockstep", "LockstepTables", "LockstepExamples", arguments]),

        .target(name: "TestSupport", dependencies: ["LockstepTensor", "LockstepRuntime"], path: "Tests/TestSupport"),
        .testTarget(name: "LockstepTensorTests", dependencies: ["LockstepTensor", "TestSupport"]),
        .testTarget(name: "LockstepDistributionsTests", dependencies: ["LockstepDistributions", "TestSupport"]),
        .testTarget(name: "LockstepModelTests", dependencies: ["LockstepModel", "TestSupport"]),
        .testTarget(
            name: "LockstepCompilerTests", dependencies: ["LockstepCompiler", "LockstepRuntime", "TestSupport"], exclude: ["Goldens"]),
        .testTarget(name: "LockstepRuntimeTests", dependencies: ["LockstepRuntime", "CLanes", "TestSupport"]),
        .testTarget(
            name: "LockstepInferenceTests", dependencies: ["Lockstep", "LockstepTables", "LockstepExamples", "TestSupport"]),
        .testTarget(name: "LockstepTablesTests", dependencies: ["Lockstep", "LockstepTables", "TestSupport"]),
        .testTarget(
            name: "LockstepCommandTests", dependencies: ["lockstep-cli", "Lockstep", "LockstepTables", "LockstepExamples", "TestSupport"]),
        .testTarget(name: "LockstepBenchTests", dependencies: ["lockstep-bench", "Lockstep", "TestSupport"]),
        // Random models through the public interface.
        .testTarget(name: "FuzzTests", dependencies: ["Lockstep", "TestSupport"]),
        .testTarget(name: "ArchitectureTests"),
    ],
    swiftLanguageModes: [.v6]
)

// Only who builds the documentation fetches the plugin: LOCKSTEP_DOCS=1 swift package generate-documentation
if Context.environment["LOCKSTEP_DOCS"] != nil {
    package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}
