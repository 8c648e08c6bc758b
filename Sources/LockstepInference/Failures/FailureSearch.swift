import LockstepModel
import LockstepTensor

/// Finds why lanes were lost: evaluates each once more at its last start or at the first of the steps that ended it,
/// and looks through the sites in the order in which their values arise.
struct FailureSearch {
    private let fits: Fits
    private let evaluation: HostEvaluation
    private let examined: ExaminedLoss
    private let sites: [SiteExamination]
    private let loss: Int
    private let gradients: [Int]
    private let outputs: ExaminedParticles

    /// Numbers that one evaluation may hold.
    private static let mostNumbers = 1 << 22

    init(_ fits: Fits) throws {
        self.fits = fits
        evaluation = HostEvaluation(fits)
        let examined = try ExaminedLoss(fits, evaluation)
        var outputs = ExaminedOutputs()
        loss = outputs.add(examined.loss)
        gradients = examined.gradients.map { outputs.add($0.value) }
        var sites: [SiteExamination] = []
        for site in examined.sites { sites.append(SiteExamination(site, &outputs)) }
        self.sites = sites
        self.examined = examined
        self.outputs = ExaminedParticles(outputs.tensors, count: examined.particles)
    }

    func reasons(of lanes: [Int]) throws -> [Int: FitReason] {
        try lanes.map(place(of:)).chunks(of: Self.rows(outputs.tensors)).reduce(into: [:]) { reasons, places in
            for (lane, reason) in try self.reasons(at: Array(places)) { reasons[lane] = reason }
        }
    }

    private func reasons(at places: [HostEvaluation.Place]) throws -> [(lane: Int, reason: FitReason)] {
        var findings: [Finding] = []
        var spoiled: [SpoiledGradient] = []
        let values = outputs.values(try evaluation.values(of: outputs.tensors, at: places))
        for (row, place) in places.enumerated() {
            let row = Row(place: place, values: values, number: row)
            if let finding = lossFinding(row) {
                findings.append(finding)
            } else if let gradient = spoiledGradient(row) {
                spoiled.append(gradient)
            } else {
                findings.append(unremarkable(row))
            }
        }
        findings += try gradientFindings(spoiled)
        return zip(findings, try operations(of: findings)).map { finding, operation in
            let lane = finding.place.lane
            return (lane, FitReason(finding, operation, status: fits.status[lane], precision: fits.options.precision))
        }
    }

    private static func rows(_ outputs: [Tensor]) -> Int { max(1, mostNumbers / max(outputs.reduce(0) { $0 + $1.count }, 1)) }

    /// The step of a lane's last start, or the first of those that were refused until it was frozen.
    private func place(of lane: Int) -> HostEvaluation.Place {
        if case .diverged(let step) = fits.status[lane] { return .init(lane: lane, step: step) }
        return .init(lane: lane, step: max(fits.options.startAttempts, 1) - 1)
    }

    /// One lane's numbers.
    private struct Row {
        let place: HostEvaluation.Place
        let values: ExaminedValues
        let number: Int

        subscript(output: Int) -> ArraySlice<Double> { values[output, number] }
        func of(particle: Int) -> Row { Row(place: place, values: values.of(particle: particle), number: number) }
        func value(_ output: Int, _ position: Int) -> Double { self[output][self[output].startIndex + position] }
        func spoiled(_ output: Int) -> Int? { self[output].firstIndex { !$0.isFinite }.map { $0 - self[output].startIndex } }
        func largest(_ output: Int) -> Int? {
            self[output].indices.max { abs(self[output][$0]) < abs(self[output][$1]) }.map { $0 - self[output].startIndex }
        }
    }

    // MARK: The loss

    private func lossFinding(_ row: Row) -> Finding? {
        guard !row.value(loss, 0).isFinite else { return nil }
        let rows = particles(row)
        for row in rows {
            for (number, site) in sites.enumerated() {
                guard let density = site.density, let position = row.spoiled(density) else { continue }
                return cause(number, ElementPlace.index(position, site.batchShape), position, row)
            }
        }
        // Finite terms whose sum is not: those of one site, or of all together.
        let sums = rows.flatMap { row in sites.indices.compactMap { number in sites[number].total.map { (row, number, abs(row.value($0, 0))) } } }
        let largest = sums.first { !$0.2.isFinite } ?? sums.max { $0.2 < $1.2 }
        guard let (row, number, _) = largest, let density = sites[number].density, let position = row.largest(density) else {
            return unremarkable(row)
        }
        let element = ElementPlace.index(position, sites[number].batchShape)
        return finding(number, element, .density, tensor: nil, 0, row, note: "its log densities are finite, but their sum is not")
    }

    /// As each particle has it.
    private func particles(_ row: Row) -> [Row] { (0..<examined.particles).map { row.of(particle: $0) } }

    /// Why the log density of a site is not finite at an element of its batch.
    private func cause(_ number: Int, _ batch: [Int], _ position: Int, _ row: Row) -> Finding {
        let site = sites[number]
        if let found = parameterCause(number, batch, row) { return found }
        let value = row[site.value]
        let event = max(site.eventShape.elementCount, 1)
        if site.site.distribution != nil,
            let spoiled = (position * event..<(position + 1) * event).first(where: {
                $0 < value.count && !value[value.startIndex + $0].isFinite
            })
        {
            let element = ElementPlace.index(spoiled, site.site.value.shape)
            return source(of: site.site.value, before: number, row)
                ?? finding(number, element, .value, tensor: site.site.value, spoiled, row)
        }
        if let support = site.support, let violation = site.violation(of: support, at: batch, row.values, row.number) {
            return finding(
                number, site.element(violation, of: support, at: batch), .support, tensor: nil, 0, row,
                constraint: "\(support.constraint)")
        }
        guard let density = site.site.logDensity else { return unremarkable(row) }
        return source(of: density, before: number, row) ?? finding(number, batch, .density, tensor: density, position, row)
    }

    /// A parameter that is not what it must be, or the earlier site that spoiled it.
    private func parameterCause(_ number: Int, _ batch: [Int], _ row: Row) -> Finding? {
        let site = sites[number]
        for parameter in site.parameters {
            guard let violation = site.violation(of: parameter, at: batch, row.values, row.number) else { continue }
            if let spoiled = row.spoiled(parameter.value), let earlier = source(of: parameter.tensor, before: number, row),
                !row.value(parameter.value, parameter.isWholeEvent ? spoiled : violation).isFinite
            {
                return earlier
            }
            let last = parameter.isWholeEvent ? (parameter.tensor.shape.last ?? 1) : 1
            return finding(
                number, site.element(violation, of: parameter, at: batch), .parameter(parameter.name), tensor: parameter.tensor,
                violation * last, row, constraint: "\(parameter.constraint)")
        }
        return nil
    }

    /// The first site that an expression depends on and whose value is not finite.
    private func source(of tensor: Tensor, before number: Int, _ row: Row) -> Finding? {
        let reached = Set(Graph.topologicalOrder([tensor]).map(\.id))
        for (earlier, site) in sites[..<number].enumerated() where reached.contains(site.site.value.id) {
            // A value of which finite ones are left over may have passed a select.
            guard let position = row.spoiled(site.value) else { continue }
            let element = ElementPlace.index(position, site.site.value.shape)
            let drawn = Set(Graph.topologicalOrder([site.site.value]).map(\.id))
            if site.parameters.contains(where: { drawn.contains($0.tensor.id) }),
                let parameter = parameterCause(earlier, Array(element.prefix(site.batchShape.count)), row)
            {
                return parameter
            }
            return finding(earlier, element, .value, tensor: site.site.value, position, row)
        }
        return nil
    }

    // MARK: The gradient

    private struct SpoiledGradient {
        let row: Row
        let parameter: Int
        let position: Int
    }

    /// A gradient that is not finite, or whose square is not.
    private func spoiledGradient(_ row: Row) -> SpoiledGradient? {
        for (parameter, output) in gradients.enumerated() {
            if let position = row.spoiled(output) { return SpoiledGradient(row: row, parameter: parameter, position: position) }
        }
        let squares = gradients.map { output in row[output].reduce(0) { $0 + $1 * $1 } }
        let limit = fits.options.precision == .float ? Double(Float.greatestFiniteMagnitude) : Double.greatestFiniteMagnitude
        guard squares.reduce(0, +) > limit, let parameter = squares.indices.max(by: { squares[$0] < squares[$1] }),
            let position = row.largest(gradients[parameter])
        else { return nil }
        return SpoiledGradient(row: row, parameter: parameter, position: position)
    }

    /// Finds the site through which a gradient is spoiled: each site's own gradient is computed.
    private func gradientFindings(_ spoiled: [SpoiledGradient]) throws -> [Finding] {
        var findings: [Finding] = []
        for (parameter, members) in Dictionary(grouping: spoiled, by: \.parameter).sorted(by: { $0.key < $1.key }) {
            let name = examined.gradients[parameter].name
            guard let target = evaluation.parameters[name] else { continue }
            var outputs = ExaminedOutputs()
            let parts = sites.compactMap { site in site.site.logDensity.map { SitePart(site, $0.sum(), target, &outputs) } }
            let numbers = sites.indices.filter { sites[$0].site.logDensity != nil }
            let all = ExaminedParticles(outputs.tensors, count: examined.particles)
            for chunk in members.chunks(of: Self.rows(all.tensors)) {
                let members = Array(chunk)
                let values = all.values(try evaluation.values(of: all.tensors, at: members.map(\.row.place)))
                for (row, member) in members.enumerated() {
                    let sizes = particles(Row(place: member.row.place, values: values, number: row)).flatMap { inner in
                        parts.indices.map { part in
                            let value = inner.value(parts[part].gradient, member.position)
                            return (inner, part, value.isNaN ? .infinity : abs(value))
                        }
                    }
                    guard let (inner, worst, _) = sizes.first(where: { !$0.2.isFinite }) ?? sizes.max(by: { $0.2 < $1.2 }) else { continue }
                    findings.append(gradientFinding(numbers[worst], parts[worst], name, member, inner))
                }
            }
        }
        return findings
    }

    /// The gradient of one site's log density, and its derivatives with respect to the site's own value and parameters.
    private struct SitePart {
        let tensor: Tensor
        let gradient: Int
        let inner: [(output: Int, shape: Shape)]

        init(_ site: SiteExamination, _ total: Tensor, _ target: Tensor, _ outputs: inout ExaminedOutputs) {
            let inside = ([site.site.value] + site.parameters.map(\.tensor)).filter { $0.dtype == .real }
            let derivatives = Gradient.of(total, withRespectTo: [target] + inside)
            tensor = derivatives[0]
            gradient = outputs.add(tensor)
            inner = derivatives.dropFirst().filter { $0.failure == nil }.map { (outputs.add($0), $0.shape) }
        }
    }

    private func gradientFinding(_ number: Int, _ part: SitePart, _ name: String, _ member: SpoiledGradient, _ inner: Row) -> Finding {
        let site = sites[number]
        let whole = site.batchShape + site.eventShape
        let value = member.row.value(gradients[member.parameter], member.position)
        let spoiled = part.inner.lazy.compactMap { output, shape in
            inner.spoiled(output).flatMap { position -> [Int]? in shape == whole ? ElementPlace.index(position, shape) : nil }
        }.first
        let place = ElementPlace.text(ElementPlace.index(member.position, examined.gradients[member.parameter].value.shape))
        return finding(
            number, spoiled ?? [], .gradient(name), tensor: value.isFinite ? nil : part.tensor, member.position,
            member.row.of(particle: inner.values.particle),
            note: "gradient with respect to \(name)\(place)", added: [.init(name: "gradient", value: value)])
    }

    // MARK: Findings

    /// What a search came to, before the operation is named.
    struct Finding {
        let place: HostEvaluation.Place
        let site: ExaminedSite?
        let element: [Int]
        let kind: FitReason.Kind
        /// At an element.
        let numbers: ([Int]) -> [FitReason.Number]
        /// Where to look for the operation, and whose draws it has.
        let tensor: Tensor?
        let particle: Int
        let position: Int
        /// What the value breaks.
        let constraint: String?
        let note: String?
    }

    private func finding(
        _ number: Int, _ element: [Int], _ kind: FitReason.Kind, tensor: Tensor?, _ position: Int, _ row: Row,
        constraint: String? = nil, note: String? = nil, added: [FitReason.Number] = []
    ) -> Finding {
        Finding(
            place: row.place, site: sites[number].site, element: element, kind: kind,
            numbers: { [sites] in sites[number].numbers(at: $0, row.values, row.number) + added }, tensor: tensor, particle: row.values.particle,
            position: position, constraint: constraint, note: note)
    }

    private func unremarkable(_ row: Row) -> Finding {
        let largest = gradients.compactMap { output in row.largest(output).map { row.value(output, $0) } }.max { abs($0) < abs($1) }
        let numbers =
            [FitReason.Number(name: "loss", value: row.value(loss, 0))]
            + (largest.map { [FitReason.Number(name: "largest gradient", value: $0)] } ?? [])
        return Finding(
            place: row.place, site: nil, element: [], kind: .finiteOnHost, numbers: { _ in numbers }, tensor: nil, particle: 0, position: 0,
            constraint: nil, note: nil)
    }

    /// By finding: lanes that failed through the same expression are looked into together.
    private func operations(of findings: [Finding]) throws -> [SpoilingOperation?] {
        var found: [SpoilingOperation?] = findings.map { _ in nil }
        struct Expression: Hashable {
            let tensor: ObjectIdentifier?
            let particle: Int
        }
        let groups = Dictionary(grouping: findings.indices.filter { findings[$0].tensor != nil }) {
            Expression(tensor: findings[$0].tensor?.id, particle: findings[$0].particle)
        }
        for (expression, members) in groups {
            guard let tensor = findings[members[0]].tensor,
                let search = OperationSearch(ExaminedParticles.expression(tensor, of: expression.particle))
            else { continue }
            let requests = members.map { (findings[$0].place, findings[$0].position) }
            for (member, operation) in zip(members, try search.operations(requests, evaluation)) { found[member] = operation }
        }
        return found
    }
}
