internal import ArgumentParser
internal import NetworkModel
internal import Reconciler

/// Shows what Weft holds in this kernel now.
struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what Weft holds in this kernel now.",
        usage: "weft show [<options>]"
    )

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try reporting(output) { console in
            try CommandFailure.checkPrivilege(to: "read the state of this node")
            let node = try node.resolve()
            let state = try node.explaining { try Reconciler(node: node).observe() }
            if console.isJSON {
                console.print { $0.object { $0.holdings(of: state, node: node.name) } }
            } else {
                console.print(holdingsOf: state, node: node.name)
            }
        }
    }
}
