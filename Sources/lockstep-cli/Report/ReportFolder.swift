import Foundation

/// A folder that tables are written to, each whole or not at all; it is made where it is not there.
struct ReportFolder {
    private let files: [String: ReportFile]

    /// - Throws: `CommandError` when nothing could be written there.
    init(_ path: String, _ names: [String], _ interruption: Interruption) throws {
        if path.isEmpty { throw CommandError("the name of the folder for CSV files is empty") }
        // Those around it are the user's to make.
        if mkdir(path, 0o777) != 0, errno != EEXIST { throw CommandError("cannot make the folder \(path): \(SystemError())") }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw CommandError("cannot write to \(path): it is not a folder")
        }
        files = Dictionary(
            uniqueKeysWithValues: try names.map { ($0, try ReportFile((path as NSString).appendingPathComponent($0), interruption)) })
    }

    /// - Throws: `CommandError` when it cannot be written.
    func write(_ name: String, _ bytes: [UInt8]) throws { try files[name]?.write(bytes) }
}
