import Lockstep

/// The fits of many datasets as JSON: a record for each dataset.
struct GroupedRecord {
    let model: String
    let seed: UInt64
    let grouped: GroupedFits
    let results: [DatasetResult]

    func json() -> [UInt8] {
        let fits = grouped.fits
        var json = JSONText()
        json.object([
            ("model", { $0.string(model) }),
            ("device", { $0.string(fits.deviceName) }),
            ("group", { $0.string(grouped.column) }),
            ("datasets", { $0.plain(String(grouped.labels.count)) }),
            ("starts", { $0.plain(String(grouped.starts)) }),
            ("lanes", { $0.plain(String(fits.lanes)) }),
            ("steps", { $0.plain(String(fits.steps)) }),
            ("seed", { $0.plain(String(seed)) }),
            ("compile_seconds", { $0.number(fits.timings.trace + fits.timings.compile) }),
            ("run_seconds", { $0.number(fits.timings.run) }),
            ("results", { json in json.array(results) { $0.record($1) } }),
        ])
        json.plain("\n")
        return json.bytes
    }
}

extension JSONText {
    fileprivate mutating func record(_ result: DatasetResult) {
        object([
            ("label", { $0.string(result.label) }),
            ("status", { $0.string("\(result.status)") }),
            ("reason", { json in result.reason.map { json.string($0) } ?? json.plain("null") }),
            ("best_start", { json in json.plain(result.best.map { String($0 - result.lanes.lowerBound) } ?? "null") }),
            ("elbo", { $0.number(result.elbo) }),
            ("elbo_error", { $0.number(result.elboError) }),
            ("starts_near", { $0.plain(String(result.near)) }),
            ("posterior", { $0.posterior(result.summary) }),
        ])
    }
}
