import Foundation
import Testing

/// The page that shows the way of the data names what is there.
@Suite struct MapTests {
    @Test func everyPlaceOfTheMapExists() throws {
        let map = try #require(try ProjectFiles.files("Sources", ["md"]).first { $0.path.hasSuffix("Sources/README.md") })
        let places = map.lines.flatMap { line in
            line.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
        }.filter { $0.contains("/") }
        #expect(places.count > 20)
        for place in places {
            let path = place.hasPrefix("Tests/") ? place : "Sources/" + place
            #expect(FileManager.default.fileExists(atPath: ProjectFiles.root.appendingPathComponent(path).path), "\(place) is not there")
        }
    }

    /// Each folder of the compiler is a station, or holds some.
    @Test func everyFolderOfTheCompilerIsOnTheMap() throws {
        let map = try String(contentsOfFile: ProjectFiles.root.appendingPathComponent("Sources/README.md").path, encoding: .utf8)
        for folder in try ProjectFiles.folders("Sources/LockstepCompiler") {
            #expect(map.contains("`LockstepCompiler/\(folder)"), "LockstepCompiler/\(folder) is not on the map")
        }
    }
}
