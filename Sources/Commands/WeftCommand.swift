package import ArgumentParser

/// The command `weft`.
package struct WeftCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "weft",
        abstract: "Makes the network of a node what a document says, and nothing else.",
        discussion: """
            One document says which namespaces, links, addresses, routes, neighbours, FDB entries and settings a node
            shall have. 'weft plan' shows what differs, 'weft apply' makes it so, all or nothing, and reads it back.
            Only what Weft made is ever changed or removed.

            Exit status: 0 done; 1 failed; 2 'plan --detailed-exitcode' found changes; 64 usage; 65 bad document;
            75 another apply is at work ('--no-wait'); 77 not permitted.
            """,
        version: Version.text,
        subcommands: [
            CheckCommand.self, CompileCommand.self, PlanCommand.self, ApplyCommand.self, DestroyCommand.self,
            ShowCommand.self,
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
    WeftCommand.main()
    WeftCommand.exit()
}
