import LockstepDistributions
import LockstepModel
import LockstepRuntime
import LockstepTensor

/// What a guide says of one site, lane by lane and element by element.
struct SiteStatistics {
    struct Lane {
        var mean: [Double] = []
        var sd: [Double] = []
        /// An array for each probability.
        var quantiles: [[Double]] = []
    }

    let name: String
    let shape: Shape
    var lanes: [Lane]
}

extension PosteriorQuery {
    /// Which statistics are asked for.
    struct Question {
        let moments: Bool
        let probabilities: [Double]
        /// Draws behind what has no closed form.
        var draws = 4000

        static let moments = Question(moments: true, probabilities: [])
        static func quantiles(_ probabilities: [Double]) -> Question { Question(moments: false, probabilities: probabilities) }
        static func all(_ probabilities: [Double]) -> Question { Question(moments: true, probabilities: probabilities) }
    }

    /// Numbers that the draws of some lanes may be at a time.
    private static let chunk = 1 << 22

    func statistics(_ lanes: [Int], of site: String, _ question: Question) throws -> SiteStatistics {
        guard let found = try statistics(lanes, of: [site], question).first else {
            throw RunError("there is no site '\(site)'")
        }
        return found
    }

    /// - Parameter names: the sites; all latent and deterministic ones, in the order of the model, when nil.
    func statistics(_ lanes: [Int], of names: [String]?, _ question: Question) throws -> [SiteStatistics] {
        for probability in question.probabilities where !(probability > 0 && probability < 1) {
            throw RunError("a quantile's probability is \(probability); give numbers between 0 and 1")
        }
        let (evaluator, sites) = try closedForms(names, question)
        var statistics = sites.map { SiteStatistics(name: $0.name, shape: $0.shape, lanes: lanes.map { _ in .init() }) }
        if lanes.isEmpty { return statistics }
        let exact = try evaluator.values(lanes, keys: lanes.map { fits.keys[$0] })
        for (place, site) in sites.enumerated() {
            for row in lanes.indices {
                func value(_ name: String) -> [Double] { exact[name]?[row] ?? [] }
                if question.moments, site.form.hasMoments {
                    statistics[place].lanes[row].mean = value(Self.mean(site.name))
                    statistics[place].lanes[row].sd = value(Self.sd(site.name))
                }
                if site.form.hasQuantiles {
                    statistics[place].lanes[row].quantiles = question.probabilities.indices.map { value(Self.quantile(site.name, $0)) }
                }
            }
        }
        try addDrawn(&statistics, sites, lanes, question)
        return statistics
    }

    /// Fills in what has no closed form.
    private func addDrawn(
        _ statistics: inout [SiteStatistics], _ sites: [ClosedForm.Site], _ lanes: [Int], _ question: Question
    ) throws {
        let drawn = sites.indices.filter { place in
            (question.moments && !sites[place].form.hasMoments)
                || (!question.probabilities.isEmpty && !sites[place].form.hasQuantiles)
        }
        if drawn.isEmpty { return }
        let elements = drawn.reduce(0) { $0 + sites[$1].shape.elementCount }
        let size = max(1, Self.chunk / (question.draws * max(elements, 1)))
        for first in stride(from: 0, to: lanes.count, by: size) {
            let rows = first..<min(first + size, lanes.count)
            let draws = try sample(rows.map { lanes[$0] }, question.draws, key: Key(0), only: Set(drawn.map { sites[$0].name }))
            for place in drawn {
                guard let array = draws[sites[place].name] else { continue }
                for row in rows { statistics[place].lanes[row].add(array[row - first], sites[place], question) }
            }
        }
    }
}

extension SiteStatistics.Lane {
    /// - Parameter draws: row-major `[draws] + shape`.
    fileprivate mutating func add(_ draws: [Double], _ site: ClosedForm.Site, _ question: PosteriorQuery.Question) {
        let elements = site.shape.elementCount
        let columns = (0..<elements).map { element in stride(from: element, to: draws.count, by: elements).map { draws[$0] } }
        if question.moments, !site.form.hasMoments {
            mean = columns.map { $0.reduce(0, +) / Double($0.count) }
            sd = zip(columns, mean).map { column, mean in
                (column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(column.count - 1, 1))).squareRoot()
            }
        }
        if !question.probabilities.isEmpty, !site.form.hasQuantiles {
            let sorted = columns.map { $0.sorted() }
            quantiles = question.probabilities.map { probability in sorted.map { $0.quantile(probability) } }
        }
    }
}
