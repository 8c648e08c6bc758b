extension [Double] {
    /// The quantile of sorted values by linear interpolation between neighbours, as NumPy's default is; NaN of nothing.
    package func quantile(_ probability: Double) -> Double {
        guard let last = indices.last else { return .nan }
        let place = probability * Double(last)
        let low = Int(place)
        return self[low] + (self[Swift.min(low + 1, last)] - self[low]) * (place - Double(low))
    }
}
