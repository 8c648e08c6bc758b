/// A number of an optimiser: the same for all lanes, or read from data, where it may differ from lane to lane, or a
/// schedule of such numbers over the steps of a run.
///
/// Wherever one is wanted, a `Double`, `Float` or `Int` will do.
public struct Hyperparameter: Sendable, Hashable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    indirect enum Form: Sendable, Hashable {
        case constant(Double)
        case data(String)
        case schedule(RateSchedule)
    }

    let form: Form
    /// What an optimiser calls it, and the values that it may have.
    private(set) var name: String?
    private(set) var range = Range.real

    init(_ form: Form) { self.form = form }

    /// From a number, or what is a hyperparameter already.
    public init(_ value: some HyperparameterConvertible) { self = value.hyperparameter }
    public init(floatLiteral value: Double) { self.init(Form.constant(value)) }
    public init(integerLiteral value: Int) { self.init(Form.constant(Double(value))) }

    /// Declares what an optimiser calls the number and which values it may have: others are refused before the run, as
    /// constants, at the ends of a schedule, and in data.
    public func named(_ name: String, _ range: Range) -> Hyperparameter {
        var named = self
        named.name = name
        named.range = range
        return named
    }

    /// Values that a hyperparameter may have. All are finite, also when rounded to the run's precision.
    public enum Range: Sendable, Hashable {
        /// Any finite number.
        case real
        /// Above 0, and not so small that devices take it for 0.
        case positive
        /// 0 or above.
        case notNegative
        /// From 0 up to 1, without 1.
        case belowOne
        /// Above 0 up to 1.
        case share
        /// 1 or more.
        case atLeastOne
    }
}

/// What can stand for a hyperparameter.
public protocol HyperparameterConvertible {
    /// As an optimiser keeps it.
    var hyperparameter: Hyperparameter { get }
}

extension Hyperparameter: HyperparameterConvertible {
    public var hyperparameter: Hyperparameter { self }
}

extension Double: HyperparameterConvertible {
    public var hyperparameter: Hyperparameter { Hyperparameter(floatLiteral: self) }
}

extension Float: HyperparameterConvertible {
    public var hyperparameter: Hyperparameter { Hyperparameter(floatLiteral: Double(self)) }
}

extension Int: HyperparameterConvertible {
    public var hyperparameter: Hyperparameter { Hyperparameter(integerLiteral: self) }
}

extension HyperparameterConvertible where Self == Hyperparameter {
    /// The same number at all steps of all lanes.
    public static func constant(_ value: Double) -> Self { Hyperparameter(.constant(value)) }
    /// The name of scalar data.
    public static func data(_ name: String) -> Self { Hyperparameter(.data(name)) }
}
