/// Why a fit was lost: the first cause, found by evaluating its last start, or the step at which it was refused, once
/// more on the host, site by site.
public struct FitReason: Hashable, Sendable, CustomStringConvertible {
    /// What is wrong at the site.
    public enum Kind: Hashable, Sendable {
        /// The site's value is not finite.
        case value
        /// This parameter of the site's distribution is not finite, or not where it must lie.
        case parameter(String)
        /// The site's value lies outside of its distribution's support.
        case support
        /// The log density, or the factor's term, is not finite.
        case density
        /// The log densities are finite, but not the gradient with respect to this parameter of the fit, or its square.
        case gradient(String)
        /// The lane's data are not what the model uses them for.
        case data(String)
        /// On the host loss and gradient are finite: the device computes otherwise.
        case finiteOnHost
        /// The evaluation itself failed.
        case unknown
    }

    /// A number that the host found there: the site's value, a parameter or a density.
    public struct Number: Hashable, Sendable {
        /// What the number is.
        public let name: String
        /// It may be NaN or infinite.
        public let value: Double

        /// One NaN is as good as another.
        public static func == (a: Number, b: Number) -> Bool { a.name == b.name && (a.value == b.value || a.value.isNaN && b.value.isNaN) }
        public func hash(into hasher: inout Hasher) { hasher.combine(name) }
    }

    /// How the fit ended.
    public let status: FitStatus
    /// What is wrong there.
    public let kind: Kind
    /// The site where it begins; empty where no single one is to blame.
    public let site: String
    /// Whether the site is one of the guide.
    public let isInGuide: Bool
    /// The place in the site's array; empty for a scalar.
    public let element: [Int]
    /// What the site had there: its value, the parameters of its distribution, its log density.
    public let numbers: [Number]
    /// The operation that spoiled the number, `exp(104.2) = inf` say, where one can be named.
    public let operation: String?
    /// All of it in one line.
    public let description: String
    /// What to do about it, in one line.
    public let advice: String
}

/// The lost fits that have a reason in common: site and kind are the same, elements and numbers may differ.
public struct FitReasonGroup: Sendable, CustomStringConvertible {
    /// In order.
    public let lanes: [Int]
    /// That of the first lane.
    public let reason: FitReason

    /// How many lanes there are.
    public var count: Int { lanes.count }
    public var description: String { "\(count) lane\(count == 1 ? "" : "s"): \(reason.description)" }

    /// The most frequent first.
    static func groups(of reasons: [FitReason?]) -> [FitReasonGroup] {
        struct Key: Hashable {
            let site: String
            let isInGuide: Bool
            let kind: FitReason.Kind
        }
        var lanes: [Key: [Int]] = [:]
        for (lane, reason) in reasons.enumerated() {
            guard let reason else { continue }
            lanes[Key(site: reason.site, isInGuide: reason.isInGuide, kind: reason.kind), default: []].append(lane)
        }
        return lanes.values.compactMap { lanes in reasons[lanes[0]].map { FitReasonGroup(lanes: lanes, reason: $0) } }
            .sorted { ($1.count, $0.lanes[0]) < ($0.count, $1.lanes[0]) }
    }
}

extension Fits {
    /// Why each lane was lost; nil for those that were not. What is asked for first takes a while: lost lanes are
    /// evaluated once more.
    public var laneReasons: [FitReason?] { examination.reasons(of: self) }

    /// The reasons why lanes were lost, the most frequent first.
    public var reasons: [FitReasonGroup] { FitReasonGroup.groups(of: laneReasons) }
}

extension Fit {
    /// Why the fit was lost; nil where it was not.
    public var reason: FitReason? { status.isLost ? fits.examination.reason(of: lane, in: fits) : nil }
}
