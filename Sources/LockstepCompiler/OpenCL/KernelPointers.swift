// The pointers among a kernel's parameters.
extension KernelWriter {
    /// Of a parameter that nothing is written through: no other leads to the same memory, so that a GPU need not read again what
    /// it has. Text for CPUs goes without.
    var pointer: String { options.interleaves ? "*restrict " : "*" }

    /// Of one that is written through: workers of a group read what others have written, by pointers of their own.
    var writtenPointer: String { cooperation == nil ? pointer : "*" }

    /// A buffer in global memory that the text names as it is.
    func globalDeclaration(_ id: BufferID) -> String? {
        let buffer = program.buffers[id.number]
        let scalarType = type(buffer.dtype, isUniform: true)
        let laneType = type(buffer.dtype, isUniform: false)
        return switch (buffer.role, places[id.number]) {
        case (.data, .shared), (.table, .shared), (.grouped, .shared), (.slices, _): "__global const \(scalarType) \(pointer)b\(id.number)"
        case (.data, _): "__global const \(laneType) \(pointer)b\(id.number)"
        case (.temporary, .global) where buffer.isUniform: "__global \(scalarType) \(writtenPointer)b\(id.number)"
        case (.state, .global), (.record, _), (.exchange, _), (.temporary, .global): "__global \(laneType) \(writtenPointer)b\(id.number)"
        default: nil
        }
    }
}
