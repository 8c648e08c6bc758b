import LockstepTensor

// Sums of logarithms of 1 + a for a from 0 to 1, as those of softplus are: no product of two to eight such factors overflows, so that
// none has to be found out, and no operand is kept until it is.
extension KernelWriter {
    /// Values exp(-|x|), in the form of GPUs: text for CPUs stays as it is.
    static func fractions(_ program: LaneProgram, _ options: KernelOptions) -> Set<Register> {
        guard options.interleaves else { return [] }
        var (sizes, negated, fractions): (Set<Register>, Set<Register>, Set<Register>) = ([], [], [])
        program.forEachStatement { statement in
            switch statement {
            case .map(let r, .abs, _): sizes.insert(r)
            case .map(let r, .negate, let operands) where sizes.contains(operands[0]): negated.insert(r)
            case .map(let r, .exp, let operands) where negated.contains(operands[0]): fractions.insert(r)
            default: break
            }
        }
        return fractions
    }

    /// (1 + a) (1 + b) ... - 1, by halves.
    static func grown(_ values: ArraySlice<String>) -> String {
        guard values.count > 1 else { return values.first ?? "" }
        let half = (values.count + 1) / 2
        return "ls_grown(\(grown(values.prefix(half))), \(grown(values.dropFirst(half))))"
    }
}
