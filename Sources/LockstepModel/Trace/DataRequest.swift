import LockstepTensor

/// What a body asks for by `data` or `indices`.
struct DataRequest: Sendable {
    let name: String
    /// Nil where the run says it.
    let shape: Shape?
    let rank: Int?
    let dtype: DType
    let bound: Int?

    /// - Throws: `ModelError` when nobody gave a shape, or the run gave another than the body reads.
    func resolved(_ run: TraceRun) throws(ModelError) -> DataDeclaration {
        if let given = self.shape, case .ragged(let own, _)? = run.data?[name], own != given {
            throw ModelError(
                [name],
                "data '\(name)' is ragged, and the model states shape \(given); read it without a shape, in a plate of its rows: "
                    + "m.plate(\"rows\", rowsOf: \"\(name)\")")
        }
        let shape = if let given = self.shape { given } else { try bound(run) }
        if let rank, rank != shape.count {
            throw ModelError(
                [name],
                "data '\(name)' has shape \(shape), where the model reads \(rank) axes; give rows, as .shared([[...], [...]]), "
                    + "or a shape, as .shared(values, shape: [...])")
        }
        return DataDeclaration(name: name, shape: shape, dtype: dtype, bound: bound)
    }

    private func bound(_ run: TraceRun) throws(ModelError) -> Shape {
        guard let data = run.data else {
            throw ModelError(
                [name],
                "data '\(name)' takes its shape from what is bound, and nothing is; give model.trace(data: ...), or a shape in "
                    + "the model, m.data(\"\(name)\", shape: [...])")
        }
        switch data[name] {
        case .known(let shape), .ragged(let shape, _): return shape
        case .unknown(let problem): throw ModelError([name], "data '\(name)' \(problem)")
        case nil: throw ModelError(missingData: name)
        }
    }

    /// What the body goes on with after a mistake. It may read extents of axes that nobody knows: each is 1.
    var placeholder: DataDeclaration {
        let rank = rank.map { Swift.min(Swift.max($0, 0), 64) } ?? 8
        return DataDeclaration(name: name, shape: shape ?? Shape(repeating: 1, count: rank), dtype: dtype, bound: bound)
    }
}
