/// The precision of real numbers on a device.
public enum Precision: String, Hashable, Sendable, CaseIterable {
    case float, double
}
