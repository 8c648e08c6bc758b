internal import COpenCL

/// The bytes of a buffer in the host's memory, as they were when all that was given before had run.
///
/// `@unchecked Sendable`: all fields are `let`; while it lives, nothing is launched that writes the buffer.
package final class OpenCLMapping: @unchecked Sendable {
    package enum Purpose: Sendable {
        case reading
        /// What the buffer held is of no interest.
        case filling
        case changing

        fileprivate var flags: Int32 {
            switch self {
            case .reading: CL_MAP_READ
            case .filling: CL_MAP_WRITE_INVALIDATE_REGION
            case .changing: CL_MAP_READ | CL_MAP_WRITE
            }
        }
    }

    package let bytes: UnsafeMutableRawBufferPointer
    private let buffer: OpenCLBuffer
    private let session: OpenCLSession

    fileprivate init(_ buffer: OpenCLBuffer, on queue: OpenCLSession, for purpose: Purpose) throws {
        // Not success: a driver that returns nothing and no code is a failure too.
        var code = CL_INVALID_VALUE
        let address = queue.cl.clEnqueueMapBuffer(
            queue.queue, buffer.memory, cl_bool(CL_TRUE), cl_map_flags(purpose.flags), 0, buffer.byteCount, 0, nil, nil, &code)
        try queue.check(code, "clEnqueueMapBuffer", "\(buffer.byteCount) bytes")
        bytes = UnsafeMutableRawBufferPointer(start: address, count: buffer.byteCount)
        self.buffer = buffer
        session = queue
    }

    // A release that fails has nobody to tell: the next call on the queue fails too.
    deinit { _ = session.cl.clEnqueueUnmapMemObject(session.queue, buffer.memory, bytes.baseAddress, 0, nil, nil) }
}

extension OpenCLSession {
    /// The bytes of a buffer, after everything given so far, for as long as the value lives.
    package func map(_ buffer: OpenCLBuffer, for purpose: OpenCLMapping.Purpose) throws -> OpenCLMapping {
        try own(buffer)
        return try OpenCLMapping(buffer, on: self, for: purpose)
    }

    /// Has a buffer's bytes changed in the host's memory, after everything given so far.
    ///
    /// - Parameter change: gets all of them.
    package func change(
        _ buffer: OpenCLBuffer, for purpose: OpenCLMapping.Purpose = .changing, _ change: (UnsafeMutableRawBufferPointer) throws -> Void
    ) throws {
        let mapping = try map(buffer, for: purpose)
        try withExtendedLifetime(mapping) { try change(mapping.bytes) }
    }
}
