import Synchronization

/// The compiled programs of one session: in memory, and on disk for the processes to come.
final class ProgramCache: Sendable {
    /// Where programs came from.
    struct Counts: Equatable, Sendable {
        var compiled = 0
        /// Read from disk.
        var loaded = 0
        /// Read from disk, and refused by the driver.
        var refused = 0
    }

    let folder: CacheFolder?
    /// The programs do not hold the session, which holds them.
    let recent: RecentValues<ProgramRecipe, OpenCLBuiltProgram>
    private let counters = Mutex(Counts())

    init(folder: CacheFolder?, limit: Int = 64) {
        self.folder = folder
        recent = RecentValues(limit: limit)
    }

    var counts: Counts { counters.withLock { $0 } }

    func count(_ counter: WritableKeyPath<Counts, Int> & Sendable) {
        counters.withLock { $0[keyPath: counter] += 1 }
    }
}

extension OpenCLSession {
    /// The kernels of a program, ready to run. It is compiled where neither this session nor the disk has it.
    ///
    /// - Parameter prepare: launches the kernels once to no effect, as some drivers finish compiling only then. It is
    ///   called for a program that is new to this session.
    package func kernels(_ recipe: ProgramRecipe, prepare: ([OpenCLKernel]) throws -> Void) throws -> [OpenCLKernel] {
        let built = try programs.recent.value(recipe) {
            let file = programs.folder.map { ($0, recipe.key(identity: info.cacheIdentity)) }
            if let (folder, key) = file, let program = load(recipe, folder, key, prepare) { return program }
            let program = try build(source: [recipe.text], options: recipe.options)
            programs.count(\.compiled)
            try prepare(program.kernels(recipe))
            // Only now does the binary of every driver hold the finished code.
            if let (folder, key) = file, let binary = try? program.binary() {
                folder.write(ProgramFile(key: key, binary: binary).bytes, as: ProgramFile.name(key: key))
            }
            return program.built
        }
        return try OpenCLProgram(session: self, built: built).kernels(recipe)
    }

    /// The program of a file. A file that is not this program's, or that the driver refuses, is as good as none.
    private func load(
        _ recipe: ProgramRecipe, _ folder: CacheFolder, _ key: [UInt8], _ prepare: ([OpenCLKernel]) throws -> Void
    ) -> OpenCLBuiltProgram? {
        let name = ProgramFile.name(key: key)
        guard let bytes = folder.read(name), let file = ProgramFile(bytes: bytes), file.key == key else { return nil }
        do {
            let program = try build(binary: file.binary, options: recipe.options)
            try prepare(program.kernels(recipe))
            programs.count(\.loaded)
            return program.built
        } catch {
            programs.count(\.refused)
            return nil
        }
    }
}

extension OpenCLProgram {
    fileprivate func kernels(_ recipe: ProgramRecipe) throws -> [OpenCLKernel] { try recipe.kernels.map(kernel) }
}
