import Lockstep

/// One random model, fitted on the interpreter and on an OpenCL device.
struct Comparison {
    enum Outcome {
        case agreed
        /// No device fits it, and all say the same.
        case mistaken(String)
        case disagreed(String)
    }

    let seed: UInt64
    private static let lanes = 5
    private static let steps = 3
    /// The lane that is fitted alone too.
    private static let alone = 3
    private static let opencl: (device: Device, name: String, hasDouble: Bool)? = Device.available().first { $0.kind == "opencl" }
        .map { (.named($0.description), $0.name, $0.description.hasSuffix("double")) }

    /// What agrees with what.
    static var judges: String {
        guard let opencl else { return "on the interpreter alone: \(Device.whyNoOpenCL ?? "no reason")" }
        return "on the interpreter and \(opencl.name), in float" + (opencl.hasDouble ? " and double" : " alone")
    }

    init(seed: UInt64) { self.seed = seed }

    func outcome() -> Outcome {
        let random: RandomModel
        do {
            random = try RandomModel(seed: seed, lanes: Self.lanes)
        } catch {
            return .mistaken("\(error)")
        }
        do {
            let exact = try results(random, .cpu, .double)
            let single = try results(random, .cpu, .float)
            var complaints = try differencesWithin(random, .cpu, .float, single) + differencesWithin(random, .cpu, .double, exact)
            if let opencl = Self.opencl {
                let kernel = try results(random, opencl.device, .float)
                complaints += kernel.differences(from: single, within: 1e-3, beside: exact).map { "float: " + $0 }
                complaints += try differencesWithin(random, opencl.device, .float, kernel)
                if opencl.hasDouble {
                    let kernel = try results(random, opencl.device, .double)
                    complaints += kernel.differences(from: exact, within: 1e-8, beside: exact).map { "double: " + $0 }
                    complaints += try differencesWithin(random, opencl.device, .double, kernel)
                }
            }
            return complaints.isEmpty
                ? .agreed : .disagreed(complaints.prefix(4).joined(separator: "; ") + " [\(random.notes.joined(separator: ", "))]")
        } catch {
            return mistake(random, "\(error)")
        }
    }

    /// An error is the model's when all devices have it.
    private func mistake(_ random: RandomModel, _ text: String) -> Outcome {
        for device in [.cpu] + (Self.opencl.map { [$0.device] } ?? []) {
            do {
                _ = try results(random, device, .float)
                return .disagreed("one device says '\(text)', another fits it")
            } catch {
                if "\(error)" != text { return .disagreed("one device says '\(text)', another '\(error)'") }
            }
        }
        // Without what differs from model to model.
        return .mistaken(String(text.filter { !$0.isNumber }.prefix(120)))
    }

    private func results(
        _ random: RandomModel, _ device: Device, _ precision: Precision, data: RandomData? = nil, lanes: Range<Int> = 0..<lanes,
        schedule: Schedule = .automatic
    ) throws -> FitNumbers {
        var options = RunOptions()
        options.precision = precision
        options.lossInterval = 1
        options.schedule = schedule
        // A program of its own, as long to compile as the steps.
        options.finalDraws = seed % 16 == 0 ? 4 : 0
        let svi = SVI(random.model, guide: random.guide, optimizer: SGD(learningRate: 1e-4), loss: TraceELBO(particles: random.particles))
        let keys = Array(Key(seed).split(Self.lanes)[lanes])
        let fits = try svi.run(keys: keys, steps: Self.steps, data: (data ?? random.data).values(of: lanes), device: device, options: options)
        return try FitNumbers(fits)
    }

    /// What must not matter to the bit: the other lanes, and what excluded rows hold. The device's program is the same.
    private func differencesWithin(_ random: RandomModel, _ device: Device, _ precision: Precision, _ batch: FitNumbers) throws -> [String] {
        let one = try results(random, device, precision, lanes: Self.alone..<(Self.alone + 1), schedule: batch.schedule)
        let alone = one.differences(from: batch, lanes: [Self.alone]).map { "\(device) \(precision): alone \($0) in a batch" }
        guard let data = random.tidyData else { return alone }
        let tidy = try results(random, device, precision, data: data, schedule: batch.schedule)
        return alone
            + tidy.differences(from: batch, lanes: Array(0..<Self.lanes)).map {
                "\(device) \(precision): with good numbers in excluded rows \($0) with others"
            }
    }
}

/// All numbers of a run, lane by lane and by name.
struct FitNumbers {
    let status: [FitStatus]
    let lanes: [[String: [Double]]]
    let schedule: Schedule

    init(_ fits: Fits) throws {
        status = fits.status
        schedule = fits.layout.schedule ?? .automatic
        let parameters = try fits.parameters()
        lanes = try (0..<fits.lanes).map { lane in
            var numbers = parameters.mapValues { $0[lane] }
            numbers["losses"] = try fits.losses(lane: lane)
            numbers["initial loss"] = [fits.initialLoss[lane]]
            numbers["ELBO"] = [fits.elbo[lane]]
            return numbers
        }
    }

    /// What differs from lanes of another run of the same program.
    ///
    /// - Parameter others: the lane there, for each lane here.
    func differences(from other: FitNumbers, lanes others: [Int]) -> [String] {
        zip(lanes.indices, others).flatMap { own, lane -> [String] in
            guard status[own] == other.status[lane] else { return ["lane \(lane) \(status[own]), but \(other.status[lane])"] }
            return other.lanes[lane].keys.sorted().compactMap { key in
                let (a, b) = (lanes[own][key] ?? [], other.lanes[lane][key] ?? [])
                // NaN is NaN.
                let isSame = a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
                return isSame ? nil : "lane \(lane) \(key) is \(a.prefix(3)), but \(b.prefix(3))"
            }
        }
    }

    /// What differs by more than a share of its size, and more than what rounding to this precision does to it.
    ///
    /// - Parameter exact: the same in double precision, which shows how much the numbers depend on rounding.
    func differences(from other: FitNumbers, within share: Double, beside exact: FitNumbers) -> [String] {
        lanes.indices.flatMap { lane -> [String] in
            guard status[lane] == other.status[lane] else { return ["lane \(lane) \(status[lane]), not \(other.status[lane])"] }
            return lanes[lane].keys.sorted().flatMap { key -> [String] in
                let (own, wanted, reference) = (lanes[lane][key] ?? [], other.lanes[lane][key] ?? [], exact.lanes[lane][key] ?? [])
                guard own.count == wanted.count, own.count == reference.count else { return ["lane \(lane) \(key) has \(own.count) numbers"] }
                return own.indices.compactMap { place in
                    let (a, b) = (own[place], wanted[place])
                    if a == b || (a.isNaN && b.isNaN) { return nil }
                    let rounding = (b - reference[place]).magnitude
                    let allowed = share * (1 + b.magnitude) + 30 * (rounding.isFinite ? rounding : 0)
                    return (a - b).magnitude <= allowed ? nil : "lane \(lane) \(key)[\(place)] is \(a), not \(b)"
                }
            }
        }
    }
}
