import LockstepTensor

/// Random draws over the lanes of a block: each lane has its own key.
extension BlockFrame {
    func draw(_ draw: DrawStep) {
        let plan = Int(draw.plan)
        let isUniform = plans[plan].isUniform
        let shared = isUniform ? UInt32(truncatingIfNeeded: uniformIndex(plan)) : 0
        let positions = isUniform ? indexRows : varyingIndex(plan)
        let (r0, r1) = (reals[Int(draw.results[0])], reals[Int(draw.results[1])])
        let (r2, r3) = (reals[Int(draw.results[2])], reals[Int(draw.results[3])])
        let parameter = draw.kind == .gamma || draw.kind == .poisson ? real(draw.parameter) : r0
        if draw.isShared { return drawOne(draw) }
        for lane in 0..<width {
            let draws = Draws<Real>(key: keys[lane], stream: draw.stream, step: step, particle: draw.particle)
            let position = isUniform ? shared : UInt32(bitPattern: positions[lane])
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

    /// The draw of a site of one element: number step % 4 of the block of step / 4.
    private func drawOne(_ draw: DrawStep) {
        let result = reals[Int(draw.results[0])]
        for lane in 0..<width {
            let draws = Draws<Real>(key: keys[lane], stream: draw.stream, step: step / 4, particle: draw.particle)
            let element = step % 4
            result[lane] = draw.kind == .normal ? draws.normal(element: element) : draws.uniform(element: element)
        }
    }
}
