import LockstepTensor

/// What the rows of one group add up to, while they are gone through.
struct GroupSum {
    /// What the loop over rows added to, with elements for all groups.
    let added: BufferID
    /// Where the sums of all groups are read afterwards.
    let total: BufferID
    /// Elements of a group.
    let length: Int
    /// Of the group at hand.
    let partial: BufferID
    /// Where sums are long, what `partial` is emptied into.
    private let long: Loop.Flush.Sum?

    init(_ added: BufferID, length: Int, _ parts: Loop.Flush.Sum?, _ new: inout ProgramExtension) {
        self.added = added
        total = parts?.total ?? added
        self.length = length
        partial = new.temporary(length)
        long = parts == nil ? nil : Loop.Flush.Sum(partial: partial, lost: new.temporary(length), total: new.temporary(length))
    }

    func cleared(_ new: inout ProgramExtension) -> [Statement] {
        let zero = new.register(.real, isUniform: true)
        return [.constant(zero, 0)]
            + new.forElements(length) { element, _ in
                (long.map { [$0.partial, $0.lost, $0.total] } ?? [partial]).map { .store($0, element, zero) }
            }
    }

    func emptied(_ new: inout ProgramExtension) -> [Statement] {
        guard let long else { return [] }
        let zero = new.register(.real, isUniform: true)
        return [.constant(zero, 0)] + new.forElements(length) { element, new in long.emptied(at: element, zero: zero) { new.register(.real) } }
    }

    /// Stores the sums of a group where they are read.
    func stored(_ group: IndexExpression, _ new: inout ProgramExtension) -> [Statement] {
        new.forElements(length) { element, new in
            let part = new.register(.real)
            let place = group * length + element
            guard let long else { return [.load(part, partial, element), .store(total, place, part)] }
            let (old, lost, corrected, sum) = (new.register(.real), new.register(.real), new.register(.real), new.register(.real))
            return [
                .load(old, long.total, element), .load(part, partial, element), .load(lost, long.lost, element),
                .map(corrected, .subtract, [part, lost]), .map(sum, .add, [old, corrected]), .store(total, place, sum),
            ]
        }
    }
}
