import ArgumentParser

struct Checksum: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks that the peers see the same data.",
        discussion: "Compare does that too, for the cases that it runs.")

    @OptionGroup var cases: CaseOptions
    @Option(help: "Fits, which matters where each has data of its own.") var lanes = 16
    @OptionGroup var peers: PeerOptions
    @OptionGroup var files: DataOptions

    func validate() throws {
        if lanes < 1 { throw ValidationError("--lanes must be positive") }
    }

    func run() throws {
        let items = try cases.items()
        let peer = try peers.peer()
        var agree = true
        for item in items {
            let own = DataChecksum.text(try item.problem(files.data, lanes).data)
            let theirs = try peer.checksum(item, lanes: lanes)
            print("\(item.name): \(own == theirs ? own : "\(own) here, \(theirs) there")")
            agree = agree && own == theirs
        }
        if !agree { throw ExitCode.failure }
    }
}
