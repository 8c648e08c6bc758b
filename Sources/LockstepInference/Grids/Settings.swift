/// Numbers that a grid of fits goes through: each is scalar data of the model, guide or optimiser, by name.
///
/// ```swift
/// try svi.run(datasets: datasets, settings: ["rate": [0.1, 0.01], "prior scale": [1, 10]], steps: 2000)
/// ```
public struct Settings: Sendable, ExpressibleByDictionaryLiteral {
    /// Values of one number.
    public struct Setting: Sendable, Hashable {
        /// What the data are called, as in `m.data("prior scale", shape: [])` or `Adam(learningRate: .data("rate"))`.
        public let name: String
        /// In the order of the grid.
        public let values: [Double]

        /// Looks at nothing yet: a setting without values, say, is an error of the run.
        ///
        /// - Parameters:
        ///   - name: what the data are called.
        ///   - values: in the order of the grid, all of them different.
        public init(_ name: String, _ values: [Double]) {
            self.name = name
            self.values = values
        }
    }

    /// Every value of one is combined with all values of the others; the last one goes fastest.
    public let settings: [Setting]

    /// Settings in an order.
    public init(_ settings: [Setting]) { self.settings = settings }
    public init(dictionaryLiteral elements: (String, [Double])...) { settings = elements.map(Setting.init) }

    /// - Parameter data: those of the datasets.
    /// - Throws: `RunError` for settings that make no grid.
    func validate(_ data: Set<String>) throws {
        var seen: Set<String> = []
        for setting in settings {
            let name = setting.name
            guard !GridAxis.reserved.contains(name) else {
                throw RunError("a setting is called '\(name)', as another axis of the grid; give the data another name")
            }
            guard seen.insert(name).inserted else { throw RunError("setting '\(name)' is given twice; give all its values together") }
            guard !data.contains(name) else {
                throw RunError("'\(name)' is a setting, and data of the datasets too; give it once")
            }
            guard !setting.values.isEmpty else { throw RunError("setting '\(name)' has no values; give at least one") }
            guard !setting.values.contains(where: \.isNaN) else { throw RunError("setting '\(name)' has a value that is NaN") }
            var values: Set<Double> = []
            if let twice = setting.values.first(where: { !values.insert($0).inserted }) {
                throw RunError("setting '\(name)' has the value \(GridAxis.text(twice)) twice; give it once, and more starts")
            }
        }
    }
}
