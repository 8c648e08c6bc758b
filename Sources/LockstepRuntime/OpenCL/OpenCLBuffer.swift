internal import COpenCL

/// Bytes in the memory of a session's device. Released with its last reference, once no queued command needs it.
///
/// `@unchecked Sendable`: all fields are `let`; what the bytes hold is ordered by the session's one queue.
package final class OpenCLBuffer: @unchecked Sendable {
    package let session: OpenCLSession
    package let byteCount: Int
    let memory: OpaquePointer

    fileprivate init(session: OpenCLSession, byteCount: Int) throws {
        guard byteCount > 0 else {
            throw OpenCLError.misuse("A buffer must have at least one byte; \(byteCount) were asked for.")
        }
        guard byteCount <= session.info.maxAllocationBytes else {
            throw OpenCLError.allocationTooLarge(
                bytes: byteCount, limit: session.info.maxAllocationBytes, device: session.info.name)
        }
        let size = OpenCLError.mebibytes(byteCount)
        memory = try session.make("clCreateBuffer", "a buffer of \(size)") { code in
            guard session.imposedMemory?.take(byteCount) ?? true else {
                code = CL_MEM_OBJECT_ALLOCATION_FAILURE
                return nil
            }
            return session.create(byteCount, &code)
        }
        self.session = session
        self.byteCount = byteCount
    }

    deinit {
        _ = session.cl.clReleaseMemObject(memory)
        session.imposedMemory?.give(byteCount)
    }

    /// Overflow-safe, as offsets may come from a file.
    fileprivate func check(_ action: String, count: Int, at offset: Int) throws {
        guard count >= 0, offset >= 0, offset <= byteCount, count <= byteCount - offset else {
            throw OpenCLError.misuse(
                "Cannot \(action) \(count) bytes at offset \(offset): the buffer has \(byteCount) bytes.")
        }
    }
}

extension OpenCLSession {
    /// The driver's object of a buffer. A large one on a device that works in the host's memory is a block of ours.
    fileprivate func create(_ byteCount: Int, _ code: inout Int32) -> OpaquePointer? {
        let flags = cl_mem_flags(CL_MEM_READ_WRITE)
        guard info.sharesHostMemory, byteCount >= HostBlock.large else {
            return cl.clCreateBuffer(context, flags, byteCount, nil, &code)
        }
        // Drivers copy what does not end with a cache line.
        let block = HostBlock(byteCount: (byteCount + 63) / 64 * 64, isUndefined: true)
        let memory = cl.clCreateBuffer(context, flags | cl_mem_flags(CL_MEM_USE_HOST_PTR), block.byteCount, block.address, &code)
        guard let memory, code == CL_SUCCESS else { return nil }
        // The object outlives our last reference while commands need it, and so must the block.
        let held = Unmanaged.passRetained(block)
        code = cl.clSetMemObjectDestructorCallback(
            memory, { _, block in block.map { Unmanaged<HostBlock>.fromOpaque($0).release() } }, held.toOpaque())
        guard code == CL_SUCCESS else {
            held.release()
            _ = cl.clReleaseMemObject(memory)
            return nil
        }
        return memory
    }

    /// A new buffer with undefined contents.
    package func allocate(bytes: Int) throws -> OpenCLBuffer {
        try OpenCLBuffer(session: self, byteCount: bytes)
    }

    /// A new buffer that holds a copy of some values.
    package func allocate<Element: BitwiseCopyable>(copying elements: [Element]) throws -> OpenCLBuffer {
        let buffer = try allocate(bytes: elements.count * MemoryLayout<Element>.stride)
        try elements.withUnsafeBytes { try write($0, to: buffer) }
        return buffer
    }

    /// Copies bytes to the device, after everything given so far, and returns when the source may change again.
    package func write(_ source: UnsafeRawBufferPointer, to buffer: OpenCLBuffer, at offset: Int = 0) throws {
        try own(buffer)
        try buffer.check("write", count: source.count, at: offset)
        guard source.count > 0 else { return }
        let code = cl.clEnqueueWriteBuffer(
            queue, buffer.memory, cl_bool(CL_TRUE), offset, source.count, source.baseAddress, 0, nil, nil)
        try check(code, "clEnqueueWriteBuffer", "\(source.count) bytes")
    }

    /// Copies bytes from the device, after everything given so far, and waits for them.
    package func read(_ buffer: OpenCLBuffer, into target: UnsafeMutableRawBufferPointer, at offset: Int = 0) throws {
        try own(buffer)
        try buffer.check("read", count: target.count, at: offset)
        guard target.count > 0 else { return }
        let code = cl.clEnqueueReadBuffer(
            queue, buffer.memory, cl_bool(CL_TRUE), offset, target.count, target.baseAddress, 0, nil, nil)
        try check(code, "clEnqueueReadBuffer", "\(target.count) bytes")
    }

    /// The first values of a buffer, or all that fit in it.
    package func read<Element: BitwiseCopyable>(
        _ buffer: OpenCLBuffer, as type: Element.Type, count: Int? = nil
    ) throws -> [Element] {
        let stride = MemoryLayout<Element>.stride
        let count = count ?? buffer.byteCount / stride
        let (size, overflows) = count.multipliedReportingOverflow(by: stride)
        try buffer.check("read", count: overflows ? Int.max : size, at: 0)
        return try [Element](unsafeUninitializedCapacity: count) { elements, initialized in
            try read(buffer, into: UnsafeMutableRawBufferPointer(elements.extracting(0..<count)))
            initialized = count
        }
    }

    /// Sets bytes of a buffer to zero, after everything given so far, without waiting. All bytes by default.
    package func fillWithZeros(_ buffer: OpenCLBuffer, at offset: Int = 0, count: Int? = nil) throws {
        try own(buffer)
        let count = count ?? buffer.byteCount - min(max(offset, 0), buffer.byteCount)
        try buffer.check("fill", count: count, at: offset)
        guard count > 0 else { return }
        if info.platformName == "Oclgrind" {
            // The simulator does not count a fill as giving values, and would report every element read.
            let zeros = [UInt8](repeating: 0, count: count)
            return try zeros.withUnsafeBytes { try write($0, to: buffer, at: offset) }
        }
        // A pattern must divide both numbers, and drivers fill faster with long ones.
        let zeros: [UInt8] = Array(repeating: 0, count: 16)
        let pattern = [16, 4].first { offset % $0 == 0 && count % $0 == 0 } ?? 1
        let code = cl.clEnqueueFillBuffer(queue, buffer.memory, zeros, pattern, offset, count, 0, nil, nil)
        try check(code, "clEnqueueFillBuffer", "\(count) bytes")
    }

    func own(_ buffer: OpenCLBuffer) throws {
        guard buffer.session.context == context else {
            throw OpenCLError.misuse("A buffer can only be used in the session that allocated it, or beside it.")
        }
    }
}
