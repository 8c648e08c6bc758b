/// All that a compiled program depends on, beside the device.
package struct ProgramRecipe: Hashable, Sendable {
    let text: String
    let options: String
    let kernels: [String]
    /// Work-items of a group. Some drivers compile again for each size, so it is a part of what was compiled.
    let groupSize: Int

    /// - Parameter sources: pieces of one text. A piece that does not end its last line has it ended.
    package init(sources: [String], options: String, kernels: [String], groupSize: Int) {
        text = OpenCLProgram.text(sources)
        self.options = options
        self.kernels = kernels
        self.groupSize = groupSize
    }

    /// What a file must hold to be this program, compiled for a device of this `cacheIdentity`.
    func key(identity: String) -> [UInt8] {
        Array([identity, options, kernels.joined(separator: ","), "\(groupSize)", text].joined(separator: "\0").utf8)
    }
}
