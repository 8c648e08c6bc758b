import LockstepTensor

extension ScanCase {
    /// A recurrence of random length, direction and step, that carries a vector and a number; now and then with another in its step.
    package static func random(seed: UInt64) -> ScanCase {
        var random = SplitMix64(seed: seed)
        let length = Int.random(in: 2...29, using: &random), width = Int.random(in: 1...4, using: &random)
        let (isReversed, isNested) = (Bool.random(using: &random), Int.random(in: 0..<4, using: &random) == 0)
        let steps = random
        return ScanCase("random \(seed)", [("x", [length, width]), ("y", [length]), ("a", []), ("s", [width])]) { x, recur in
            let (x, y, a, s) = (x["x"] ?? 0, x["y"] ?? 0, x["a"] ?? 0, x["s"] ?? 0)
            let result = recur([x, y, .iota(length)], [s, a], isReversed) { carries, rows in
                // The same step whenever it is asked for.
                var random = steps
                var pool = [carries[0], carries[1], rows[0], rows[1], a, 0.1 * rows[2].asReal]
                func pick() -> Tensor { pool[Int.random(in: 0..<pool.count, using: &random)] }
                for _ in 0..<6 {
                    let (one, other) = (pick(), pick())
                    let choices = [
                        one + other, one * other, tanh(one) - other, sin(one), one.sum() * other, select(0 .< one, one, -other),
                        exp(tanh(one)), pointwiseMax(one, other), one / (1 + other * other),
                    ]
                    pool.append(choices[Int.random(in: 0..<choices.count, using: &random)])
                }
                if isNested {
                    pool.append(
                        recur([rows[0]], [carries[1]], !isReversed) { own, cell in ([tanh(own[0] * a + cell[0] * pool[6].sum())], []) }.carries[0])
                }
                let (one, other) = (pick(), pool.suffix(2).reduce(Tensor(0), +))
                return (
                    [tanh(0.5 * carries[0] + one + other), 0.5 * carries[1] + 0.3 * tanh(other.sum() + carries[0].sum())],
                    [pick(), other * carries[1]]
                )
            }
            return result.carries + result.outputs
        }
    }
}
