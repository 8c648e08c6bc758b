import LockstepDistributions
import LockstepModel
import LockstepTensor

/// What can be said of a site without draws.
enum ClosedForm {
    /// The guide does not vary it: one value is all.
    case constant
    /// A latent that is a normal variate.
    case normal
    /// A latent that is an increasing function of a normal variate, element by element.
    case monotone
    case none

    var hasMoments: Bool { self == .constant || self == .normal }
    var hasQuantiles: Bool { self != .none }

    struct Site {
        let name: String
        let shape: Shape
        let form: ClosedForm
    }
}

extension PosteriorQuery {
    static func mean(_ site: String) -> String { "mean/" + site }
    static func sd(_ site: String) -> String { "sd/" + site }
    /// - Parameter number: the place of the probability.
    static func quantile(_ site: String, _ number: Int) -> String { "\(number)/" + site }

    /// Expressions for the statistics of sites that have a closed form, and what form each site has.
    func closedForms(_ names: [String]?, _ question: Question) throws -> (Evaluator, [ClosedForm.Site]) {
        var sites: [ClosedForm.Site] = []
        let evaluator = try Evaluator(fits) { context in
            let sampled = try context.trace(.sample).trace
            let middle = fits.guide.hasQuantiles ? try context.trace(.quantile(0.5)) : nil
            let quantiles = fits.guide.hasQuantiles ? try question.probabilities.map { try context.trace(.quantile($0)).trace } : []
            let scales = Dictionary(middle.map { $0.values.parameters($0.trace) } ?? [], uniquingKeysWith: { first, _ in first })
            var outputs: [(String, Tensor)] = []
            for name in names ?? sampled.shown.map(\.name) {
                let site = try find(name, sampled.shown)
                let form = form(of: site, middle?.trace[name])
                sites.append(.init(name: name, shape: site.value.shape, form: form))
                let center = form == .constant ? site.value : middle?.trace[name]?.value ?? site.value
                if question.moments, form.hasMoments {
                    let spread = form == .constant ? nil : scales[AutoNormal.scale(name)]
                    outputs.append((Self.mean(name), center))
                    outputs.append((Self.sd(name), (spread ?? 0).broadcast(to: center.shape)))
                }
                guard form.hasQuantiles else { continue }
                for number in question.probabilities.indices {
                    let value = form == .constant ? center : quantiles[number][name]?.value ?? center
                    outputs.append((Self.quantile(name, number), value))
                }
            }
            return outputs
        }
        return (evaluator, sites)
    }

    /// - Parameter middle: the same site with all of the guide's normal variates at their medians.
    private func form(of site: Site, _ middle: Site?) -> ClosedForm {
        let own = Set([AutoNormal.loc(site.name), AutoNormal.scale(site.name)].map { StateName.parameter($0).text })
        if !site.value.draws { return .constant }
        // A support that depends on another latent moves with that.
        guard let middle, fits.guide.latents.contains(site.name), let support = site.distribution?.support,
            !middle.value.draws, middle.value.readStates.isSubset(of: own)
        else { return .none }
        return support.isReal ? .normal : support.isElementwise ? .monotone : .none
    }

    private func find(_ name: String, _ sites: [Site]) throws -> Site {
        guard let site = sites.first(where: { $0.name == name }) else {
            throw RunError("there is no latent or deterministic site '\(name)'; there are: \(sites.map(\.name).joined(separator: ", "))")
        }
        return site
    }
}

extension Tensor {
    /// Whether its value is random.
    fileprivate var draws: Bool {
        Graph.topologicalOrder([self]).contains { if case .random = $0.node.op { true } else { false } }
    }

    /// The states that its value depends on.
    fileprivate var readStates: Set<String> {
        Set(
            Graph.topologicalOrder([self]).compactMap { tensor in
                if case .input(let input) = tensor.node.op, input.kind == .state { input.name } else { nil }
            })
    }
}

extension Constraint {
    /// Whether the bijector to it changes nothing.
    fileprivate var isReal: Bool {
        switch self {
        case .real: true
        case .independent(let base, _): base.isReal
        default: false
        }
    }

    /// Whether the bijector to it takes each element by itself.
    fileprivate var isElementwise: Bool {
        switch self {
        case .simplex, .ordered, .positiveOrdered: false
        case .independent(let base, _): base.isElementwise
        default: true
        }
    }
}
