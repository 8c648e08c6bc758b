import Foundation

/// Rows of the golden files in `Tests/Goldens`, which scripts next to them write.
package enum Goldens {
    package struct Row: Sendable {
        package let function: String
        package let arguments: [Double]
        package let value: Double
    }

    /// `special_functions.csv`: function, x, s (empty for functions of one argument), value.
    package static func specialFunctions() throws -> [Row] {
        let text = try String(contentsOf: Repository.tests.appendingPathComponent("Goldens/special_functions.csv"), encoding: .utf8)
        return try text.split(separator: "\n").dropFirst().map { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == 4, let x = Double(fields[1]), let value = Double(fields[3]) else {
                throw MalformedRow(text: String(line))
            }
            return Row(function: String(fields[0]), arguments: [x] + (Double(fields[2]).map { [$0] } ?? []), value: value)
        }
    }

    package struct MalformedRow: Error {
        package let text: String
    }
}

/// Errors in units in the last place of the true value.
package enum Ulps {
    /// - Returns: how many units of `R` the result is off; infinite where one is not a number or infinite and the
    ///   other is not. In Double the true value is itself rounded, so half a unit may hide.
    package static func error<R: BinaryFloatingPoint>(of result: R, expected: Double) -> Double {
        if expected.isNaN || result.isNaN { return expected.isNaN && result.isNaN ? 0 : .infinity }
        let rounded = R(expected)
        if rounded.isInfinite || result.isInfinite {
            // Next to the largest number either side will do.
            let isClose =
                result == rounded
                || (result.magnitude >= .greatestFiniteMagnitude && rounded.magnitude >= .greatestFiniteMagnitude
                    && result.sign == rounded.sign)
            return isClose ? 0 : .infinity
        }
        return (Double(result) - expected).magnitude / Double(rounded.ulp)
    }
}
