// swift-tools-version: 6.2
import Foundation
import PackageDescription

// Where the library is: beside this folder, unless the environment says otherwise.
let library = Context.environment["LOCKSTEP_PACKAGE"] ?? "../.."

/// What others can build on Lockstep: a distribution, an initialiser, a guide, a loss, an optimiser and an algorithm of their own.
let package = Package(
    name: "outside",
    dependencies: [.package(name: "lockstep", path: library)],
    targets: [.executableTarget(name: "Outside", dependencies: [.product(name: "Lockstep", package: "lockstep")])],
    swiftLanguageModes: [.v6]
)
