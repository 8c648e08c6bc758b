// swift-tools-version: 6.2
import PackageDescription

// Calls of the public interface with hostile values, outside of the library: `run` writes them and runs them.
let package = Package(
    name: "hostile",
    dependencies: [.package(name: "lockstep", path: "../..")],
    targets: [
        .executableTarget(name: "hostile", dependencies: [.product(name: "Lockstep", package: "lockstep")])
    ],
    swiftLanguageModes: [.v6]
)
