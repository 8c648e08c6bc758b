import LockstepCompiler

/// What a step of a benchmark's case asks of a GPU: in schedule A, and in those whose workers share lanes.
package struct CaseWork: Hashable, Sendable, Codable {
    package let alone: StepWork
    package let shared: StepWork

    package init(alone: StepWork, shared: StepWork) { (self.alone, self.shared) = (alone, shared) }
}
