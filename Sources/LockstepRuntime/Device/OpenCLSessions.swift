import Synchronization

/// One session per OpenCL device for the life of the process: drivers do not give back all that a session took.
final class OpenCLSessions: Sendable {
    static let shared = OpenCLSessions()

    private let sessions = Mutex<[OpenCLDeviceInfo: OpenCLSession]>([:])

    func session(_ info: OpenCLDeviceInfo) throws -> OpenCLSession {
        try sessions.withLock { open in
            if let session = open[info] { return session }
            let session = try OpenCLSession(info, cacheFolder: .user(for: info.platformName))
            open[info] = session
            return session
        }
    }
}
