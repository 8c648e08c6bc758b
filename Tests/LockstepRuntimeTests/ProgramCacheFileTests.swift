import Foundation
import Testing

@testable import LockstepRuntime

@Suite struct ProgramCacheFileTests {
    static let file = ProgramFile(key: Array("driver 1\0-O\0text".utf8), binary: Array(0...99))

    @Test func comesBack() {
        #expect(ProgramFile(bytes: Self.file.bytes) == Self.file)
        let empty = ProgramFile(key: [], binary: [])
        #expect(ProgramFile(bytes: empty.bytes) == empty)
    }

    @Test func truncatedIsNone() {
        let bytes = Self.file.bytes
        for count in 0..<bytes.count { #expect(ProgramFile(bytes: Array(bytes.prefix(count))) == nil) }
        #expect(ProgramFile(bytes: bytes + [0]) == nil)
    }

    @Test func everyByteCounts() {
        let bytes = Self.file.bytes
        for place in bytes.indices {
            for change: UInt8 in [1, 0x80, 0xff] {
                var damaged = bytes
                damaged[place] ^= change
                #expect(ProgramFile(bytes: damaged) == nil, "byte \(place)")
            }
        }
    }

    @Test func foreignIsNone() {
        #expect(ProgramFile(bytes: [UInt8](repeating: 0, count: 1000)) == nil)
        #expect(ProgramFile(bytes: Array(String(repeating: "a web page ", count: 100).utf8)) == nil)
    }

    @Test func everyPartOfTheKeyCounts() {
        func recipe(_ text: String = "a", _ options: String = "b", _ kernel: String = "c", _ group: Int = 1) -> [UInt8] {
            ProgramRecipe(sources: [text], options: options, kernels: [kernel], groupSize: group).key(identity: "driver 1")
        }
        let recipes = [
            recipe(), recipe("x"), recipe("a", "x"), recipe("a", "b", "x"), recipe("a", "b", "c", 2), recipe("a", "b", "c,d"),
            ProgramRecipe(sources: ["a"], options: "b", kernels: ["c"], groupSize: 1).key(identity: "driver 2"),
        ]
        #expect(Set(recipes).count == recipes.count)
        #expect(Set(recipes.map { ProgramFile.name(key: $0) }).count == recipes.count)
        #expect(recipe() == recipe("a\n"))
    }

    @Test func digestsDiffer() {
        var inputs: [[UInt8]] = (0..<300).map { [UInt8](repeating: 0, count: $0) }
        inputs += (0..<256).map { [UInt8($0)] } + (0..<100).map { Array("text \($0)".utf8) }
        let different = Set(inputs)
        let digests = different.map { Digest($0) }
        #expect(Set(digests.map(\.high)).count == different.count)
        #expect(Set(digests.map(\.low)).count == different.count)
        #expect(Set(digests.map(\.hexadecimal)).count == different.count)
        #expect(digests.allSatisfy { $0.hexadecimal.count == 32 && $0.bytes.count == 16 })
    }
}
