/// How long cases take to start.
struct StartReport: Encodable {
    static let meaning = """
        Seconds: trace is from closures to expressions, compile from there to a kernel that is ready, first launch from the \
        call to the end of the first launch, all of it. Nothing is cached, neither by Lockstep nor by the driver, but that the \
        driver works, which is tried once for all programs; the second process has the caches of a first. CPU is processor time of all threads. The least over the turns counts, since what \
        else the machine does can only add.
        """

    struct Seconds: Encodable {
        let trace, compile, compileCpu, firstLaunch, firstLaunchCpu: Double

        /// Each the least of some runs; NaN of none.
        init(_ reports: [RunReport]) {
            func least(_ seconds: (RunReport) -> Double) -> Double { reports.map(seconds).min() ?? .nan }
            trace = least(\.traceSeconds)
            compile = least(\.compileSeconds)
            compileCpu = least(\.compileCpuSeconds)
            firstLaunch = least(\.firstLaunchSeconds)
            firstLaunchCpu = least(\.firstLaunchCpuSeconds)
        }
    }

    struct Start: Encodable {
        let `case`, schedule: String
        let lanes: Int
        let fresh, second: Seconds
        /// Of the first launch with nothing cached.
        let launchLimit: Double
        /// Of compiling in the second process.
        let compileLimit: Double

        init(_ name: String, fresh: [RunReport], second: [RunReport], launchLimit: Double, compileLimit: Double) {
            `case` = name
            lanes = fresh.first?.lanes ?? 0
            schedule = fresh.first?.schedule ?? "none"
            self.fresh = Seconds(fresh)
            self.second = Seconds(second)
            self.launchLimit = launchLimit
            self.compileLimit = compileLimit
        }
    }

    let deviceName: String
    let starts: [Start]

    /// What is over a limit. A NaN is.
    var failures: [String] {
        starts.flatMap { start in
            [
                start.fresh.firstLaunch < start.launchLimit
                    ? nil
                    : "\(start.case): the first launch took \(Text.number(start.fresh.firstLaunch)) s; the limit is \(Text.number(start.launchLimit)) s",
                start.second.compile < start.compileLimit
                    ? nil
                    : "\(start.case): the second process compiled for \(Text.number(start.second.compile)) s; the limit is \(Text.number(start.compileLimit)) s",
            ].compactMap { $0 }
        }
    }

    var text: String {
        let each = ["compile", "CPU", "first launch", "CPU"]
        let header = ["case", "lanes", "schedule", "limit", "trace"] + each + ["second: trace"] + each
        let rows = starts.map { start in
            [start.case, "\(start.lanes)", start.schedule, Text.number(start.launchLimit)]
                + [start.fresh, start.second].flatMap {
                    [$0.trace, $0.compile, $0.compileCpu, $0.firstLaunch, $0.firstLaunchCpu].map(Text.number)
                }
        }
        let verdict =
            failures.isEmpty
            ? ["all first launches and second processes are within their limits"]
            : failures
        return (["On \(deviceName). \(Self.meaning)", Text.aligned([header] + rows)] + verdict).joined(separator: "\n")
    }
}
