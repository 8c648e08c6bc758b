import Foundation
import LockstepCompiler
import TestSupport
import Testing

@testable import LockstepRuntime

/// The device functions that GPUs make of their own 2^t and 1/d, where those are as wrong as `hardware.cl` lets them be: the text is
/// the one that GPUs get, over functions that are off by so many units.
@Suite(needsOpenCLDevice) struct HardwareFunctionTests {
    /// 2^t and 1/d in double, rounded, and then `units` off, 1/d four times as much; FLUSHES: nothing below 2^-126 but 0.
    private static let hardware = """
        #pragma OPENCL EXTENSION cl_khr_fp64 : enable
        static float lk_off(double exact, int units) {
            float rounded = (float)exact;
            // Upwards of a power of two the distance is twice the unit below it.
            int step = units > 0 && (as_int(rounded) & 0x007FFFFF) == 0 && exact <= (double)rounded ? units / 2 : units;
            return as_float(as_int(rounded) + step);
        }
        static float lk_exp2(float t) {
            if (t == 0.0f || !(fabs(t) < INFINITY)) return t == 0.0f ? 1.0f : t != t ? t : t < 0.0f ? 0.0f : INFINITY;
            float rounded = (float)exp2((double)t);
            // Nothing is wrong with 0 and infinity.
            if (rounded < 0x1p-140f || rounded > 0x1.FFFFF0p127f) return FLUSHES && rounded < 1.0f ? 0.0f : rounded;
            float result = lk_off(exp2((double)t), UNITS);
            return FLUSHES && result < 0x1p-126f ? 0.0f : result;
        }
        static float lk_recip(float d) { return d != d ? d : lk_off(1.0 / (double)d, 4 * UNITS); }
        #define native_exp2 lk_exp2
        #define native_recip lk_recip
        """

    private static let kernel = """
        __kernel void lk_probe(__global const float *x, __global float *y) { const int i = get_global_id(0); y[i] = FUNCTION; }
        """

    private static let definitions = ["#define LS_WIDTH 1", "#define LS_DOUBLE 0", "#define LS_INTERLEAVES 1"]
    private static let text = definitions + [hardware] + DeviceFunctions.sources + [kernel]

    private struct Function: Sendable, CustomStringConvertible {
        let text: String
        let range: ClosedRange<Float>
        /// In units from the correctly rounded result.
        let bound: Double
        let exact: @Sendable (Double) -> Double

        var description: String { text }
    }

    private static let functions: [Function] = [
        Function(text: "ls_exp(x[i])", range: -103...88.7, bound: 3) { exp($0) },
        Function(text: "ls_half_exp(x[i])", range: 0...89.3, bound: 3) { exp($0) / 2 },
        Function(text: "ls_sigmoid(x[i])", range: -103...103, bound: 7) { 1 / (1 + exp(-$0)) },
        Function(text: "ls_softplus(x[i])", range: -103...103, bound: 7) { $0 < -40 ? exp($0) : log1p(exp(-$0.magnitude)) + max($0, 0) },
        Function(text: "ls_sinh(x[i])", range: -89.3...89.3, bound: 7) { sinh($0) },
        Function(text: "ls_cosh(x[i])", range: -89.3...89.3, bound: 4) { cosh($0) },
        Function(text: "ls_pow(2.5f, x[i])", range: -95...96, bound: 4) { pow(2.5, $0) },
        Function(text: "ls_pow(fabs(x[i]), 1.25f)", range: -1e30...1e30, bound: 4) { pow($0.magnitude, 1.25) },
        Function(text: "ls_erfc(x[i])", range: -4...9, bound: 8) { erfc($0) },
    ]

    /// All exponents, even steps over the range, and what is next to the multiples of log(2), where the unit changes.
    private static func arguments(_ range: ClosedRange<Float>) -> [Float] {
        let dense = TestLevel.count(small: 100_000, medium: 400_000, full: 4_000_000)
        var result = (0..<dense).map { range.lowerBound + (range.upperBound - range.lowerBound) * (Float($0) / Float(dense)) }
        for exponent in -140..<100 {
            for mantissa in 0..<(dense / 2_000) {
                let value = Float(sign: .plus, exponent: exponent, significand: 1 + Float(mantissa) / Float(dense / 2_000))
                result += [value, -value].filter(range.contains)
            }
        }
        for power in -149...128 {
            var (above, below) = (Float(Double(power) * log(2)), Float(Double(power) * log(2)))
            for _ in 0..<64 {
                result += [above, below].filter(range.contains)
                (above, below) = (above.nextUp, below.nextDown)
            }
        }
        return result
    }

    private static func values(_ function: String, _ x: [Float], units: Int, flushes: Bool, on session: OpenCLSession) throws -> [Float] {
        // As a definition in the text: drivers take apart options with brackets.
        let program = try session.build(
            source: ["#define FUNCTION \(function)"] + text, options: "-cl-std=CL1.2 -w -DUNITS=\(units) -DFLUSHES=\(flushes ? 1 : 0)")
        let (input, output) = (try session.allocate(copying: x), try session.allocate(bytes: 4 * x.count))
        try session.enqueue(program.kernel("lk_probe"), [.buffer(input), .buffer(output)], globalSize: [x.count])
        return try session.read(output, as: Float.self)
    }

    /// How far off, in units of the correctly rounded result; below the normal numbers 0 will do.
    private static func error(_ value: Float, _ exact: Double) -> Double {
        let rounded = Float(exact)
        if value == rounded || (exact.magnitude < 0x1p-126 && value == 0) { return 0 }
        // Next to the largest number infinity will do.
        if rounded > 0x1.FFFFF0p127, value.isInfinite { return 0 }
        return (Double(value) - Double(rounded)).magnitude / Double(max(rounded.ulp, value.ulp))
    }

    @Test(arguments: OpenCLDriver.devices().filter(\.supportsDouble)) func bounds(_ info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        for function in Self.functions {
            let x = Self.arguments(function.range)
            let exact = x.map { function.exact(Double($0)) }
            var worst = (error: 0.0, text: "")
            for (units, flushes) in [(-2, true), (-1, false), (0, true), (1, true), (2, false)] {
                let found = try Self.values(function.text, x, units: units, flushes: flushes, on: session)
                for place in x.indices {
                    let error = Self.error(found[place], exact[place])
                    if !(error <= worst.error) { worst = (error, "\(found[place]) for \(x[place]), not \(exact[place]), with \(units) units") }
                }
            }
            print("\(function) by hardware: \(worst.error) units")
            #expect(worst.error <= function.bound, "\(function): \(worst.error) units off, \(worst.text)")
        }
    }

    @Test(arguments: OpenCLDriver.devices().filter(\.supportsDouble)) func edges(_ info: OpenCLDeviceInfo) throws {
        let session = try OpenCLSession(info)
        let x: [Float] = [.nan, .infinity, -.infinity, 3e38, -3e38, 1e30, -1e30, 89.5, 130, -110, -200, 0, -0.0, .leastNonzeroMagnitude, -1e-30]
        let expected: [String: [Float]] = [
            "ls_exp(x[i])": [.nan, .infinity, 0, .infinity, 0, .infinity, 0, .infinity, .infinity, 0, 0, 1, 1, 1, 1],
            "ls_sigmoid(x[i])": [.nan, 1, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0.5, 0.5, 0.5, 0.5],
            "ls_softplus(x[i])": [.nan, .infinity, 0, 3e38, 0, 1e30, 0, 89.5, 130, 0, 0] + Array(repeating: Float(log(2.0)), count: 4),
            "ls_cosh(x[i])": [.nan, .infinity, .infinity, .infinity, .infinity, .infinity, .infinity, .infinity, .infinity, .infinity, .infinity]
                + [1, 1, 1, 1],
        ]
        for (function, wanted) in expected {
            for (units, flushes) in [(-2, true), (2, false)] {
                let found = try Self.values(function, x, units: units, flushes: flushes, on: session)
                for (place, (value, wanted)) in zip(found, wanted).enumerated() {
                    let isRight = wanted.isNaN ? value.isNaN : value == wanted || (value - wanted).magnitude <= 4 * wanted.ulp
                    #expect(isRight, "\(function) of \(x[place]) is \(value), not \(wanted)")
                }
            }
        }
    }
}
