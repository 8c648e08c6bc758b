extension Int32 {
    /// Towards zero, clamped, 0 for NaN: nothing that a lane computes may trap.
    @inline(__always) init(saturating value: Double) {
        self = value != value ? 0 : Int32(Swift.min(Swift.max(value, -2_147_483_648), 2_147_483_647))
    }
}
