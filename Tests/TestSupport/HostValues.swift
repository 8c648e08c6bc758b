import LockstepRuntime
import LockstepTensor

extension ElementOp {
    /// What the host makes of operands, rounded once.
    package func value<R: ElementReal>(_ x: R...) -> R { R(row.host(x.map(\.wide))) }
}
