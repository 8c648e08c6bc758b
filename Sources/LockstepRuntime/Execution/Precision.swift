/// The precision of real numbers on a device.
public enum Precision: String, Hashable, Sendable, CaseIterable {
    /// 32 bits.
    case float
    /// 64 bits; where a device has none, a run throws.
    case double
}
