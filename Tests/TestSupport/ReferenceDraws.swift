import LockstepRuntime
import LockstepTensor

/// The draws of one random node, element by element.
package enum ReferenceDraws {
    package static func values(
        _ op: RandomOp, parameter: [Double]?, count: Int, _ key: SIMD2<UInt32>, _ step: UInt32
    ) -> [Double] {
        if let particles = op.particles {
            let each = count / particles
            return (0..<particles).flatMap { number in
                var one = op
                (one.particle, one.particles) = (op.particle + UInt32(number), nil)
                return values(one, parameter: parameter.map { Array($0[(number * each)..<((number + 1) * each)]) }, count: each, key, step)
            }
        }
        // Four steps of a site of one element share a block.
        let isShared = count == 1 && parameter == nil
        let draws = Draws<Double>(key: key, stream: op.stream, step: isShared ? step / 4 : step, particle: op.particle)
        if let streams = op.streams {
            return streams.indices.flatMap { i in
                var one = RandomOp(op.kind, stream: streams[i], particle: op.particle, site: op.site, origin: op.origin)
                one.streams = nil
                return values(one, parameter: parameter.map { [$0[i]] }, count: 1, key, step)
            }
        }
        return (0..<count).map { i in
            let element = isShared ? step % 4 : UInt32(truncatingIfNeeded: i)
            return switch op.kind {
            case .uniform: draws.uniform(element: element)
            case .normal: draws.normal(element: element)
            case .gamma: draws.gamma(parameter?[i] ?? .nan, element: element)
            case .poisson: draws.poisson(parameter?[i] ?? .nan, element: element)
            }
        }
    }
}
