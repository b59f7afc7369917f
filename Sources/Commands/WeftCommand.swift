package import ArgumentParser
internal import Glibc

/// The command `weft`.
package struct WeftCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "weft",
        abstract: "Makes the network of a node what a document says, and nothing else.",
        usage: "weft <command> [<options>]",
        discussion: """
            One document says which namespaces, links, addresses, routes, neighbours, FDB entries and settings a node \
            shall have. 'weft plan' shows what differs, 'weft apply' makes it so, all or nothing, and reads it back. \
            Only what Weft made is ever changed or removed.

            Exit status: 0 done; 1 failed; 2 'plan --detailed-exitcode' found changes; 64 wrong usage; \
            65 bad document; 75 another weft is at work ('--no-wait'); 77 not permitted.
            """,
        version: Version.text,
        subcommands: [
            CheckCommand.self, CompileCommand.self, PlanCommand.self, ApplyCommand.self, DestroyCommand.self,
            ShowCommand.self, ExecCommand.self, PinCommand.self, RoutesCommand.self,
            LabCommand.self,
        ]
    )

    package init() {}
}

/// The version of this build.
enum Version {
    static let text = "0.1.0"
}

/// Runs the command of this process's arguments, and ends the process with its status.
package func runWeft() -> Never {
    let arguments = Array(CommandLine.arguments.dropFirst())
    // The program that 'exec' becomes gets what weft was given.
    if !WeftCommand.becomesAnother(arguments) {
        // A reader that goes away ends the reading, not an apply: the exit status still tells what became of it.
        signal(SIGPIPE, SIG_IGN)
        // What Weft makes below /run and /etc is read by processes of sandboxes, whatever the umask of who started it.
        umask(0o022)
    }
    do {
        try WeftCommand.checkName(of: arguments)
        var command = try WeftCommand.parseAsRoot(arguments)
        try command.run()
        WeftCommand.exit()
    } catch {
        WeftCommand.exit(withError: error)
    }
}

extension WeftCommand {
    /// True if weft is to become another program: `exec` and `lab exec`.
    fileprivate static func becomesAnother(_ arguments: [String]) -> Bool {
        let words = arguments.prefix(2)
        return words.first == ExecCommand._commandName
            || words == [LabCommand._commandName, LabExecCommand._commandName]
    }

    /// The commands, in the order of the help.
    package static var commandNames: [String] { configuration.subcommands.map { $0._commandName } }

    /// The commands of `lab`.
    package static var labCommandNames: [String] {
        LabCommand.configuration.subcommands.map { $0._commandName }
    }

    /// Refuses a command that there is not: the parser would call it an unexpected argument.
    fileprivate static func checkName(of arguments: [String]) throws {
        guard let name = arguments.first, !name.hasPrefix("-"), name != "help" else { return }
        guard !commandNames.contains(name) else { return }
        throw ValidationError(
            "there is no command '\(name)'; the commands are \(commandNames.joined(separator: ", "))"
        )
    }
}
