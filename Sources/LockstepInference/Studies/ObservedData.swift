import LockstepModel
import LockstepRuntime
import LockstepTensor

/// An observation whose value is data of a run as they are, so that a draw of the site is a dataset.
struct ObservedData {
    let site: String
    /// What the data are called.
    let name: String
    /// Of the data.
    let shape: Shape

    /// All observations of a model.
    ///
    /// - Throws: `ModelError` for one that observes something else, `RunError` where nothing is observed.
    static func all(_ trace: Trace) throws -> [ObservedData] {
        var found: [ObservedData] = []
        for site in trace.observations {
            let own = try ObservedData(site)
            if let other = found.first(where: { $0.name == own.name }) {
                throw ModelError(
                    [other.site, own.site],
                    "sites '\(other.site)' and '\(own.site)' both observe data '\(own.name)', which cannot be drawn from both; give each its own")
            }
            found.append(own)
        }
        guard !found.isEmpty else { throw RunError("the model observes no data, so there are none to draw; observe m.data(...) in it") }
        return found
    }

    private init(_ site: Site) throws {
        var value = site.value
        while case .broadcast = value.node.op { value = value.node.inputs[0] }
        guard case .input(let input) = value.node.op, input.kind == .data else {
            throw ModelError(
                site: site.name,
                "what it observes is not data as they are, but made of something, so a draw of it is no dataset; observe "
                    + "m.data(\"...\") itself, and put what is done to them into the distribution, or prepare them before the run")
        }
        guard value.count == site.value.count else {
            throw ModelError(
                site: site.name,
                "it observes data '\(input.name)' of shape \(value.shape) as \(site.value.shape), so several draws would be one number; "
                    + "give data of the shape of the site")
        }
        (self.site, name, shape) = (site.name, input.name, value.shape)
    }
}
