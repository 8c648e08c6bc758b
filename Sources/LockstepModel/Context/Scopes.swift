import LockstepTensor

/// A part of a body that is inside a plate, a mask or a scale.
enum Scope: Sendable {
    case plate(PlateInfo)
    case mask(Tensor)
    case scale(Tensor)
}

extension [Scope] {
    var plates: [PlateInfo] {
        compactMap { if case .plate(let plate) = $0 { plate } else { nil } }
    }

    var weighting: Weighting {
        var weighting = Weighting()
        for case .mask(let mask) in self { weighting.masks.append(mask) }
        for case .scale(let factor) in self { weighting.scales.append(factor) }
        return weighting
    }
}

extension ModelContext {
    /// Independent copies: the batch of each site inside has `size` elements along the batch axis `dim`.
    ///
    /// - Parameters:
    ///   - name: of the plate, for messages and traces.
    ///   - size: how many copies there are.
    ///   - dim: the axis, counted from the right, so negative; by default the rightmost that no plate around takes.
    ///   - body: the sites inside.
    /// - Returns: what the body returns.
    @discardableResult
    public mutating func plate<R>(
        _ name: String, _ size: Int, dim: Int? = nil, _ body: (inout ModelContext) throws -> R
    ) rethrows -> R {
        try within(PlateInfo(name, size, dim, inside: scopes.plates), body)
    }

    /// Takes elements out of the log density of the sample sites and factors inside where `mask` is false. They count for
    /// nothing, in value and gradient, whatever their values, covariates and parameters hold there: 0, NaN, infinity.
    ///
    /// - Parameters:
    ///   - mask: broadcasts to the batch shape of every site inside.
    ///   - body: the sites inside.
    @discardableResult
    public mutating func mask<R>(_ mask: Tensor, _ body: (inout ModelContext) throws -> R) rethrows -> R {
        try inside(.mask(mask), body)
    }

    /// Multiplies the log density of the sample sites and factors inside. Elements of weight 0 count for nothing, as those
    /// that a mask excludes.
    ///
    /// - Parameters:
    ///   - factor: not negative; broadcasts to the batch shape of every site inside.
    ///   - body: the sites inside.
    @discardableResult
    public mutating func scale<R>(_ factor: Tensor, _ body: (inout ModelContext) throws -> R) rethrows -> R {
        try inside(.scale(factor), body)
    }

    // A closure of one statement whose own result must be Void, as the body of a model, cannot pass the inner result
    // on: these take it instead.

    /// `plate(_:_:dim:_:)` of a body that returns nothing.
    public mutating func plate(
        _ name: String, _ size: Int, dim: Int? = nil, _ body: (inout ModelContext) throws -> Void
    ) rethrows {
        try within(PlateInfo(name, size, dim, inside: scopes.plates), body)
    }

    /// `mask(_:_:)` of a body that returns nothing.
    public mutating func mask(_ mask: Tensor, _ body: (inout ModelContext) throws -> Void) rethrows {
        try inside(.mask(mask), body)
    }

    /// `scale(_:_:)` of a body that returns nothing.
    public mutating func scale(_ factor: Tensor, _ body: (inout ModelContext) throws -> Void) rethrows {
        try inside(.scale(factor), body)
    }

    /// `plate(_:_:dim:_:)` over rows of which lanes have numbers of their own.
    mutating func plate<R>(
        _ name: String, _ size: Int, rows: String, dim: Int?, _ body: (inout ModelContext) throws -> R
    ) rethrows -> R {
        try within(PlateInfo(name, size, dim, inside: scopes.plates, rows: rows), body)
    }

    private mutating func within<R>(_ plate: PlateInfo, _ body: (inout ModelContext) throws -> R) rethrows -> R {
        // After a mistake the body still runs: it owes the caller a result.
        guard record.open(plate, inside: scopes.plates) else { return try body(&self) }
        return try inside(.plate(plate), body)
    }

    private mutating func inside<R>(_ scope: Scope, _ body: (inout ModelContext) throws -> R) rethrows -> R {
        scopes.append(scope)
        defer { scopes.removeLast() }
        return try body(&self)
    }
}

extension PlateInfo {
    /// - Parameter dim: nil for the rightmost axis that no plate around takes.
    fileprivate init(_ name: String, _ size: Int, _ dim: Int?, inside outer: [PlateInfo], rows: String? = nil) {
        let free = (1...outer.count + 1).first { depth in !outer.contains { $0.dim == -depth } } ?? 1
        self.init(name: name, size: size, dim: dim ?? -free, rows: rows)
    }
}
