internal import ArgumentParser
internal import Document
internal import NetworkModel
internal import Reconciler

/// What the commands that change something do about each other.
struct LockOptions: ParsableArguments {
    @Flag(help: "Fail at once if another apply is at work on this node, instead of waiting for it.")
    var noWait = false
}

/// Brings the node to what a document says.
struct ApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make this node what a document says, all or nothing, and read it back.",
        usage: "weft apply <path> [<options>]",
        discussion: """
            The document is the whole of what Weft holds on this node: what is no longer in it is removed. A failure \
            undoes what was done, and says what failed and why.

            Exit status: 0 if the node is as the document says, 1 if not.
            """
    )

    @OptionGroup var document: DocumentArgument
    @OptionGroup var node: NodeOptions
    @OptionGroup var lock: LockOptions
    @OptionGroup var output: OutputOptions

    @Flag(help: "Do what can be done, instead of undoing everything after the first failure.")
    var keepGoing = false

    @Flag(help: "Apply a document without objects, which removes everything.")
    var allowEmpty = false

    func run() throws {
        try reporting(output) { console in
            let loaded = try Document.load(path: document.path)
            let node = try node.resolve(for: loaded)
            let compiled = try Compilation(loaded, for: node)
            // A document for other nodes may well have nothing for this one.
            if loaded.isEmpty, !allowEmpty { throw CommandFailure.emptyDocument }
            try CommandFailure.checkPrivilege(to: "change this node")
            let run = ApplyRun(node: node, waits: !lock.noWait, keepsGoing: keepGoing, output: output)
            let report = try run.perform { reconciler, options in
                try reconciler.apply(compiled.state, claiming: compiled.claims, options)
            }
            try console.print(report, of: run, documentWarnings: compiled.warnings)
        }
    }
}
