import Foundation
import LockstepModel
import LockstepRuntime
import LockstepTensor

extension FitReason {
    init(_ finding: FailureSearch.Finding, _ operation: SpoilingOperation?, status: FitStatus, precision: Precision) {
        self.status = status
        kind = finding.kind
        site = finding.site?.name ?? ""
        isInGuide = finding.site?.role == .guide
        let element = Self.element(finding, operation)
        let numbers = finding.numbers(element)
        self.element = element
        self.numbers = numbers
        self.operation = operation?.text
        description = Self.description(finding, operation, element, numbers)
        advice = Self.advice(finding, operation, status, precision)
    }

    /// Of a lane that was left out.
    init(_ mistake: DataError) {
        status = .badData
        kind = .data(mistake.name)
        (site, isInGuide, element, numbers, operation) = ("", false, [], [], nil)
        description = mistake.description
        advice = "mend the data, or take rows out with a mask"
    }

    /// Where the search itself failed.
    init(status: FitStatus, error: any Error) {
        self.status = status
        kind = .unknown
        (site, isInGuide, element, numbers, operation) = ("", false, [], [], nil)
        description = "the evaluation that looks for the reason failed: \(error)"
        advice = "evaluate the model's sites by hand at this lane's start"
    }

    // MARK: What happened

    /// A gradient is a sum over all elements: which one spoiled it, the operation tells where it is one for each of them.
    private static func element(_ finding: FailureSearch.Finding, _ operation: SpoilingOperation?) -> [Int] {
        guard case .gradient = finding.kind, finding.element.isEmpty, let operation,
            operation.shape == finding.site?.logDensity?.shape
        else { return finding.element }
        return operation.index
    }

    private static func description(
        _ finding: FailureSearch.Finding, _ operation: SpoilingOperation?, _ element: [Int], _ all: [Number]
    ) -> String {
        let name = finding.site?.distribution?.name ?? ""
        func number(_ wanted: String) -> String {
            all.first { $0.name == wanted }.map { SpoilingOperation.number($0.value) } ?? "not finite"
        }
        let what: String
        switch finding.kind {
        case .value: what = "its value is \(number("value"))"
        case .parameter(let parameter):
            let constraint = finding.constraint.map { $0 == "real" ? "finite" : $0 } ?? "finite"
            let given = all.first { $0.name == parameter }.map { "is \(SpoilingOperation.number($0.value)), but " } ?? ""
            what = "\(parameter) of \(name) \(given)must be \(constraint)"
        case .support:
            what = "its value \(number("value")) lies outside of the support of \(name): it must be \(finding.constraint ?? "inside")"
        case .density:
            let term = finding.site?.distribution == nil ? "its term" : "its log density"
            what = finding.note ?? "\(term) is \(number(finding.site?.distribution == nil ? "term" : "log density"))"
        case .gradient:
            let value = all.last?.value ?? .nan
            let size = value.isFinite ? "\(SpoilingOperation.number(value)), whose square is not finite" : SpoilingOperation.number(value)
            what = "its log density is finite, but its \(finding.note ?? "gradient") is \(size)"
        case .finiteOnHost: what = "evaluated on the host, loss and gradient are finite"
        case .unknown, .data: what = "the reason is not known"
        }
        let numbers = all.map { "\($0.name) \(SpoilingOperation.number($0.value))" }
        let details = (operation.map { [$0.text] } ?? []) + numbers
        return subject(finding, element) + what + (details.isEmpty ? "" : " (\(details.joined(separator: ", ")))")
    }

    private static func subject(_ finding: FailureSearch.Finding, _ element: [Int]) -> String {
        guard let site = finding.site else { return "" }
        return "site '\(site.name)'\(ElementPlace.text(element))\(site.role == .guide ? " of the guide" : ""): "
    }

    // MARK: What to do

    private static func advice(
        _ finding: FailureSearch.Finding, _ operation: SpoilingOperation?, _ status: FitStatus, _ precision: Precision
    ) -> String {
        let cure = cure(operation, precision) ?? cure(finding)
        switch (status, finding.kind) {
        case (_, .finiteOnHost):
            return "the device rounds otherwise than the host: use double precision, or the cpu device"
        case (.diverged, _): return "try a smaller learning rate first; else \(cure)"
        default: return cure
        }
    }

    /// By the operation.
    private static func cure(_ operation: SpoilingOperation?, _ precision: Precision) -> String? {
        guard let operation, let op = operation.op, let first = operation.operands.first else { return nil }
        switch op {
        case .exp, .expMinusOne:
            let most = precision == .float ? "88 in float, 709 in double" : "709"
            return operation.result > 0
                ? "exp overflows beyond \(most): centre and scale what goes into it, narrow its prior, or use the form of the "
                    + "distribution that takes logarithms (logits:, logRate:)"
                : "exp underflowed to 0: narrow the prior of what goes into it, or bound the result from below, as in exp(x) + 1e-6"
        case .log, .logOnePlus:
            return first.isFinite && operation.result.isNaN
                ? "this is the logarithm of a negative number: keep what goes into it positive, by its prior, exp or softplus"
                : "the logarithm of 0 is infinite: keep what goes into it away from 0, as in log(x + 1e-6)"
        case .sqrt where first < 0:
            return "this is the square root of a negative number: keep what goes into it positive"
        case .divide where operation.operands.last == 0:
            return "this divides by 0: keep the divisor away from 0, or replace it with select where it is 0"
        case .power:
            return "this power is not finite: keep its base positive, and its exponent small"
        case _ where op.isArithmetic && operation.result.isInfinite && operation.operands.allSatisfy(\.isFinite):
            return precision == .float
                ? "the number is too large for float, which ends at 3.4e38: scale the data, narrow the prior, or use double precision"
                : "the number is too large: scale the data, or narrow the prior"
        default: return nil
        }
    }

    /// By the kind, where no operation tells more.
    private static func cure(_ finding: FailureSearch.Finding) -> String {
        switch finding.kind {
        case .value where finding.site?.isObserved == true:
            return "check the data: they hold no number there, or one that is too large for the precision of the run"
        case .value: return "check what the site's value is computed from, and narrow the priors of that"
        case .parameter(let name):
            let constraint = finding.constraint.map { $0 == "real" ? "finite" : $0 } ?? "finite"
            return "keep \(name) \(constraint): by a prior with that support, or by exp, softplus or sigmoid of a number that is free"
        case .support:
            return finding.site?.isObserved == true
                ? "check the data, or choose a distribution whose support has them"
                : "let the guide draw the site from a distribution with the support that the model gives it"
        case .density:
            return finding.site?.distribution == nil
                ? "keep the term finite wherever the latents may be, or start inside with Initializer.value"
                : "the value lies too far out in the tail: scale the data, start nearer with Initializer.value, or choose heavier tails"
        case .gradient:
            return "keep what the site is computed from away from where its derivative is infinite, start elsewhere with "
                + "Initializer.value, or scale the data"
        case .finiteOnHost, .unknown, .data: return "start elsewhere with Initializer.value"
        }
    }
}

extension ElementOp {
    fileprivate var isArithmetic: Bool {
        switch self {
        case .add, .subtract, .multiply, .divide: true
        default: false
        }
    }
}
