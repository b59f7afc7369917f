internal import ArgumentParser
internal import ClusterModel
internal import LinuxSystem
internal import NetworkModel
internal import Reconciler

/// Becomes a program in a sandbox.
struct ExecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run a command in a sandbox.",
        usage: "weft exec <sandbox> [<options>] -- <command> [<arguments> ...]",
        discussion: """
            The command is in the sandbox's network, finds the sandbox's names in '/etc/hosts' and its name servers in \
            '/etc/resolv.conf', and has the variables of the sandbox's links besides those that weft was given. All \
            else is as it is here: user, directory, terminal, files. '/sys' shows the sandbox's links.

            It is not started: weft becomes it. Signals reach it, and its exit status is that of 'weft exec': 128 and \
            the signal's number, as shells count, if a signal ends it. No shell is in between; where one is \
            wanted: weft exec NAME -- sh -c 'COMMAND'.

            Whatever is behind '--' is the command's. A namespace of raw objects is entered by its name in /run/netns.

            Exit status, if there is no command to have one: 127 if it is not found, 126 if it can't be run; 1 if there \
            is no such sandbox; 77 if weft may not enter it.
            """
    )

    @Argument(help: "The sandbox's name.")
    var sandbox: String

    /// What stands before '--' and is hardly meant to.
    @Argument(help: .hidden)
    var misplaced: String?

    @Argument(parsing: .postTerminator, help: "The command and its arguments.")
    var command: [String] = []

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let misplaced {
            throw ValidationError(
                command.isEmpty
                    ? "The command stands behind '--', which is missing before '\(misplaced)': "
                        + "weft exec \(sandbox) -- \(misplaced) …"
                    : "Unexpected argument '\(misplaced)'"
            )
        }
        if command.isEmpty {
            throw ValidationError(
                "The command is missing, which stands behind '--': weft exec \(sandbox) -- COMMAND"
            )
        }
    }

    func run() throws {
        try reporting(output) { console in
            try CommandFailure.checkPrivilege(to: "enter a sandbox of this node")
            let node = try node.resolve()
            let entrance = try node.explaining { try Reconciler(node: node).entrance(to: sandbox) }
            try Self.become(command, in: entrance, &console)
        }
    }

    /// Becomes a command that stands at the end of this process's arguments.
    ///
    /// - Throws: Why it could not; else nothing comes after this.
    static func become(
        _ command: [String],
        in entrance: borrowing SandboxEntrance,
        _ console: inout Console
    ) throws {
        try enter(entrance, &console)
        // As they were given, byte for byte: what is no UTF-8 could not be had from a string again.
        let first = Int(CommandLine.argc) - command.count
        let errno = Successor.begin(CommandLine.unsafeArgv + first)
        throw CommandFailure.cannotRun(command[0], errno)
    }

    /// Brings the process to where the command is to be.
    private static func enter(_ entrance: borrowing SandboxEntrance, _ console: inout Console) throws {
        for path in entrance.missingFiles {
            console.warning(
                "there is no '\(path)': continuing without it",
                hint: "'weft apply' writes it anew"
            )
        }
        try entrance.namespace.enterForSuccessor()
        try MountNamespace.unshareNew()
        do {
            try MountNamespace.showLinksInSysfs()
        } catch {
            console.warning("'/sys' can't show the sandbox's links (\(error)): continuing without it")
        }
        for name in SandboxFile.Name.allCases {
            guard let path = entrance.files[name] else { continue }
            switch name {
            case .hosts, .resolvConf: try lay(path, over: "/etc/\(name.rawValue)", &console)
            case .env: try setVariables(of: path)
            }
        }
    }

    /// Lays a file over the node's, if the node has one: nothing is made there.
    private static func lay(_ path: String, over target: String, _ console: inout Console) throws {
        guard try FileReader.exists(target) else {
            return console.warning(
                "this node has no '\(target)' for the sandbox's to be laid over: continuing without it"
            )
        }
        try MountNamespace.lay(path, over: target)
    }

    private static func setVariables(of path: String) throws {
        for line in String(decoding: try FileReader.readAll(path), as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            try Successor.setVariable(String(parts[0]), to: String(parts[1]))
        }
    }
}

extension CommandFailure {
    /// There is no sandbox of the name.
    init(_ error: NoSuchSandbox) {
        let names = error.known.map { "'\($0)'" }
        let all = names.isEmpty ? "it has none" : "it has \(names.joined(separator: ", "))"
        self.init(
            message: "this node has no sandbox '\(error.name)'",
            hint: Nearest.question(error.name, among: error.known).map {
                $0.dropLast() + ", or is it on another node?"
            } ?? (names.count > 10 ? "'weft show' lists those that it has" : all)
                + "; it may be on another node",
            status: ExitStatus.failed
        )
    }

    /// The command is not to be run; the status is that of shells and of env(1).
    static func cannotRun(_ command: String, _ errno: Errno) -> CommandFailure {
        guard errno == .noSuchFileOrDirectory else {
            return CommandFailure(
                message: "cannot run '\(command)': \(errno)",
                hint: nil,
                status: ExitStatus.notExecutable
            )
        }
        let isThere = command.contains("/") && ((try? FileReader.exists(command)) ?? false)
        return CommandFailure(
            message: isThere
                ? "cannot run '\(command)': the program that it is to be run by is missing"
                : "there is no command '\(command)'",
            hint: command.contains("/") ? nil : "it is looked for in the directories that PATH lists",
            status: ExitStatus.notFound
        )
    }
}
