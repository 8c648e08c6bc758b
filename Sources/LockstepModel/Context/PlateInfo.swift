import LockstepTensor

/// A plate around a site: `size` independent copies along one batch axis.
public struct PlateInfo: Hashable, Sendable {
    /// As the model names it.
    public let name: String
    /// How many copies there are.
    public let size: Int
    /// The batch axis, counted from the right: -1 is the last.
    public let dim: Int
    /// The data whose rows it goes over, of which lanes have numbers of their own; nil where all have as many.
    package let rows: String?

    package init(name: String, size: Int, dim: Int, rows: String? = nil) {
        self.name = name
        self.size = size
        self.dim = dim
        self.rows = rows
    }
}

extension [PlateInfo] {
    /// The batch shape that these plates ask for: their sizes at their axes, 1 elsewhere.
    package var shape: Shape {
        var shape = Shape(repeating: 1, count: map { -$0.dim }.max() ?? 0)
        for plate in self { shape[shape.count + plate.dim] = plate.size }
        return shape
    }

    /// The batch shape of a site in these plates, whose own statement has the batch shape `batch`.
    ///
    /// - Throws: `ModelError` when an axis of the batch is neither 1 nor as long as the plate there.
    func expand(_ batch: Shape, site: String) throws(ModelError) -> Shape {
        for plate in self where batch.count >= -plate.dim {
            let extent = batch[batch.count + plate.dim]
            guard extent == 1 || extent == plate.size else {
                throw ModelError(
                    [site, plate.name],
                    "site '\(site)' has batch shape \(batch), with \(extent) along axis \(plate.dim), where plate '\(plate.name)' "
                        + "needs 1 or \(plate.size); move axes of one event out of the batch with toEvent(_:), or give the plate another dim")
            }
        }
        return Shapes.broadcast([shape, batch]) ?? batch
    }
}
