import Lockstep

extension Example {
    /// A straight line through the rows of each dataset.
    static let line = Example(ofRows: "line", "a straight line, with a slope, an intercept and noise", columns: "x, y") { rows in
        let model = Model { m in
            let (x, y) = (m.data("x"), m.data("y"))
            let intercept = m.sample("intercept", Normal(0, 10))
            let slope = m.sample("slope", Normal(0, 10))
            let noise = m.sample("sigma", HalfCauchy(1))
            m.plate("rows", rowsOf: "y") { m in m.observe("obs", Normal(intercept + slope * x, noise), y) }
        }
        return Problem(model, data: ["x": rows.rows(try rows.numbers("x")), "y": rows.rows(try rows.numbers("y"))])
    }

    /// A flux that rises, stays for a while and falls: a sigmoid, and an exponential from the end of the plateau on, as of supernovae
    /// (after Villar et al. 2019, ApJ 884, 83, with a plateau that is level). The heavy tails leave room for outliers, `scatter` for errors
    /// that are stated too small.
    ///
    /// Priors are as wide as each dataset's own flux and time are; `t0`, the middle of the rise, is counted from the row of highest flux.
    static let lightCurve = Example(
        ofRows: "light-curve", "a flux that rises and falls; t0 is counted from the brightest row", columns: "time, flux, flux_error"
    ) { rows in
        try rows.checkPositive("flux_error", "a standard deviation")
        let (times, fluxes) = (try rows.numbers("time"), try rows.numbers("flux"))
        let peaks = zip(times, fluxes).map { times, fluxes in fluxes.indices.max { fluxes[$0] < fluxes[$1] }.map { times[$0] } ?? 0 }
        let spans = times.map { times in ((times.max() ?? 0) - (times.min() ?? 0)).nonZero }
        let heights = fluxes.map { fluxes in
            let most = fluxes.max() ?? 0
            return most > 0 ? most : (fluxes.map(abs).max() ?? 0).nonZero
        }
        let model = Model { m in
            let (time, flux, error) = (m.data("time"), m.data("flux"), m.data("flux_error"))
            let (span, height) = (m.data("span", shape: []), m.data("height", shape: []))
            let amplitude = m.sample("amplitude", LogNormal(log(height), 1))
            let start = m.sample("t0", Normal(0, 0.1 * span))
            let rise = m.sample("rise", LogNormal(log(0.03 * span), 1))
            let fall = m.sample("fall", LogNormal(log(0.15 * span), 1))
            let plateau = m.sample("plateau", HalfNormal(0.2 * span))
            let scatter = m.sample("scatter", LogNormal(0, 0.5))
            m.plate("rows", rowsOf: "flux") { m in
                let since = time - start
                let shape = sigmoid(since / rise) * exp(-pointwiseMax(since - plateau, 0) / fall)
                m.observe("obs", StudentT(4, amplitude * shape, scatter * error), flux)
            }
        }
        return Problem(
            model,
            data: [
                // Days of the calendar are too large for the differences of floats.
                "time": rows.rows(zip(times, peaks).map { times, peak in times.map { $0 - peak } }), "flux": rows.rows(fluxes),
                "flux_error": rows.rows(try rows.numbers("flux_error")), "span": rows.scalar(spans), "height": rows.scalar(heights),
            ])
    }
}

extension Double {
    /// 1 in place of 0.
    fileprivate var nonZero: Double { self == 0 ? 1 : self }
}
