// One call of the public interface with hostile values: `hostile NUMBER DEVICE` for a number below `hostile count`. A last
// argument `values` shows the values.

import Foundation
import Lockstep

/// A member of the public interface, and how to call it.
struct Call {
    typealias Inside = @Sendable (Values, inout ModelContext) throws -> Any
    typealias Outside = @Sendable (Values) throws -> Any

    enum Body {
        case inside(Inside)
        case outside(Outside)
    }

    let title: String
    /// The number of choices of its arguments.
    let variants: Int
    let body: Body
}

struct CallList {
    private(set) var calls: [Call] = []

    mutating func addInside(_ title: String, _ variants: Int, _ body: @escaping Call.Inside) {
        calls.append(Call(title: title, variants: variants, body: .inside(body)))
    }
    mutating func addOutside(_ title: String, _ variants: Int, _ body: @escaping Call.Outside) {
        calls.append(Call(title: title, variants: variants, body: .outside(body)))
    }
}

var list = CallList()
allCalls(&list)
callsByHand(&list)
callsOfExtensions(&list)
let arguments = CommandLine.arguments
let places = list.calls.indices.flatMap { place in Array(repeating: place, count: list.calls[place].variants) }

if arguments.dropFirst() == ["count"] {
    print(places.count)
    exit(0)
}
guard arguments.count >= 3, let number = Int(arguments[1]), places.indices.contains(number), ["cpu", "opencl"].contains(arguments[2])
else {
    print("usage: hostile count | hostile NUMBER cpu|opencl")
    exit(64)
}
let device: Device = arguments[2] == "cpu" ? .cpu : .opencl
let call = list.calls[places[number]]
// Unbuffered, for what comes after may be the end of the process.
FileHandle.standardOutput.write(Data((call.title + "\n").utf8))
switch call.body {
case .inside(let body): Harness.runInside(number, device, body)
case .outside(let body): Harness.runOutside(number, device, body)
}
