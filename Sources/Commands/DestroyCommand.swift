internal import ArgumentParser
internal import Reconciler

/// Removes everything that Weft made on the node.
struct DestroyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy",
        abstract: "Remove everything that Weft made on this node.",
        usage: "weft destroy [<options>]",
        discussion: """
            Needs no document: what is Weft's bears its mark. Settings are put back to what they were, where they \
            still have Weft's value; forwarding stays on, for others may rely on it. What can be removed is removed, \
            whatever can't; running it again goes on from there.
            """
    )

    @OptionGroup var node: NodeOptions
    @OptionGroup var lock: LockOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try reporting(output) { console in
            try CommandFailure.checkPrivilege(to: "change this node")
            let run = ApplyRun(
                node: try node.resolve(),
                waits: !lock.noWait,
                keepsGoing: true,
                output: output
            )
            let report = try run.perform { reconciler, options in try reconciler.destroy(options) }
            try console.print(report, of: run, documentWarnings: [])
        }
    }
}
