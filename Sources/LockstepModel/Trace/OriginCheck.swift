import LockstepTensor

/// Finds tensors that belong to another run: there they are bound, here nobody would bind them.
enum OriginCheck {
    /// - Parameter sites: all sites of a run, in its order, hidden ones too.
    /// - Throws: `ModelError` that names the site and what it took from elsewhere.
    static func check(_ sites: [Site], _ origin: Origin) throws(ModelError) {
        let roots = sites.flatMap { site in
            [site.value, site.logProb, site.initial].compactMap { $0 }.map { (site.name, $0) }
        }
        // One walk for all sites: the leaves of a root come before it in the order.
        let order = Graph.topologicalOrder(roots.map(\.1))
        guard let leaf = order.firstIndex(where: { $0.origin.map { $0 != origin } ?? false }),
            let source = order[leaf].source
        else { return }
        let users = Dictionary(roots.map { ($0.1.id, $0.0) }, uniquingKeysWith: { first, _ in first })
        let user = order[leaf...].lazy.compactMap { users[$0.id] }.first ?? source.name
        if case .input(let input) = order[leaf].node.op, input.kind == .bound {
            throw ModelError(
                site: user,
                "it uses a tensor of one step of a scan outside of that step (\(source.name)); return what others need from the step, as "
                    + "an output or as what is carried, or take it from the site's value")
        }
        throw ModelError(
            [user, source.name],
            "site '\(user)' uses a tensor that belongs to another run of a model, from \(source.role) '\(source.name)'; "
                + "a run can use its own tensors only, so take values from its own sites and data")
    }
}

extension Tensor {
    fileprivate var origin: Origin? {
        switch node.op {
        case .input(let input): input.origin
        case .random(let random): random.origin
        default: nil
        }
    }

    /// Where a leaf comes from, in a user's words.
    fileprivate var source: (role: String, name: String)? {
        switch node.op {
        case .input(let input): (input.kind == .data ? "data" : "parameter", input.name)
        case .random(let random): ("site", random.site)
        default: nil
        }
    }
}
