import Lockstep

/// A run as JSON.
struct FitRecord {
    let model: String
    let seed: UInt64
    let fits: Fits
    /// Nil when no lane finished.
    let posterior: Summary?

    /// - Throws: when the device that evaluates the parameters fails.
    func json() throws -> [UInt8] {
        let parameters = try fits.parameters().sorted { $0.key < $1.key }
        let hasStart = fits.status.map(\.hasStarted)
        let progress = fits.progress
        var json = JSONText()
        json.object([
            ("model", { $0.string(model) }),
            ("device", { $0.string(fits.deviceName) }),
            ("lanes", { $0.plain(String(fits.lanes)) }),
            ("steps", { $0.plain(String(fits.steps)) }),
            ("seed", { $0.plain(String(seed)) }),
            ("compile_seconds", { $0.number(fits.timings.trace + fits.timings.compile) }),
            ("run_seconds", { $0.number(fits.timings.run) }),
            ("best", { $0.plain(posterior.map { String($0.lane) } ?? "null") }),
            ("elbo", { $0.array(fits.elbo) { $0.number($1) } }),
            ("elbo_error", { $0.array(fits.elboError) { $0.number($1) } }),
            ("non_finite_draws", { $0.array(fits.nonFiniteDraws) { $0.number($1) } }),
            ("loss", { $0.array(fits.loss) { $0.number($1) } }),
            ("initial_loss", { $0.array(fits.initialLoss) { $0.number($1) } }),
            ("status", { $0.array(fits.status) { $0.string("\($1)") } }),
            (
                "reason",
                { json in
                    json.array(fits.laneReasons) { json, reason in reason.map { json.string($0.description) } ?? json.plain("null") }
                }
            ),
            (
                "progress",
                { json in
                    json.array(progress) { json, progress in progress.map { json.string($0.trend.rawValue) } ?? json.plain("null") }
                }
            ),
            (
                "at_edge",
                { json in
                    json.array(progress) { json, progress in
                        progress?.edges.map { edges in json.array(edges) { $0.string($1.site) } } ?? json.plain("null")
                    }
                }
            ),
            ("refused_at_end", { $0.array(progress) { $0.number($1?.refusedShare) } }),
            (
                "parameters",
                { json in
                    json.object(
                        parameters.map { name, values in
                            (
                                name,
                                { json in
                                    json.array(0..<values.lanes) { json, lane in
                                        // A lane that never started has no parameters.
                                        let row: [Double?] = values[lane].map { hasStart[lane] ? $0 : nil }
                                        json.nested(row[...], values.shape[...])
                                    }
                                }
                            )
                        })
                }
            ),
            ("posterior", { $0.posterior(posterior) }),
        ])
        json.plain("\n")
        return json.bytes
    }
}

extension JSONText {
    /// The sites of a summary by name; an empty object where there is none.
    mutating func posterior(_ summary: Summary?) {
        object(
            (summary?.sites ?? []).map { site in
                (site, { json in if let summary { json.site(summary[site], summary.shape(of: site) ?? []) } })
            })
    }

    private mutating func site(_ rows: some Collection<Summary.Row>, _ shape: Shape) {
        let columns: [(String, KeyPath<Summary.Row, Double>)] = [
            ("mean", \.mean), ("sd", \.sd), ("q05", \.q05), ("q50", \.median), ("q95", \.q95),
        ]
        object(
            columns.map { name, column in
                (name, { $0.nested(rows.map { Optional($0[keyPath: column]) }[...], shape[...]) })
            })
    }
}
