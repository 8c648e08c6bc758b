/// A defect that a trace did not catch; every case names what to look for.
package struct LoweringError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = "cannot compile: " + description }
}
