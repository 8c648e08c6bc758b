import LockstepTensor

/// What one run of a model accumulates.
struct RunRecord: Sendable {
    private struct Entry {
        let site: Site
        /// The place of the handler that hid the site.
        let hiddenBy: Int?
    }

    private var entries: [Entry] = []
    private var index: [String: Int] = [:]
    private var data: [DataDeclaration] = []
    private var dataTensors: [String: (declaration: DataDeclaration, tensor: Tensor)] = [:]
    private var plateSizes: [String: Int] = [:]
    private var scanLengths: [String: Int] = [:]
    private var error: ModelError?

    /// Keeps the first mistake: what follows it is often its consequence.
    mutating func report(_ error: ModelError) {
        self.error = self.error ?? error
    }

    /// Hidden sites are kept too: their names are taken, since the draws of a site follow from its name.
    mutating func add(_ site: Site, hiddenBy: Int?) {
        if index[site.name] != nil {
            report(ModelError(site: site.name, "another site of this run has the same name; each needs its own"))
            return
        }
        index[site.name] = entries.count
        entries.append(Entry(site: site, hiddenBy: hiddenBy))
    }

    /// How many sites there are, hidden ones too.
    var siteCount: Int { entries.count }

    /// The sites from a place on, hidden ones too.
    func sites(from place: Int) -> [Site] { entries.dropFirst(place).map(\.site) }

    /// Puts others in the places of the sites from a place on.
    mutating func replaceSites(from place: Int, by sites: [Site]) {
        for (number, site) in zip(entries.indices.dropFirst(place), sites) { entries[number] = Entry(site: site, hiddenBy: entries[number].hiddenBy) }
    }

    /// Takes back all that was added to an earlier record, but for a mistake.
    mutating func goBack(to earlier: RunRecord) {
        let error = error
        self = earlier
        self.error = error
    }

    /// - Returns: the same tensor each time that the same data are asked for.
    mutating func declare(_ request: DataRequest, _ run: TraceRun) -> Tensor {
        if let bound = request.bound, bound < 1 {
            let name = request.name
            report(ModelError([name], "data '\(name)' cannot hold indices below \(bound); the bound is the number of rows, 1 at least"))
        }
        do throws(ModelError) {
            return declare(try request.resolved(run), run.origin)
        } catch {
            report(error)
            return Self.input(request.placeholder, run.origin)
        }
    }

    private mutating func declare(_ declaration: DataDeclaration, _ origin: Origin) -> Tensor {
        let name = declaration.name
        if let known = dataTensors[name] {
            if known.declaration != declaration {
                let texts = "\(known.declaration.text) and as \(declaration.text)"
                report(ModelError([name], "data '\(name)' are declared twice, as \(texts); declare them once, or alike"))
            }
            return known.declaration == declaration ? known.tensor : Self.input(declaration, origin)
        }
        let tensor = Self.input(declaration, origin)
        if let failure = tensor.failure {
            report(ModelError([name], "data '\(name)' cannot have shape \(declaration.shape): \(failure.reason)"))
        }
        dataTensors[name] = (declaration, tensor)
        data.append(declaration)
        return tensor
    }

    /// The most rows that any lane has of some data, and how many the lane has where they are ragged.
    mutating func rows(of name: String, _ run: TraceRun) -> (most: Int, count: Tensor?) {
        switch run.data?[name] {
        case .ragged(let shape, let rows):
            let declaration = DataDeclaration(name: rows, shape: [], dtype: .int, bound: nil)
            return (max(shape.first ?? 1, 1), declare(declaration, run.origin))
        case .known(let shape):
            if shape.isEmpty { report(ModelError([name], "data '\(name)' is one number, and has no rows; give an array, or .ragged(...)")) }
            return (max(shape.first ?? 1, 1), nil)
        case .unknown(let problem): report(ModelError([name], "data '\(name)' \(problem)"))
        case nil:
            if let shape = dataTensors[name]?.declaration.shape, let rows = shape.first { return (rows, nil) }
            report(
                run.data == nil
                    ? ModelError(
                        [name],
                        "the rows of '\(name)' are known when data are bound, and nothing is; give model.trace(data: ...), or read the data "
                            + "with a shape before")
                    : ModelError(missingData: name))
        }
        return (1, nil)
    }

    private static func input(_ declaration: DataDeclaration, _ origin: Origin) -> Tensor {
        .input(Input(.data, declaration.name, origin: origin), shape: declaration.shape, dtype: declaration.dtype)
    }

    /// - Returns: whether a plate may open inside others; reports why not.
    mutating func open(_ plate: PlateInfo, inside outer: [PlateInfo]) -> Bool {
        do throws(ModelError) {
            try check(plate, inside: outer)
            plateSizes[plate.name] = plate.size
            return true
        } catch {
            report(error)
            return false
        }
    }

    private func check(_ plate: PlateInfo, inside outer: [PlateInfo]) throws(ModelError) {
        let name = plate.name
        guard plate.size >= 1 else {
            throw ModelError([name], "plate '\(name)' has size \(plate.size); it needs 1 at least")
        }
        guard (-64 ... -1).contains(plate.dim) else {
            throw ModelError(
                [name], "plate '\(name)' has dim \(plate.dim); dims count batch axes from the right: -1 is the last, -64 the furthest")
        }
        if outer.contains(where: { $0.name == name }) {
            throw ModelError([name], "plate '\(name)' is inside itself; give the inner one another name")
        }
        if let other = outer.first(where: { $0.dim == plate.dim }) {
            throw ModelError(
                [name, other.name],
                "plate '\(name)' is inside plate '\(other.name)', and both have dim \(plate.dim); give one another dim, or none")
        }
        if let size = plateSizes[name], size != plate.size {
            throw ModelError([name], "plate '\(name)' is used with sizes \(size) and \(plate.size); a plate has one size in a model")
        }
    }

    /// Reports a scan that cannot open inside others, or over such rows.
    ///
    /// - Returns: how many steps it has.
    mutating func open(scan name: String, over rows: [Tensor], inside outer: [StepLoop]) -> Int {
        let length = rows.lazy.compactMap(\.shape.first).first
        if let mistake = mistake(scan: name, rows, length, outer) { report(ModelError([name], "scan '\(name)': \(mistake)")) }
        scanLengths[name] = length
        return Swift.max(length ?? 1, 1)
    }

    private func mistake(scan name: String, _ rows: [Tensor], _ length: Int?, _ outer: [StepLoop]) -> String? {
        if let failure = rows.lazy.compactMap(\.failure).first { return "what it goes over is wrong: \(failure)" }
        let shapes = rows.map(\.shape)
        guard let length else { return "there is nothing to go over; give at least one tensor with a first axis, Tensor.iota(steps) say" }
        guard shapes.allSatisfy({ $0.first == length }) else {
            return "the tensors to go over have shapes \(shapes); give tensors that are alike in their first axis, which is time"
        }
        guard length >= 1 else { return "there are no steps: the tensors to go over have shapes \(shapes); give one row at least" }
        guard !outer.contains(where: { $0.name == name }) else { return "it is inside itself; give the inner one another name" }
        if let known = scanLengths[name], known != length {
            return "it is used with \(known) and \(length) steps; a scan has one length in a model, so give one of the two another name"
        }
        return nil
    }

    /// - Throws: `ModelError`, the first mistake of the run.
    func trace(_ run: TraceRun, handlers: [Handler]) throws(ModelError) -> Trace {
        let origin = run.origin
        if let error { throw error }
        try checkConditions(handlers)
        try OriginCheck.check(entries.map(\.site), origin)
        try RowCheck.check(entries.map(\.site), run.data)
        let sites = entries.compactMap { $0.hiddenBy == nil ? $0.site : nil }
        let hidden = entries.compactMap { $0.hiddenBy == nil ? nil : $0.site }
        return Trace(sites: sites, hidden: hidden, data: data, origin: origin)
    }

    /// A condition that meets no site would silently change nothing, nor would weights of rows that no plate has.
    private func checkConditions(_ handlers: [Handler]) throws(ModelError) {
        for (place, handler) in handlers.enumerated() {
            if case .weigh(let weights) = handler, let plate = weights.plate, plateSizes[plate] == nil {
                let known = plateSizes.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
                throw ModelError(
                    [plate], "rows of plate '\(plate)' are weighted: the model has no such plate; it has \(known.isEmpty ? "no plates" : known)")
            }
            guard case .condition(let values) = handler else { continue }
            for name in values.keys.sorted() {
                guard let entry = index[name].map({ entries[$0] }) else {
                    throw ModelError([name], "condition on '\(name)': the model has no such site; it has \(sampleNames)")
                }
                guard entry.site.kind == .sample else {
                    let kind = entry.site.kind.rawValue
                    throw ModelError([name], "condition on '\(name)': only sample sites can be conditioned, and this is a \(kind) site")
                }
                if let hiddenBy = entry.hiddenBy, hiddenBy < place {
                    throw ModelError([name], "condition on '\(name)': a block hides this site; write condition before block")
                }
            }
        }
    }

    private var sampleNames: String {
        let names = entries.filter { $0.site.kind == .sample }.map { "'\($0.site.name)'" }
        let list = names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", ..." : "")
        return names.isEmpty ? "no sample sites" : list
    }
}

extension DataDeclaration {
    fileprivate var text: String {
        let values = dtype == .int ? "indices" + (bound.map { " below \($0)" } ?? "") : "\(dtype) values"
        return "\(values) of shape \(shape)"
    }
}
