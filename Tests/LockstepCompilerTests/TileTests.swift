import LockstepCompiler
import LockstepRuntime
import LockstepTensor
import RealModule
import Testing

@Suite struct TileTests {
    /// The rows that fill no tile run in a body of their own, and read there what that body computes.
    @Test func leftOverRowsReadTheirOwnSums() throws {
        let origin = Origin()
        let m = Tensor.input(Input(.data, "m", origin: origin), shape: [17, 17])
        let top = m.max([1])
        let scaled = m * exp(top).expandingShape(at: 1)
        let values = (0..<17 * 17).map { Double(($0 * 7919) % 101) / 50 }
        let tops = (0..<17).map { row in values[(17 * row)..<(17 * row + 17)].max() ?? 0 }
        for tile in [1, 2, 4, 5] {
            var options = LoweringOptions()
            options.unrollLimit = 0
            options.tileSize = tile
            let program = try Lowering.lower(
                LaneFunction(states: [.init("top", top), .init("sum", scaled.sum([1]))]), options: options)
            let run = try InterpreterExecutable(program, precision: .double)
                .start(LaneInputs(keys: [Key(1)], data: ["m": .shared(values)]))
            try run.advance(from: 0, count: 1, scalars: [:])
            #expect(try run.read("top").lane(0) == tops, "tile \(tile)")
            let sums = try run.read("sum").lane(0)
            for row in 0..<17 {
                let wanted = values[(17 * row)..<(17 * row + 17)].reduce(0, +) * Double.exp(tops[row])
                #expect(Swift.abs(sums[row] - wanted) < 1e-9 * wanted, "tile \(tile), row \(row)")
            }
        }
    }
}
