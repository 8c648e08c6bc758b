// The pointers among a kernel's parameters.
extension KernelWriter {
    /// Of a parameter that nothing is written through: no other leads to the same memory, so that a GPU need not read again what
    /// it has. Text for CPUs goes without.
    var pointer: String { options.interleaves ? "*restrict " : "*" }

    /// Of one that is written through: workers of a group read what others have written, by pointers of their own.
    var writtenPointer: String { cooperation == nil ? pointer : "*" }
}
