import KernelSources
import LockstepTensor

/// How a program is laid on an OpenCL device.
package struct KernelOptions: Hashable, Sendable {
    /// Lanes per work-item: the vector width of the text.
    package var width: Int
    package var isDouble: Bool
    /// Whether neighbouring work-items keep neighbouring elements, which is what a GPU wants; a CPU wants the
    /// elements of one work-item together.
    package var interleaves: Bool
    /// Bytes of one work-item's arrays that may live in private memory; larger arrays live in global memory.
    package var privateBytes: Int

    package init(width: Int, isDouble: Bool, interleaves: Bool, privateBytes: Int) {
        self.width = width
        self.isDouble = isDouble
        self.interleaves = interleaves
        self.privateBytes = privateBytes
    }

    package var realBytes: Int { isDouble ? 8 : 4 }

    /// The options of the driver's compiler. Nothing that trades accuracy for speed is among them.
    package var buildOptions: String {
        "-cl-std=CL1.2 -DLS_WIDTH=\(width) -DLS_DOUBLE=\(isDouble ? 1 : 0) -DLS_INTERLEAVES=\(interleaves ? 1 : 0)"
    }
}

/// The text of one kernel, and what must be passed to it.
package struct KernelText: Sendable {
    /// In the order of the kernel's parameters, after first step, number of steps, number of work-items and keys.
    package enum Parameter: Hashable, Sendable {
        case buffer(BufferID)
        /// Global scratch memory for a temporary.
        case scratch(BufferID)
        case scalar(Scalar)
    }

    package let name: String
    /// The device functions, then the kernel.
    package let sources: [String]
    package let parameters: [Parameter]
    package let options: KernelOptions

    package var kernel: String { sources.last ?? "" }
}

/// The device functions that every kernel is compiled with, in order.
package enum DeviceFunctions {
    package static var sources: [String] {
        (0..<Int32(LOCKSTEP_KERNEL_SOURCE_COUNT.rawValue)).compactMap { index in
            lockstep_kernel_source_text(index).map { String(cString: $0) }
        }
    }
}
