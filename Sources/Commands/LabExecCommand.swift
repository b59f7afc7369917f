internal import ArgumentParser
internal import ClusterModel
internal import Document
internal import Lab
internal import LinuxSystem
internal import NetworkModel
internal import Reconciler

/// Becomes a program in a node or a sandbox of a lab.
struct LabExecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run a command in a node or a sandbox of a lab.",
        usage: "weft lab exec <what> [<options>] -- <command> [<arguments> ...]",
        discussion: """
            WHAT is the short name of a sandbox or a node. Where one name is both, 'sandbox/NAME' or 'node/NAME' says \
            which; 'NODE.NAME' is the sandbox, or the namespace of raw objects, of one node. The lab's own 'gateway' and \
            'underlay' can be entered like nodes.

            In a sandbox the command is what it is with 'weft exec'; in a node it has the node's network, and all else is \
            as it is here. Nothing is started: weft becomes the command, whose exit status is that of 'weft lab exec'.
            """
    )

    @Argument(help: "A sandbox or a node, by its short name.")
    var what: String

    @Argument(parsing: .postTerminator, help: "The command and its arguments.")
    var command: [String] = []

    @OptionGroup var lab: LabOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if command.isEmpty {
            throw ValidationError(
                "The command is missing, which stands behind '--': weft lab exec \(what) -- COMMAND"
            )
        }
    }

    func run() throws {
        try reporting(output) { console in
            try CommandFailure.checkPrivilege(to: "enter a lab")
            let entrance = try lab.resolve().entrance(to: what)
            try ExecCommand.become(command, in: entrance, &console)
        }
    }
}

extension CommandFailure {
    /// A word names no place of the lab, or several.
    init(_ error: NoSuchLabPlace) {
        guard error.meanings.isEmpty else {
            self.init(
                message: "'\(error.word)' is more than one thing in lab '\(error.lab)'",
                hint: "say which: \(error.meanings.map { "'\($0)'" }.joined(separator: " or "))",
                status: ExitStatus.failed
            )
            return
        }
        guard !error.known.isEmpty else {
            self = .noLab(error.lab)
            return
        }
        let names = error.known.map { "'\($0)'" }
        self.init(
            message: "lab '\(error.lab)' has no node or sandbox '\(error.word)'",
            hint: Nearest.question(error.word, among: error.known)
                ?? (names.count > 10
                    ? "'weft lab status' lists those that it has"
                    : "it has \(names.joined(separator: ", "))"),
            status: ExitStatus.failed
        )
    }
}
