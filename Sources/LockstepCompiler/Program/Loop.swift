import LockstepTensor

package struct Loop: Hashable, Sendable {
    package let variable: LoopVariable
    /// Present where not all iterations are done.
    package var window: Window?
    package var body: [Statement]
    /// Statements run after every `interval` iterations and after the last: they empty partial sums into totals,
    /// so that the error of long sums does not grow with their length.
    package var flush: Flush?
    /// Present where iterations may be done by several workers.
    package var split: Split?

    package init(variable: LoopVariable, window: Window? = nil, body: [Statement], flush: Flush? = nil, split: Split? = nil) {
        self.variable = variable
        self.window = window
        self.body = body
        self.flush = flush
        self.split = split
    }

    /// Iterations from one number to another, which is the first that is not done: uniform ints.
    package struct Window: Hashable, Sendable {
        package var first: Register
        package var end: Register
        /// About how many there are; nil where those of all windows together are all iterations.
        package let usual: Int?
        /// Rows of data that an iteration goes through, where the window ends with those that lanes have, by one number of rows.
        package let rows: Int?

        package init(first: Register, end: Register, usual: Int? = nil, rows: Int? = nil) {
            self.first = first
            self.end = end
            self.usual = usual
            self.rows = rows
        }
    }

    /// What workers that share the iterations must do afterwards.
    package struct Split: Hashable, Sendable {
        /// Buffers that hold a reduction's neutral element before the loop, and its result after it.
        package let accumulators: [Accumulator]
        /// Whether iterations also store elements of their own, which are read after the loop.
        package let keepsRows: Bool
        /// Rows of data that an iteration goes through.
        package let rowsPerIteration: Int
    }

    package struct Accumulator: Hashable, Sendable {
        package let buffer: BufferID
        package let reduction: Reduction

        package init(_ buffer: BufferID, _ reduction: Reduction) {
            self.buffer = buffer
            self.reduction = reduction
        }
    }

    package struct Flush: Hashable, Sendable {
        package var interval: Int
        package var statements: [Statement]
        /// What the statements empty.
        package var sums: [Sum]
        /// Whether the statements are run after the last iteration, too, and not between iterations only.
        package var isAtEnd = true

        package init(interval: Int, statements: [Statement], sums: [Sum] = []) {
            self.interval = interval
            self.statements = statements
            self.sums = sums
        }

        /// The same with other statements.
        func with(_ statements: [Statement]) -> Flush {
            var flush = self
            flush.statements = statements
            return flush
        }

        /// A partial sum, what was lost to rounding when it was emptied, and the total that it was emptied into (Kahan 1965).
        package struct Sum: Hashable, Sendable {
            package let partial: BufferID
            package let lost: BufferID
            package let total: BufferID

            package init(partial: BufferID, lost: BufferID, total: BufferID) {
                self.partial = partial
                self.lost = lost
                self.total = total
            }

            /// Empties an element of the partial sum into the total.
            ///
            /// - Parameters:
            ///   - zero: a register that holds it.
            ///   - register: makes one.
            func emptied(at place: IndexExpression, zero: Register, _ register: () -> Register) -> [Statement] {
                let (old, part, missing) = (register(), register(), register())
                let (corrected, new, kept, lost) = (register(), register(), register(), register())
                return [
                    .load(old, total, place), .load(part, partial, place), .load(missing, self.lost, place),
                    .map(corrected, .subtract, [part, missing]), .map(new, .add, [old, corrected]), .map(kept, .subtract, [new, old]),
                    .map(lost, .subtract, [kept, corrected]), .store(self.lost, place, lost), .store(total, place, new),
                    .store(partial, place, zero),
                ]
            }
        }
    }
}
