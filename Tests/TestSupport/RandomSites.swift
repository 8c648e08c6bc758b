import LockstepCompiler
import LockstepTensor

/// Random steps of many scalar sites that are alike in some ways and not in others: priors of a few kinds, levels that
/// groups share, draws, data of each sort, sums over all of them, and gradients. The same seed gives the same step.
package enum RandomSites {
    /// - Parameter sites: a random number from 1 to 300 when nil.
    package static func make(seed: UInt64, sites: Int? = nil) -> StepCase {
        var maker = Maker(random: SplitMix64(seed: seed))
        return maker.make(sites)
    }
}

private struct Maker {
    var random: SplitMix64
    let origin = Origin()
    let lanes = 3
    var step = StepCase(LaneFunction(states: []))

    mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    mutating func value() -> Double { Double.random(in: -1.5...1.5, using: &random) }
    mutating func isTrue(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }

    private func input(_ kind: Input.Kind, _ name: String, _ shape: Shape = []) -> Tensor {
        .input(Input(kind, name, origin: origin), shape: shape)
    }

    private mutating func state(_ name: String) -> Tensor {
        step.initial[name] = (0..<lanes).map { _ in [value()] }
        return input(.state, name)
    }

    private mutating func draw(_ kind: RandomOp.Kind, _ stream: Int, _ parameter: Tensor? = nil) -> Tensor {
        let shape: Shape = isTrue(0.3) ? [1] : []
        let op = RandomOp(kind, stream: 0xF000_0000 &+ UInt32(stream) &* 7919, particle: 0, site: "z", origin: origin)
        return Tensor.random(op, parameter, shape: shape).reshape([])
    }

    /// What a site is compared with.
    private mutating func datum(_ sort: Int, _ site: Int, _ table: Tensor) -> Tensor {
        switch sort {
        case 0: return Tensor(value())
        case 1:
            step.shared["y\(site)"] = [value()]
            return input(.data, "y\(site)")
        case 2:
            step.perLane["w\(site)"] = (0..<lanes).map { _ in [value()] }
            return input(.data, "w\(site)")
        default: return table.element(number(table.count))
        }
    }

    mutating func make(_ given: Int?) -> StepCase {
        let sites = given ?? (isTrue(0.3) ? 1 + number(20) : 1 + number(300))
        let (kinds, groups, sorts) = (1 + number(3), 1 + number(5), (0..<3).map { _ in number(4) })
        step.shared["table"] = (0..<40).map { _ in value() }
        let table = input(.data, "table", [40])
        let array = input(.state, "array", [12])
        step.initial["array"] = (0..<lanes).map { _ in (0..<12).map { _ in value() } }
        let levels = (0..<groups).map { state("level\($0)") }
        let spread = state("spread")
        var states: [Tensor] = []
        var loss: Tensor = 0
        for site in 0..<sites {
            let (location, scale) = (state("loc\(site)"), state("scale\(site)"))
            let noise = draw(isTrue(0.02) ? .uniform : .normal, site)
            let width = softplus(scale) + 0.1
            let x = location + width * noise
            let kind = site % kinds
            let y = datum(isTrue(0.05) ? number(4) : sorts[kind], site, table)
            let level = levels[isTrue(0.9) ? site % groups : 0]
            let density: Tensor
            switch kind {
            case 0: density = -0.5 * square((x - level) / (softplus(spread) + 0.5)) - square(y - x)
            case 1: density = -log(onePlus: square(x)) - softplus(x * y) + 0.1 * array.element(number(12)) * x
            default: density = select(0 .< x, -x, 2 * x) - square(sin(y) * x) + tanh(x) * draw(.gamma, 1000 + site, exp(0.1 * y))
            }
            loss = isTrue(0.5) ? loss + (-density - log(width)) : loss - (density + log(width))
            states += [location, scale]
        }
        let all = states + levels + [spread, array]
        let gradients = Gradient.of(loss, withRespectTo: all)
        let names = (0..<sites).flatMap { ["loc\($0)", "scale\($0)"] } + levels.indices.map { "level\($0)" } + ["spread", "array"]
        let isFine = gradients.reduce(Tensor(0.0)) { $0 + ($1 * $1).sum() }.isFinite .& loss.isFinite
        var next: [LaneFunction.State] = []
        for ((name, old), gradient) in zip(zip(names, all), gradients) {
            let slot = input(.state, "o/" + name, old.shape)
            let mean = 0.9 * slot + 0.1 * tanh(gradient)
            next.append(.init(name, select(isFine, old - 0.05 * mean, old)))
            next.append(.init("o/" + name, select(isFine, mean, slot)))
        }
        step.function = LaneFunction(
            states: next,
            records: [.init("loss", slots: 4, slot: .input(Input(.scalar, Input.step, origin: origin), shape: [], dtype: .int), value: loss)],
            perLane: Set(step.perLane.keys))
        step.lanes = lanes
        step.advances = [1, 2]
        return step
    }
}
