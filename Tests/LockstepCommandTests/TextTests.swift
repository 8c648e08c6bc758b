import Foundation
import Testing

@testable import lockstep_cli

@Suite struct TextTests {
    @Test func numbersAreFloats() {
        var json = JSONText()
        json.array([0.1, Double(Float(0.1)), 1e-5, 16_777_216, 0, -.infinity, .nan, nil] as [Double?]) { $0.number($1) }
        #expect(String(decoding: json.bytes, as: UTF8.self) == "[0.1,0.1,1e-05,16777216.0,0.0,null,null,null]")
    }

    @Test func arraysHaveTheirShape() {
        func text(_ values: [Double?], _ shape: [Int]) -> String {
            var json = JSONText()
            json.nested(values[...], shape[...])
            return String(decoding: json.bytes, as: UTF8.self)
        }
        #expect(text([1], []) == "1.0")
        #expect(text([1, 2, 3, 4, 5, nil], [2, 3]) == "[[1.0,2.0,3.0],[4.0,5.0,null]]")
        #expect(text([1, 2], [2, 1]) == "[[1.0],[2.0]]")
        #expect(text([], [0]) == "[]")
        #expect(text([], [2, 0]) == "[[],[]]")
    }

    @Test func stringsAreEscaped() throws {
        let original = "a \"b\" \\ \n\u{1} \u{1F600}"
        var json = JSONText()
        json.string(original)
        #expect(try JSONDecoder().decode(String.self, from: Data(json.bytes)) == original)
    }

    @Test(arguments: [10, 20, 40, 80, 300], [0, 0.001, 0.5, 1, 7]) func barsFitTheirTerminal(_ width: Int, _ share: Double) {
        let line = ProgressBar.line(share: share, seconds: 3, width: width)
        #expect(line.count < width)
        #expect(line.contains("%"))
    }

    @Test func durations() {
        #expect(ProgressBar.duration(3.4) == "3 s")
        #expect(ProgressBar.duration(200) == "3 min 20 s")
        #expect(ProgressBar.duration(7500) == "2 h 5 min")
        #expect(ProgressBar.duration(1e12) == "days")
    }
}
