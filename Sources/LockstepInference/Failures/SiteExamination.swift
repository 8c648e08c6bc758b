import LockstepDistributions
import LockstepTensor

/// The expressions that an evaluation computes, each once.
struct ExaminedOutputs {
    private(set) var tensors: [Tensor] = []
    private var numbers: [ObjectIdentifier: Int] = [:]

    mutating func add(_ tensor: Tensor) -> Int {
        if let number = numbers[tensor.id] { return number }
        numbers[tensor.id] = tensors.count
        tensors.append(tensor)
        return tensors.count - 1
    }
}

/// The outputs of one site: its value, its log density, and whether value and parameters are where they must lie.
struct SiteExamination {
    /// Values held against a constraint.
    struct Checked {
        let name: String
        let tensor: Tensor
        let constraint: Constraint
        let value: Int
        /// Whether the constraint holds, over `shape`.
        let holds: Int
        let shape: Shape
        /// Whether one test stands for a whole event.
        let isWholeEvent: Bool
    }

    let site: ExaminedSite
    let value: Int
    let density: Int?
    let total: Int?
    let parameters: [Checked]
    let support: Checked?
    let batchShape: Shape
    /// The axis of a mixture's components, which parameters have between batch and event.
    let componentShape: Shape
    let eventShape: Shape

    init(_ site: ExaminedSite, _ outputs: inout ExaminedOutputs) {
        self.site = site
        value = outputs.add(site.value)
        density = site.logDensity.map { outputs.add($0) }
        total = site.logDensity.map { outputs.add($0.sum()) }
        var parameters: [Checked] = []
        for parameter in site.distribution?.parameters ?? [] {
            if let checked = Checked(parameter.name, parameter.value, parameter.constraint, &outputs) { parameters.append(checked) }
        }
        self.parameters = parameters
        support = site.distribution.flatMap { Checked("value", site.value, $0.support, &outputs) }
        batchShape = site.logDensity?.shape ?? site.distribution?.batchShape ?? site.value.shape
        componentShape = (site.distribution?.ofStep as? MixtureSameFamily).map { [$0.mixing.classCount] } ?? []
        eventShape = Array(site.value.shape.dropFirst(min(batchShape.count, site.value.rank)))
    }

    /// The first position at which a constraint is broken, among those that belong to an element of the batch.
    func violation(of checked: Checked, at batch: [Int], _ values: ExaminedValues, _ row: Int) -> Int? {
        let holds = values[checked.holds, row]
        return holds.indices.lazy.filter { holds[$0] == 0 }.map { $0 - holds.startIndex }.first { position in
            belongs(ElementPlace.index(position, checked.shape), checked, to: batch)
        }
    }

    private func belongs(_ index: [Int], _ checked: Checked, to batch: [Int]) -> Bool {
        // Axes that lie neither in batch nor in event, those of a user's own distribution say, are the last ones.
        let whole = checked.isWholeEvent ? batchShape : batchShape + componentShape + eventShape
        let inner =
            Shapes.canBroadcast(checked.shape, to: whole)
            ? whole.count
            : checked.shape.indices.reversed().first { Shapes.canBroadcast(Array(checked.shape.prefix($0)), to: batchShape) }
                .map { batch.count + checked.shape.count - $0 } ?? checked.shape.count
        return checked.shape.indices.allSatisfy { axis in
            let place = axis + inner - checked.shape.count
            return checked.shape[axis] == 1 || place < 0 || place >= batch.count || index[axis] == batch[place]
        }
    }

    /// The site's element that a position of checked values stands for: of the event too, where it tells one.
    func element(_ position: Int, of checked: Checked, at batch: [Int]) -> [Int] {
        let whole = batchShape + eventShape
        guard !checked.isWholeEvent, !eventShape.isEmpty, checked.shape.count >= eventShape.count,
            Shapes.canBroadcast(checked.shape, to: whole)
        else { return batch }
        let index = ElementPlace.index(position, checked.shape).suffix(eventShape.count)
        return checked.shape.suffix(eventShape.count).elementsEqual(eventShape) ? batch + index : batch
    }

    /// The position in an array of the site's that an element of the site has; nil where it is no part of it.
    func position(of element: [Int], in shape: Shape) -> Int? {
        guard element.count >= batchShape.count || shape.elementCount == 1 else { return nil }
        let whole = batchShape + eventShape
        let full = element + Array(repeating: 0, count: max(whole.count - element.count, 0))
        if shape == batchShape { return ElementPlace.position(Array(element.prefix(batchShape.count)), shape) }
        if Shapes.canBroadcast(shape, to: whole) {
            let isDetermined = element.count == whole.count || shape.suffix(eventShape.count).allSatisfy { $0 == 1 } || eventShape.isEmpty
            return isDetermined ? ElementPlace.position(full, shape) : nil
        }
        return Shapes.canBroadcast(shape, to: batchShape) ? ElementPlace.position(Array(element.prefix(batchShape.count)), shape) : nil
    }

    /// What the site has at an element, by name.
    func numbers(at element: [Int], _ values: ExaminedValues, _ row: Int) -> [FitReason.Number] {
        func number(_ name: String, _ output: Int, _ shape: Shape) -> FitReason.Number? {
            position(of: element, in: shape).map { position in
                let own = values[output, row]
                return FitReason.Number(name: name, value: own[own.startIndex + position])
            }
        }
        let own = number("value", value, site.value.shape)
        let parameters = parameters.compactMap { number($0.name, $0.value, $0.tensor.shape) }
        let density = density.flatMap { density in
            element.count >= batchShape.count ? number(site.distribution == nil ? "term" : "log density", density, batchShape) : nil
        }
        // A factor's value is its term.
        return (site.distribution == nil && density != nil ? [] : [own].compactMap(\.self)) + parameters + [density].compactMap(\.self)
    }
}

extension SiteExamination.Checked {
    /// - Returns: nil for values that cannot be held against the constraint.
    init?(_ name: String, _ tensor: Tensor, _ constraint: Constraint, _ outputs: inout ExaminedOutputs) {
        var element = constraint
        while case .independent(let base, _) = element { element = base }
        let real = tensor.asReal
        let isFinite = real.isFinite
        let isWholeEvent = element.eventRank > 0
        let each = isWholeEvent ? isFinite.all(Array(-min(element.eventRank, max(real.rank, 1))..<0)) : isFinite
        let holds = element.check(real) .& each
        guard holds.failure == nil, tensor.failure == nil else { return nil }
        self.name = name
        self.tensor = tensor
        self.constraint = constraint
        value = outputs.add(tensor)
        self.holds = outputs.add(holds)
        shape = holds.shape
        self.isWholeEvent = isWholeEvent
    }
}
