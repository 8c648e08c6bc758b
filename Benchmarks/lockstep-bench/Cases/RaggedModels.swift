import Foundation
import Lockstep

/// Light curves, each with its own number of rows and fitted from several starts. Their twin is `peers/light_curves.py`.
extension BenchmarkCase {
    static let ragged = [lightCurves(isRagged: true), lightCurves(isRagged: false)]

    /// Fits of each curve.
    static let startsOfEachCurve = 8

    /// - Parameter isRagged: 10 to 2,000 rows of each curve's own, log-uniform; else as many rows for each as there are on average, as plain
    ///   arrays.
    private static func lightCurves(isRagged: Bool) -> BenchmarkCase {
        BenchmarkCase(
            isRagged ? "light-curves" : "equal-curves",
            "a flux that rises and falls, \(startsOfEachCurve) starts of each curve of \(isRagged ? "10 to 2,000" : "376") rows", rows: 376,
            lanes: 4096, largeLanes: 80_000, steps: 200
        ) { _, lanes in
            let curves = GeneratedData.lightCurves((lanes + startsOfEachCurve - 1) / startsOfEachCurve, rows: isRagged ? nil : 376)
            let places = (0..<lanes).map { $0 / startsOfEachCurve }
            let (time, flux): (LaneData, LaneData) =
                isRagged ? (.ragged(curves.time), .ragged(curves.flux)) : (.perLane(curves.time), .perLane(curves.flux))
            let model = isRagged ? curve { m, body in m.plate("rows", rowsOf: "flux", body) } : curve { m, body in m.plate("rows", 376, body) }
            return Problem(model, ["time": time.taken(places), "flux": flux.taken(places)])
        }
    }

    private static func curve(_ rows: @escaping @Sendable (inout ModelContext, (inout ModelContext) -> Void) -> Void) -> Model {
        Model { m in
            let (time, flux) = (m.data("time"), m.data("flux"))
            let amplitude = m.sample("amplitude", LogNormal(0.5, 0.5))
            let start = m.sample("t0", Normal(0, 8))
            let rise = m.sample("rise", LogNormal(1, 0.5))
            let fall = m.sample("fall", LogNormal(3, 0.5))
            let plateau = m.sample("plateau", HalfNormal(15))
            let scatter = m.sample("scatter", HalfNormal(0.3))
            rows(&m) { m in
                let since = time - start
                let shape = sigmoid(since / rise) * exp(-pointwiseMax(since - plateau, 0) / fall)
                m.observe("obs", StudentT(4, amplitude * shape, scatter), flux)
            }
        }
    }
}

extension GeneratedData {
    struct Curves: Sendable {
        var time: [[Double]] = []
        var flux: [[Double]] = []
    }

    /// Fluxes seen at times from -20 to 100, of which one in twenty is an outlier.
    ///
    /// - Parameter rows: of each curve; 10 to 2,000, log-uniform, where nil.
    static func lightCurves(_ count: Int, rows: Int? = nil) -> Curves {
        let truth = (0..<6).map { stream(90 + $0) }
        let (jitter, noise, share) = (stream(96), stream(97), stream(98))
        var curves = Curves()
        for curve in 0..<count {
            let own = rows ?? Int(10 * exp(truth[0].uniform(curve) * 5.298317366548036))
            let (amplitude, start) = (1 + 2 * truth[1].uniform(curve), 4 * truth[2].noise(curve))
            let (rise, fall) = (1.5 + 3 * truth[3].uniform(curve), 15 + 25 * truth[4].uniform(curve))
            let plateau = 5 + 20 * truth[5].uniform(curve)
            var (time, flux): ([Double], [Double]) = ([], [])
            for row in 0..<own {
                let place = curve * 2048 + row
                let t = -20 + 120 * (Double(row) + jitter.uniform(place)) / Double(own)
                let since = t - start
                let shape = exp(-max(since - plateau, 0) / fall) / (1 + exp(-since / rise))
                time.append(t)
                flux.append(amplitude * shape + (share.uniform(place) < 0.05 ? 0.6 : 0.1) * noise.noise(place))
            }
            curves.time.append(time)
            curves.flux.append(flux)
        }
        return curves
    }
}
