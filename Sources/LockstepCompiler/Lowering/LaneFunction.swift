import LockstepTensor

/// One step as expressions: the input of the compiler.
package struct LaneFunction: Sendable {
    /// A value written to `slot` of a per-lane array of `slots` values.
    package struct Record: Sendable {
        package let name: String
        package let slots: Int
        /// An int scalar, the same for all lanes.
        package let slot: Tensor
        package let value: Tensor

        package init(_ name: String, slots: Int, slot: Tensor, value: Tensor) {
            self.name = name
            self.slots = slots
            self.slot = slot
            self.value = value
        }
    }

    package struct State: Sendable {
        package let name: String
        package let value: Tensor

        package init(_ name: String, _ value: Tensor) {
            self.name = name
            self.value = value
        }
    }

    /// The next value of each state, computed from the values before the step.
    package let states: [State]
    package let records: [Record]
    /// What states begin with: computed once, before the first step, as their own step whose number is that of the attempt.
    /// Where there are any, the other states begin with zero.
    package let starts: [State]
    /// The names of data that differ from lane to lane.
    package let perLane: Set<String>

    package init(states: [State], records: [Record] = [], starts: [State] = [], perLane: Set<String> = []) {
        self.states = states
        self.records = records
        self.starts = starts
        self.perLane = perLane
    }
}

extension LaneFunction {
    /// All expressions of the step: states, then slot and value of each record.
    var roots: [Tensor] { states.map(\.value) + records.flatMap { [$0.slot, $0.value] } }

    /// - Throws: the first mistake that an expression carries.
    func checkExpressions() throws {
        if let failure = (roots + starts.map(\.value)).lazy.compactMap(\.failure).first { throw failure }
    }

    func replacingRoots(_ roots: [Tensor]) -> LaneFunction {
        let count = states.count
        return LaneFunction(
            states: zip(states, roots).map { .init($0.name, $1) },
            records: records.enumerated().map { number, record in
                .init(record.name, slots: record.slots, slot: roots[count + 2 * number], value: roots[count + 2 * number + 1])
            },
            starts: starts, perLane: perLane)
    }
}

/// One operation a line, operands before what they are operands of.
extension LaneFunction: CustomStringConvertible {
    package var description: String {
        var numbers: [ObjectIdentifier: Int] = [:]
        func name(_ tensor: Tensor) -> String { "t\(numbers[tensor.id] ?? 0)" }
        var lines = Graph.topologicalOrder(roots).enumerated().map { number, tensor in
            numbers[tensor.id] = number
            let operands = tensor.node.inputs.map(name).joined(separator: ", ")
            return "t\(number) = \(tensor.node.op)\(operands.isEmpty ? "" : "(\(operands))") \(tensor.dtype.rawValue)\(tensor.shape)"
        }
        lines += states.map { "state \($0.name) = \(name($0.value))" }
        lines += records.map { "record \($0.name)[\(name($0.slot))] = \(name($0.value))" }
        return lines.joined(separator: "\n")
    }
}
