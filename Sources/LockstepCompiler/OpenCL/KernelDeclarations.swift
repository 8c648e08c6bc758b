import LockstepTensor

// What a kernel begins and ends with: which lane is a work-item's own, where its arrays lie, and states on their way between
// launches.
extension KernelWriter {
    /// The number of the work-item's vector of lanes, and which part of the work on it is the work-item's own. A launch may
    /// begin with any vector: by a number of ours, since for OpenCL's own offsets some drivers compile the kernel again.
    mutating func declareItem() {
        let id = hasFunction ? "ls_id" : "get_global_id(0)"
        if let group = options.group {
            line("LS_PREPARE_BARRIERS;")
            line("const int ls_local = (int)get_local_id(0);")
            line("const int ls_worker = ls_local / \(group.tile);")
            line("const int ls_lane = ls_local % \(group.tile);")
            line("const size_t ls_item = ls_begin + get_group_id(0) * \(group.tile) + ls_lane;")
        } else if let slice = program.slice {
            line("const size_t ls_item = ls_begin + \(id) / \(slice.extent);")
            line("const int i\(slice.number) = (int)(\(id) % \(slice.extent));")
        } else {
            line("const size_t ls_item = ls_begin + \(id);")
        }
    }

    /// Whether a buffer in global memory has a copy for each worker of a lane.
    func isOwn(_ id: BufferID) -> Bool {
        guard case .temporary = program.buffers[id.number].role, case .global = places[id.number] else { return false }
        return cooperation.map { !$0.shared.contains(id) } ?? (program.slice != nil)
    }

    mutating func declareBuffers() {
        for (number, buffer) in program.buffers.enumerated() {
            let name = type(buffer.dtype, isUniform: buffer.isUniform)
            switch places[number] {
            case .variables:
                let zero = buffer.isUniform ? "0" : "(\(name))(0)"
                for element in 0..<buffer.count { line("\(name) b\(number)_\(element) = \(zero);") }
            case .privateArray: if parts == nil { line("\(name) b\(number)[\(max(buffer.count, 1))];") }
            case .global where isOwn(BufferID(number)):
                let worker = program.slice.map { "i\($0.number)" } ?? "ls_worker"
                line("b\(number) += (size_t)\(worker) * \(buffer.count) * ls_items;")
            case .slices:
                if let slice = program.slice { line("b\(number) += (size_t)i\(slice.number) * \(buffer.count * options.together);") }
            case .distributed: line("\(name) b\(number)[\(iterationsOfWorker(buffer.count))];")
            case .local: line("__local \(name) b\(number)[\(buffer.count * (options.group?.tile ?? 1))];")
            case .shared, .global: break
            }
        }
        declareSums()
        declareTiles()
        if !isStart { copyStates(toGlobal: false) }
    }

    mutating func copyStates(toGlobal: Bool) {
        let stored = Cooperation.Access(program.body).stored
        // All workers have read what one of them now replaces.
        if toGlobal, cooperation != nil { barrier() }
        copySharedStates(toGlobal: toGlobal)
        if toGlobal, cooperation != nil { line("if (ls_worker != 0) return;") }
        for (number, buffer) in program.buffers.enumerated() {
            guard case .state = buffer.role, !toGlobal || stored.contains(BufferID(number)) else { continue }
            func copy(_ inside: String, _ position: String) -> String {
                let outside = "g\(number)[LS_AT(\(position), \(buffer.count))]"
                return toGlobal ? "\(outside) = \(inside);" : "\(inside) = \(outside);"
            }
            switch places[number] {
            case .variables: for element in 0..<buffer.count { line(copy("b\(number)_\(element)", "\(element)")) }
            case .privateArray:
                unroll(1)
                line("for (int i = 0; i < \(buffer.count); ++i) \(copy("b\(number)[i]", "i"))")
            case .shared, .local, .distributed, .global, .slices: break
            }
        }
    }
}
