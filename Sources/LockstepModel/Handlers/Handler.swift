import LockstepDistributions
import LockstepTensor

/// A handler as a value: each case is a rule that rewrites one message and remembers nothing.
enum Handler: Sendable {
    case block(@Sendable (SiteInfo) -> Bool)
    case condition([String: Tensor])
    case substitute([String: Tensor])
    case replay(Trace)
    /// Gives latent sites the value that a function of their distribution returns; one that has a value is an error.
    case assign(@Sendable (String, any Distribution) throws(ModelError) -> Tensor?)
    case mask(Tensor)
    case scale(Tensor)
    /// Draws observed sites anew, all or some: as latents, or so that they stay observed, no guide covers them, and they may go over rows of a
    /// lane's own.
    case redraw(Set<String>?, asLatents: Bool)
    /// Weighs rows of what is observed, by data that the run binds.
    case weigh(RowWeights)
    /// The same in a run, whose tensors it has.
    case weighRows(RowWeights.Bound)

    /// - Returns: false when the message goes no further.
    func process(_ message: inout Message) -> Bool {
        switch (self, message.kind) {
        case (.block(let hides), _):
            return !hides(message.info)
        case (.condition(let values), .sample):
            guard let value = values[message.name] else { break }
            message.give(value)
            message.isObserved = true
        case (.substitute(let values), .sample), (.substitute(let values), .param):
            if let value = values[message.name] { message.give(value) }
        case (.replay(let trace), .sample) where !message.isObserved:
            guard let site = trace[message.name] else { break }
            if site.isLatent {
                message.give(site.value)
            } else {
                let role = site.kind == .sample ? "observed" : "a \(site.kind.rawValue) site"
                message.error =
                    message.error
                    ?? ModelError(
                        site: message.name,
                        "it is latent here, but \(role) in the trace that is replayed; give that trace a latent of this name, or none")
            }
        case (.assign(let assign), .sample) where !message.isObserved:
            guard case .sample(let distribution) = message.statement else { break }
            do throws(ModelError) {
                guard let value = try assign(message.name, try message.overSteps(distribution)) else { break }
                guard message.value == nil else {
                    throw ModelError(
                        site: message.name,
                        "a guide covers this latent, but substitute gave it a value of its own; make it data with condition(_:), "
                            + "or hide it from the guide with block(hide: [\"\(message.name)\"])")
                }
                message.give(value, guiding: distribution)
            } catch {
                message.error = message.error ?? error
            }
        case (.mask(let mask), .sample), (.mask(let mask), .factor):
            message.weighting.masks.append(mask)
        case (.scale(let factor), .sample), (.scale(let factor), .factor):
            message.weighting.scales.append(factor)
        case (.weighRows(let weights), .sample) where message.isObserved, (.weighRows(let weights), .factor):
            do throws(ModelError) { try weights.weigh(&message) } catch { message.error = message.error ?? error }
        case (.redraw(let names, let asLatents), .sample) where message.isObserved && names?.contains(message.name) ?? true:
            message.forgetValue(asLatent: asLatents)
        case (.condition, _), (.substitute, _), (.replay, _), (.assign, _), (.mask, _), (.scale, _), (.weigh, _), (.weighRows, _), (.redraw, _):
            break
        }
        return true
    }
}

extension [Handler] {
    /// Passes a message outwards until a handler hides it.
    func process(_ message: inout Message) {
        for (place, handler) in enumerated() where !handler.process(&message) {
            message.hiddenBy = place
            return
        }
    }
}
