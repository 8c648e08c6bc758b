import CLanes
import LockstepTensor

/// Random draws over the lanes of a block: each lane has its own key.
extension BlockFrame {
    func draw(_ draw: DrawStep) {
        guard let taken = draw.taken else { return drawBlock(draw, step: step) }
        // In a loop over sites or particles each would need a block of its own.
        let isOne = draw.stream.isKnown && draw.particle.isKnown
        if !isOne || step == firstStep || step % 4 == 0 { drawBlock(draw, step: step / 4) }
        registers[Int(taken)] = registers[Int(draw.results[Int(step % 4)])]
    }

    private func drawBlock(_ draw: DrawStep, step: UInt32) {
        let positions = groups(Int(draw.plan))
        guard let run = draw.run else {
            drawByLane(draw, positions, step: step)
            return
        }
        func result(_ position: Int) -> UnsafeMutablePointer<Float> {
            registers[Int(draw.results[position])].assumingMemoryBound(to: Float.self)
        }
        var draws = lockstep_lanes_draws(
            results: (result(0), result(1), result(2), result(3)), low: low, high: high, group: positions,
            stream: word(draw.stream), step: step, particle: word(draw.particle), count: width)
        run(&draws)
    }

    private func word(_ word: DrawStep.Word) -> UInt32 {
        switch word {
        case .known(let number): number
        case .plan(let plan): UInt32(bitPattern: Int32(truncatingIfNeeded: uniformIndex(Int(plan))))
        }
    }

    /// The plan's value for each lane.
    private func groups(_ plan: Int) -> UnsafePointer<UInt32> {
        let row: UnsafePointer<Int32>
        if plans[plan].isUniform {
            let group = Int32(truncatingIfNeeded: uniformIndex(plan))
            for lane in 0..<width { indexRows[lane] = group }
            row = UnsafePointer(indexRows)
        } else {
            row = varyingIndex(plan)
        }
        return UnsafeRawPointer(row).assumingMemoryBound(to: UInt32.self)
    }

    private func drawByLane(_ draw: DrawStep, _ positions: UnsafePointer<UInt32>, step: UInt32) {
        let (r0, r1) = (reals(Int(draw.results[0])), reals(Int(draw.results[1])))
        let (r2, r3) = (reals(Int(draw.results[2])), reals(Int(draw.results[3])))
        let parameter = draw.kind == .gamma || draw.kind == .poisson ? reals(draw.parameter.index) : r0
        let (stream, particle) = (word(draw.stream), word(draw.particle))
        for lane in 0..<lanes {
            let draws = Draws<Real>(
                key: SIMD2(low[lane], high[lane]), stream: stream, step: step, particle: particle)
            let position = positions[lane]
            switch draw.kind {
            case .uniform:
                let words = draws.words(block: position)
                r0[lane] = Real.uniform(words[0])
                r1[lane] = Real.uniform(words[1])
                r2[lane] = Real.uniform(words[2])
                r3[lane] = Real.uniform(words[3])
            case .normal:
                let normals = Draws<Real>.normals(draws.words(block: position))
                r0[lane] = normals[0]
                r1[lane] = normals[1]
                r2[lane] = normals[2]
                r3[lane] = normals[3]
            case .gamma:
                r0[lane] = draws.gamma(parameter[draw.parameter.isUniform ? 0 : lane], element: position)
            case .poisson:
                r0[lane] = draws.poisson(parameter[draw.parameter.isUniform ? 0 : lane], element: position)
            }
        }
    }
}
