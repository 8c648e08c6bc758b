import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import TestSupport
import Testing

/// Factors, systems of equations and their derivatives on every device: how well they fulfil their equations, and against the plainest
/// evaluation.
@Suite struct MatrixDeviceTests {
    static let sizes = [1, 2, 3, 4, 5, 8, 16, 33, 64]
    static let lanes = 5

    // MARK: Steps

    private final class Builder {
        private(set) var step = StepCase(values: [])
        private let origin = Origin()

        init(lanes: Int) { step.lanes = lanes }

        func own(_ name: String, _ shape: Shape, _ values: (_ lane: Int) -> [Double]) -> Tensor {
            step.perLane[name] = (0..<step.lanes).map(values)
            return .input(Input(.data, name, origin: origin), shape: shape)
        }

        func shared(_ name: String, _ shape: Shape, _ values: [Double]) -> Tensor {
            step.shared[name] = values
            return .input(Input(.data, name, origin: origin), shape: shape)
        }

        func finish(_ values: [(String, Tensor)]) -> StepCase {
            step.function = LaneFunction(states: values.map { .init($0, $1) }, perLane: Set(step.perLane.keys))
            return step
        }
    }

    /// A matrix and right sides of each lane, `a` and `b`, and those that lanes share, `u` and `v`, in all combinations. The widths are on
    /// both sides of how many columns go together.
    static func values(_ n: Int) -> StepCase {
        let builder = Builder(lanes: lanes)
        let a = builder.own("a", [n, n]) { MatrixCase.matrix(n, lane: $0) }
        let b = builder.own("b", [n, 7]) { lane in MatrixCase.right(n, columns: 7).map { $0 + Double(lane) } }
        let u = builder.shared("u", [n, n], MatrixCase.matrix(n, lane: 20))
        let v = builder.shared("v", [n, 9], MatrixCase.right(n, columns: 9))
        var values: [(String, Tensor)] = [
            ("factor", cholesky(a)), ("shared factor", cholesky(u)), ("determinant", logDeterminant(a)), ("shared determinant", logDeterminant(u)),
            ("lower", triangularSolve(a, b)), ("lower, transposed", triangularSolve(a, b, isTransposed: true)),
            ("upper", triangularSolve(a, b, isLower: false)), ("upper, transposed", triangularSolve(a, b, isLower: false, isTransposed: true)),
            ("shared lower", triangularSolve(u, v)), ("lower of shared", triangularSolve(u, b)), ("shared right", triangularSolve(a, v)),
            ("vector", solve(a, v[0..., 0])), ("shared vector", solve(u, v[0..., 1])), ("product", lowerProduct(a, b)),
            ("product, transposed", lowerProduct(u, b, isTransposed: true)), ("of what is computed", triangularSolve(cholesky(a), sin(b))),
        ]
        if n <= 16 { values += [("inverse", inverse(a)), ("shared inverse", inverse(u))] }
        return builder.finish(values)
    }

    /// Several matrices in a lane, of the lane's own and shared, and right sides that they share.
    static func batches(_ n: Int) -> StepCase {
        let builder = Builder(lanes: lanes)
        func matrices(_ first: Int) -> [Double] { (0..<3).flatMap { MatrixCase.matrix(n, lane: 2 * (first + $0)) } }
        let a = builder.own("a", [3, n, n]) { matrices(3 * $0) }
        let b = builder.own("b", [n, 2]) { lane in MatrixCase.right(n, columns: 2).map { $0 - Double(lane) } }
        let u = builder.shared("u", [3, n, n], matrices(40))
        let v = builder.shared("v", [2, 1, n, 5], MatrixCase.right(2 * n, columns: 5))
        let loss = logDeterminant(a).weightedSum + solve(a, b).weightedSum + triangularSolve(cholesky(u), b, isTransposed: true).weightedSum
        let gradients = Gradient.of(loss, withRespectTo: [a, b])
        return builder.finish([
            ("factors", cholesky(a)), ("determinants", logDeterminant(a)), ("shared factors", cholesky(u)), ("one right", solve(a, b)),
            ("broadcast", triangularSolve(a, v)), ("shared broadcast", triangularSolve(u, v, isLower: false)), ("of shared", solve(u, b)),
            ("inverses", inverse(a).sum(axis: 0)), ("by a", gradients[0]), ("by b", gradients[1]),
        ])
    }

    /// First derivatives through all functions, and second ones where matrices are small.
    static func gradients(_ n: Int, lanes: Int = lanes, damaged: Int? = nil) -> StepCase {
        let builder = Builder(lanes: lanes)
        let a = builder.own("a", [n, n]) { lane in
            var matrix = MatrixCase.matrix(n, lane: 2 * lane)
            if lane == damaged { matrix[n / 2 * (n + 1)] = -1 }
            return matrix
        }
        let b = builder.own("b", [n, 2]) { lane in MatrixCase.right(n, columns: 2).map { $0 + 0.5 * Double(lane) } }
        let u = builder.shared("u", [n, n], MatrixCase.matrix(n, lane: 20))
        let determinant = logDeterminant(a), solution = solve(a, b), factor = cholesky(a)
        let systems = triangularSolve(u, b, isLower: false) + triangularSolve(factor, b, isTransposed: true) + lowerProduct(a, b)
        let loss = determinant + solution.weightedSum + 0.1 * factor.weightedSum + 0.5 * systems.weightedSum
        let first = Gradient.of(loss, withRespectTo: [a, b])
        var values = [("determinant", determinant), ("solution", solution), ("factor", factor), ("by a", first[0]), ("by b", first[1])]
        if n <= 3 {
            let second = Gradient.of(first[0].weightedSum + first[1].weightedSum, withRespectTo: [a, b])
            values += [("second by a", second[0]), ("second by b", second[1])]
        }
        return builder.finish(values)
    }

    // MARK: Equations

    /// Row-major matrices in Double, for what is left of an equation.
    private struct Matrix {
        let rows: Int
        let columns: Int
        let values: [Double]

        init(_ rows: Int, _ values: [Double]) { (self.rows, self.columns, self.values) = (rows, values.count / rows, values) }

        var norm: Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        var lower: Matrix { Matrix(rows, values.enumerated().map { $0.offset % columns <= $0.offset / columns ? $0.element : 0 }) }
        var transposed: Matrix {
            Matrix(columns, (0..<values.count).map { values[$0 % rows * columns + $0 / rows] })
        }

        static func * (a: Matrix, b: Matrix) -> Matrix {
            var product = [Double](repeating: 0, count: a.rows * b.columns)
            for i in 0..<a.rows {
                for k in 0..<a.columns where a.values[i * a.columns + k] != 0 {
                    let factor = a.values[i * a.columns + k]
                    for j in 0..<b.columns { product[i * b.columns + j] += factor * b.values[k * b.columns + j] }
                }
            }
            return Matrix(a.rows, product)
        }

        static func - (a: Matrix, b: Matrix) -> Matrix { Matrix(a.rows, zip(a.values, b.values).map { $0 - $1 }) }
    }

    /// What is left of A = L L^T and of L X = B is so many roundings of the numbers in it, whatever the condition.
    private static func checkEquations(_ found: StepCase.Outcome, _ step: StepCase, _ n: Int, _ precision: Precision, _ device: String) {
        let bound = 20 * Double(n) * (precision == .float ? 0x1p-23 : 0x1p-52)
        for lane in 0..<step.lanes {
            func input(_ name: String) -> Matrix { Matrix(n, step.perLane[name]?[lane] ?? step.shared[name] ?? []) }
            func result(_ name: String) -> Matrix { Matrix(n, found[name]?[lane] ?? []) }
            for (name, matrix) in [("factor", "a"), ("shared factor", "u")] where found[name] != nil {
                let (l, a) = (result(name), input(matrix))
                #expect(l.values == l.lower.values, "\(name) of lane \(lane) has numbers above the diagonal: \(device)")
                let error = (a - l * l.transposed).norm
                #expect(error <= bound * a.norm, "\(name) of lane \(lane), \(n) x \(n): \(error / a.norm) on \(device)")
            }
            // The matrices are symmetric: an upper triangle is the lower one, transposed.
            let systems: [(String, matrix: String, right: String, isTransposed: Bool)] = [
                ("lower", "a", "b", false), ("lower, transposed", "a", "b", true), ("upper", "a", "b", true),
                ("upper, transposed", "a", "b", false), ("shared lower", "u", "v", false), ("lower of shared", "u", "b", false),
                ("shared right", "a", "v", false),
            ]
            for (name, matrix, right, isTransposed) in systems where found[name] != nil {
                let (x, lower) = (result(name), input(matrix).lower)
                let l = isTransposed ? lower.transposed : lower
                let error = (l * x - input(right)).norm
                #expect(error <= bound * l.norm * x.norm, "\(name) of lane \(lane), \(n) x \(n): \(error / (l.norm * x.norm)) on \(device)")
            }
        }
    }

    /// Lanes of odd numbers have matrices whose condition magnifies roundings.
    private static func disagreement(_ found: StepCase.Outcome, _ wanted: StepCase.Outcome, _ precision: Precision) -> String? {
        func even(_ outcome: StepCase.Outcome) -> StepCase.Outcome {
            outcome.mapValues { lanes in lanes.enumerated().filter { $0.offset % 2 == 0 }.map(\.element) }
        }
        return Outcomes.disagreement(even(found), even(wanted), relative: precision == .double ? 1e-11 : 1e-4)
    }

    @Test(arguments: sizes) func interpreted(_ n: Int) throws {
        let step = Self.values(n)
        let wanted = try step.reference()
        Self.checkEquations(wanted, step, n, .double, "the reference")
        var (apart, rolled) = (LoweringOptions(), LoweringOptions())
        (apart.fuses, rolled.unrollLimit, rolled.innerUnrollLimit) = (false, 0, 0)
        for precision in Precision.allCases {
            for options in [LoweringOptions(), apart, rolled] {
                let found = try step.interpreted(precision, options: options)
                Self.checkEquations(found, step, n, precision, "the interpreter, \(precision)")
                #expect(Self.disagreement(found, wanted, precision) == nil, "\(precision), \(options)")
            }
        }
    }

    @Test(arguments: OpenCLSessions.variants, sizes) func compiled(_ variant: OpenCLSessions.Variant, _ n: Int) throws {
        let step = Self.values(n)
        let found = try step.openCL(variant.session, variant.precision, width: variant.width)
        Self.checkEquations(found, step, n, variant.precision, "\(variant)")
        let difference = Self.disagreement(found, try step.reference(), variant.precision)
        #expect(difference == nil, "\(variant)")
    }

    // MARK: Batches and derivatives

    static let others: [(name: String, step: @Sendable () -> StepCase)] = [
        ("no rows", { gradients(0) }), ("batches of 3", { batches(3) }), ("batches of 6", { batches(6) }), ("derivatives of 1", { gradients(1) }),
        ("derivatives of 3", { gradients(3) }), ("derivatives of 5", { gradients(5) }), ("derivatives of 16", { gradients(16) }),
        ("derivatives of 33", { gradients(33) }),
    ]
    static func other(_ name: String) throws -> StepCase { try #require(others.first { $0.name == name }?.step()) }

    @Test(arguments: others.map(\.name)) func othersInterpreted(_ name: String) throws {
        let step = try Self.other(name)
        let wanted = try step.reference()
        var (apart, rolled) = (LoweringOptions(), LoweringOptions())
        (apart.fuses, rolled.unrollLimit, rolled.innerUnrollLimit) = (false, 0, 0)
        for options in [LoweringOptions(), apart, rolled] {
            #expect(Outcomes.disagreement(try step.interpreted(.double, options: options), wanted, relative: 1e-10) == nil, "\(options)")
        }
        let difference = Outcomes.disagreement(try step.interpreted(.float), wanted, relative: 2e-3)
        #expect(difference == nil)
    }

    @Test(arguments: OpenCLSessions.variants, others.map(\.name)) func othersCompiled(_ variant: OpenCLSessions.Variant, _ name: String) throws {
        let step = try Self.other(name)
        let found = try step.openCL(variant.session, variant.precision, width: variant.width)
        let difference = Outcomes.disagreement(found, try step.reference(), relative: variant.precision == .double ? 1e-10 : 2e-3)
        #expect(difference == nil, "\(variant)")
    }

    /// With arrays in global memory, and by the workers of a group.
    @Test(arguments: OpenCLSessions.variants, ["batches of 3", "derivatives of 3", "derivatives of 16"])
    func elsewhere(_ variant: OpenCLSessions.Variant, _ name: String) throws {
        let step = try Self.other(name)
        let wanted = try step.interpreted(variant.precision)
        for schedule in [Schedule.lanes, .group(vectors: 2, workers: 4)] {
            let found = try step.openCL(variant.session, variant.precision, width: variant.width, privateBytes: 0, schedule: schedule)
            let difference = Outcomes.disagreement(found, wanted, relative: variant.precision == .double ? 1e-10 : 2e-3)
            #expect(difference == nil, "\(schedule) on \(variant)")
        }
    }

    // MARK: Lanes

    /// A lane whose matrix is not positive definite gets NaN from there on, and the others not another bit.
    private static func checkDamage(_ n: Int, _ device: String, run: (StepCase) throws -> StepCase.Outcome) throws {
        let (lanes, damaged) = (19, 7)
        let good = try run(gradients(n, lanes: lanes)), bad = try run(gradients(n, lanes: lanes, damaged: damaged))
        for (name, values) in good {
            for lane in 0..<lanes where lane != damaged {
                #expect(values[lane].allSatisfy(\.isFinite) && bad[name]?[lane] == values[lane], "\(name) of lane \(lane), \(n) x \(n): \(device)")
            }
        }
        for name in ["determinant", "solution"] { #expect(bad[name]?[damaged].allSatisfy(\.isNaN) == true, "\(name), \(n) x \(n): \(device)") }
        #expect(bad["by a"]?[damaged].contains { $0.isNaN } == true, "\(n) x \(n): \(device)")
        let factor = try #require(bad["factor"]?[damaged])
        for row in 0..<n {
            for column in 0...row {
                // Before the pivot as ever; a row below it may begin with numbers.
                let value = factor[row * n + column]
                if row < n / 2 { #expect(value == good["factor"]?[damaged][row * n + column]) }
                if column >= n / 2 { #expect(value.isNaN, "[\(row), \(column)] of \(n) x \(n): \(device)") }
            }
        }
    }

    @Test(arguments: Precision.allCases, [1, 3, 8]) func damageStaysInItsLane(_ precision: Precision, _ n: Int) throws {
        try Self.checkDamage(n, "interpreter, \(precision)") { try $0.interpreted(precision) }
    }

    @Test(arguments: OpenCLSessions.variants, [3, 8]) func damageStaysInItsLane(_ variant: OpenCLSessions.Variant, _ n: Int) throws {
        try Self.checkDamage(n, "\(variant)") { try $0.openCL(variant.session, variant.precision, width: variant.width) }
    }

    /// A lane has the same bits whatever is beside it.
    @Test(arguments: OpenCLSessions.variants) func lanesAreIndependent(_ variant: OpenCLSessions.Variant) throws {
        let all = try Self.gradients(5, lanes: 19).openCL(variant.session, variant.precision, width: variant.width)
        let some = try Self.gradients(5, lanes: 3).openCL(variant.session, variant.precision, width: variant.width)
        for (name, lanes) in some { #expect(Array(all[name]?.prefix(3) ?? []) == lanes, "\(name) on \(variant)") }
    }

    // MARK: Large matrices

    private static func large(_ n: Int) -> StepCase {
        let builder = Builder(lanes: 2)
        let a = builder.own("a", [n, n]) { MatrixCase.matrix(n, lane: $0) }
        let b = builder.own("b", [n, 3]) { lane in MatrixCase.right(n, columns: 3).map { $0 + Double(lane) } }
        return builder.finish([
            ("factor", cholesky(a)), ("lower", triangularSolve(a, b)), ("lower, transposed", triangularSolve(a, b, isTransposed: true)),
            ("determinant", logDeterminant(a)),
        ])
    }

    /// One variant of each device in turn, and the interpreter in one precision.
    @Test(arguments: [128, 256]) func largeMatrices(_ n: Int) throws {
        guard TestLevel.count(small: 0, medium: 1, full: 1) > 0 else {
            print("matrices of \(n) x \(n) are left out: LOCKSTEP_TEST_LEVEL is small")
            return
        }
        let step = Self.large(n)
        func check(_ found: StepCase.Outcome, _ precision: Precision, _ device: String) {
            Self.checkEquations(found, step, n, precision, device)
            for lane in 0..<2 {
                // By the diagonal of the factor.
                let factor = found["factor"]?[lane] ?? []
                let wanted = (0..<n).reduce(0) { $0 + 2 * ElementOp.log.value(factor[$1 * (n + 1)]) }
                let value = found["determinant"]?[lane][0] ?? .nan
                #expect(abs(value - wanted) <= (precision == .float ? 1e-5 : 1e-13) * Double(n), "\(value), not \(wanted): \(device)")
            }
        }
        let precision: Precision = n == 128 ? .double : .float
        check(try step.interpreted(precision), precision, "interpreter, \(precision)")
        let taken = OpenCLSessions.variants(turn: UInt64(n / 128))
        for variant in OpenCLSessions.variants {
            if taken.contains(where: { $0.description == variant.description }) {
                check(try step.openCL(variant.session, variant.precision, width: variant.width), variant.precision, "\(variant)")
            } else {
                print("matrices of \(n) x \(n) on \(variant) are left out: one variant of each device takes its turn")
            }
        }
    }

    // MARK: In recurrences

    static let kalman: StepCase = {
        let builder = Builder(lanes: lanes)
        var random = SplitMix64(seed: 77)
        func numbers(_ count: Int) -> [Double] { (0..<count).map { _ in Double(Float(Double.random(in: -1.5...1.5, using: &random))) } }
        let seen = builder.own("seen", [20, 2]) { _ in numbers(40) }
        let walk = builder.own("walk", []) { _ in numbers(1) }, noise = builder.own("noise", []) { _ in numbers(1) }
        let results = KalmanFilter.tensors(seen, walk: walk, noise: noise) { scan(over: $0, from: $1, isReversed: $2, $3) }
        return builder.finish(zip(["density", "mean", "covariance"], results).map { ($0, $1) })
    }()

    private static func checkKalman(_ found: StepCase.Outcome, _ precision: Precision, _ device: String) {
        for lane in 0..<lanes {
            let wanted = KalmanFilter.numbers(
                kalman.perLane["seen"]?[lane] ?? [], walk: kalman.perLane["walk"]?[lane][0] ?? .nan, noise: kalman.perLane["noise"]?[lane][0] ?? .nan)
            for (name, values) in zip(["density", "mean", "covariance"], wanted) {
                let own = found[name]?[lane] ?? []
                let isClose =
                    own.count == values.count
                    && zip(own, values).allSatisfy { abs($0 - $1) <= (precision == .float ? 1e-5 : 1e-12) * max(1, abs($1)) }
                #expect(isClose, "\(name) of lane \(lane) is \(own), not \(values): \(device)")
            }
        }
    }

    /// Twenty steps of a Kalman filter, whose Cholesky factors are within the loop.
    @Test func kalmanFilterInterpreted() throws {
        Self.checkKalman(try Self.kalman.reference(), .double, "reference")
        for precision in Precision.allCases { Self.checkKalman(try Self.kalman.interpreted(precision), precision, "interpreter") }
    }

    @Test(arguments: OpenCLSessions.variants) func kalmanFilterCompiled(_ variant: OpenCLSessions.Variant) throws {
        Self.checkKalman(try Self.kalman.openCL(variant.session, variant.precision, width: variant.width), variant.precision, "\(variant)")
    }
}
