import Foundation

/// The files of the project, as its own tests read them.
enum ProjectFiles {
    struct File: Sendable {
        /// Below the root.
        let path: String
        let lines: [String]
    }

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Text files of a folder with one of these extensions.
    static func files(_ folder: String, _ extensions: Set<String>) throws -> [File] {
        let base = root.appendingPathComponent(folder)
        guard let walk = FileManager.default.enumerator(atPath: base.path) else { return [] }
        let names = walk.compactMap { $0 as? String }.filter { extensions.contains(($0 as NSString).pathExtension) }
        return try names.filter { !$0.hasPrefix(".") }.sorted().map { name in
            let text = try String(contentsOf: base.appendingPathComponent(name), encoding: .utf8)
            return File(path: folder + "/" + name, lines: text.components(separatedBy: "\n"))
        }
    }

    static func folders(_ folder: String) throws -> [String] {
        let base = root.appendingPathComponent(folder)
        return try FileManager.default.contentsOfDirectory(atPath: base.path).filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: base.appendingPathComponent(name).path, isDirectory: &isFolder) && isFolder.boolValue
        }.sorted()
    }
}
