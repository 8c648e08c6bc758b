import Foundation
import Lockstep
import LockstepModel
import LockstepTensor
import TestSupport
import Testing

@testable import LockstepInference

/// AutoNormal's loss and gradient for given noise, against NumPyro. The noise takes the place of the draws in the
/// expression of the loss.
@Suite struct ElboGoldenTests {
    @Test func lossAndGradientAreThoseOfNumPyro() throws {
        var worst = 0.0
        for row in try NumPyroGoldens.rows("elbo") {
            let name = row["case"].text
            let problem = try NumPyroGoldens.problem(name)
            let guide = try AutoNormal(problem.guided).prepare(GuideData(problem.data))
            let origin = Origin()
            let parameters = Dictionary(
                uniqueKeysWithValues: guide.parameters.map {
                    ($0.name, Tensor.input(Input(.state, $0.name, origin: origin), shape: $0.shape))
                })
            let loss = try TraceELBO().value(
                of: LossStep(model: problem.model, guide: guide, parameters: parameters, origin: origin, data: GuideData(problem.data).shapes))
            let noise = NumPyroGoldens.tensors(row["noise"])
            var replaced: Set<String> = []
            let given = Graph.rewrite([loss]) { node, inputs in
                guard case .random(let draw) = node.op, let values = noise[draw.site] else { return node.rebuilt(inputs) }
                replaced.insert(draw.site)
                return values.broadcast(to: node.shape)
            }
            #expect(replaced == Set(noise.keys), "\(name)")

            let sites = row["loc"].members.keys.sorted()
            let targets = sites.flatMap { [parameters[$0 + "_auto_loc"], parameters[$0 + "_auto_scale"]].compactMap { $0 } }
            try #require(targets.count == 2 * sites.count)
            var values = problem.data.mapValues(\.values.doubles)
            for site in sites {
                values[site + "_auto_loc"] = row["loc"][site].numbers
                // The optimiser moves the inverse softplus of the scale.
                values[site + "_auto_scale"] = row["scale"][site].numbers.map { log(expm1($0)) }
            }
            let results = try ReferenceEvaluator.evaluate(given + Gradient.of(given[0], withRespectTo: targets), inputs: values)
            var errors = [("loss", NumPyroGoldens.error(results[0], row["loss"].numbers))]
            for (place, site) in sites.enumerated() {
                errors.append((site, NumPyroGoldens.error(results[1 + 2 * place], row["gradient_loc"][site].numbers)))
                // d softplus(r) / dr = 1 - exp(-softplus(r)).
                let byScale = zip(row["gradient_scale"][site].numbers, row["scale"][site].numbers).map { $0 * -expm1(-$1) }
                errors.append(("scale of \(site)", NumPyroGoldens.error(results[2 + 2 * place], byScale)))
            }
            for (what, error) in errors {
                #expect(error <= 1e-10, "\(name): \(what) is off by \(error)")
                worst = max(worst, error)
            }
        }
        print("NumPyro elbo: largest relative error \(worst)")
    }
}
