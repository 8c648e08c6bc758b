/// A mistake that the user can mend: one line on standard error, and exit code 1.
struct CommandError: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
