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
    /// Statements of a step that one function has; a longer step is written as several.
    package var longest = 3_000
    /// Slices of data that share a vector, for a program that sees one slice at a time.
    package var together = 1
    /// The work-group, where its work-items share lanes.
    package var group: Group?
    /// Work-items of a work-group.
    package var groupSize = 1
    /// Whether a GPU's compiler keeps rows of shared data in registers.
    package var keepsRows = true
    /// Registers that the driver can be told to give a work-item at most, where wide rows or arrays in registers dominate; nil where it cannot.
    package var registersOfRows: Int?

    /// A work-group of schedules B and C.
    package struct Group: Hashable, Sendable {
        /// Vectors of lanes.
        package let tile: Int
        /// Work-items that share the work on each of them; a power of two.
        package let workers: Int
        /// Loops with fewer iterations are not dealt out to the workers.
        package let minimumExtent: Int
        /// Of local memory, for the sums of workers and for arrays that they share.
        package let localBytes: Int

        package init(tile: Int, workers: Int, minimumExtent: Int = 32, localBytes: Int = 0) {
            self.tile = tile
            self.workers = workers
            self.minimumExtent = minimumExtent
            self.localBytes = localBytes
        }

        package var size: Int { tile * workers }
    }

    package init(width: Int, isDouble: Bool, interleaves: Bool, privateBytes: Int) {
        self.width = width
        self.isDouble = isDouble
        self.interleaves = interleaves
        self.privateBytes = privateBytes
    }

    package var realBytes: Int { isDouble ? 8 : 4 }

    /// Bytes of a lane's value. A mask in a vector is as wide as a real.
    func laneBytes(_ dtype: DType) -> Int {
        switch dtype {
        case .real: realBytes
        case .int: 4
        case .bool: width > 1 ? realBytes : 4
        }
    }

    /// The options of the driver's compiler. Nothing that trades accuracy for speed is among them. Without -w some
    /// drivers print warnings about wide vectors to the user's terminal.
    package var buildOptions: String {
        "-cl-std=CL1.2 -w" + definitions.map { " -D\($0.name)=\($0.value)" }.joined()
    }

    /// The same definitions as lines of text, for who compiles the text by other means.
    package var definitionLines: String {
        definitions.map { "#define \($0.name) \($0.value)" }.joined(separator: "\n")
    }

    private var definitions: [(name: String, value: Int)] {
        [("LS_WIDTH", width), ("LS_DOUBLE", isDouble ? 1 : 0), ("LS_INTERLEAVES", interleaves ? 1 : 0)]
            + (together > 1 ? [("LS_TOGETHER", together)] : [])
    }
}

/// The text of one kernel, and what must be passed to it.
package struct KernelText: Sendable {
    /// In the order of the kernel's parameters, after first step, number of steps, first vector of lanes, number of vectors and keys.
    package enum Parameter: Hashable, Sendable {
        case buffer(BufferID)
        /// Global scratch memory for a temporary: one array for each vector of lanes, or where it is their own, for each of
        /// the workers or slices on it.
        case scratch(BufferID, isOwn: Bool)
        case scalar(Scalar)
    }

    /// How lanes are given what they begin with.
    package struct Start: Sendable {
        /// The kernel that does it; where it is nil, the step's own does, for a number of steps below zero.
        package let kernel: String?
        /// The buffers of the start program that follow the step's parameters, or the keys in a kernel of its own.
        package let parameters: [Parameter]
    }

    /// The program that is written: the one whose buffers the parameters are.
    package let program: LaneProgram
    package let name: String
    /// The device functions that it is compiled with, by file.
    let functions: [lockstep_kernel_source]
    package let kernel: String
    package let parameters: [Parameter]
    /// Nil for a program that does not say where lanes begin.
    package let start: Start?
    package let options: KernelOptions
    /// Bytes that a work-item carries from statement to statement, at most: its private arrays and all values.
    package let carriedBytes: Int
    /// Bytes of local memory that a group takes.
    package let localBytes: Int
    /// Registers that a work-item should have at most, so that more of them wait for each other's loads; nil for as many as it likes.
    package let registers: Int?
    /// What a driver's compiler has to get through: one for a statement, and as much as it takes of those for a function
    /// that is written out wherever it is called.
    package let weight: Int

    /// The device functions, then the kernel.
    package var sources: [String] { Self.sources([self]) }

    static func merged(_ a: [lockstep_kernel_source], _ b: [lockstep_kernel_source]) -> [lockstep_kernel_source] {
        DeviceFunctions.files.filter { a.contains($0) || b.contains($0) }
    }

    /// Several kernels as one program: the device functions that any of them needs, then the kernels.
    package static func sources(_ texts: [KernelText]) -> [String] {
        let needed = DeviceFunctions.files.filter { file in texts.contains { $0.functions.contains(file) } }
        return DeviceFunctions.texts(needed) + texts.map(\.kernel)
    }
}

extension LaneProgram {
    /// The program as one OpenCL C kernel.
    ///
    /// - Parameter name: by which the kernel is called, and begins what else the text defines.
    /// - Throws: `LoweringError` where a pass breaks a rule of the program's language, and that is looked for.
    package func kernelText(_ options: KernelOptions, name: String = "lockstep_steps") throws -> KernelText {
        KernelWriter.write(try Passes.forKernel(self, options), start: try start.map { try Passes.forKernel($0) }, options: options, name: name)
    }
}

/// The device functions that kernels are compiled with, in order.
package enum DeviceFunctions {
    static let files = (0..<LOCKSTEP_KERNEL_WATCH.rawValue).map { lockstep_kernel_source(rawValue: $0) }

    /// All of them.
    package static var sources: [String] { texts(files) }

    static func texts(_ files: [lockstep_kernel_source]) -> [String] {
        files.compactMap { lockstep_kernel_source_text(Int32($0.rawValue)).map { String(cString: $0) } }
    }
}

/// The kernel that tells whether an int of any lane is zero, which is no part of a step. Its parameters: the ints, elements
/// of a lane, the element, places of a block, places of all lanes, and the answer, which begins with 0.
package enum WatchKernel {
    package static let name = "lockstep_has_zero"
    package static var source: String { DeviceFunctions.texts([LOCKSTEP_KERNEL_WATCH]).joined() }
}
