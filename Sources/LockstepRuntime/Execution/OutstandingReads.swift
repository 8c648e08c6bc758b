import LockstepTensor

/// What was read of a batch and has not been looked at, while somebody still may.
final class OutstandingReads {
    private struct Read {
        weak var numbers: Deferred<Numbers>?
    }

    private var reads: [Read] = []

    func add(_ numbers: Deferred<Numbers>) {
        reads.removeAll { $0.numbers == nil }
        reads.append(Read(numbers: numbers))
    }

    /// Looks at all of it: what it was read from is about to change.
    func settle() {
        for read in reads { _ = read.numbers?.value }
        reads = []
    }
}
