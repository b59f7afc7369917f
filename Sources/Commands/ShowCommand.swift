internal import ArgumentParser
internal import NetworkModel
internal import Reconciler

/// Shows what Weft holds in this kernel now.
struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what Weft holds in this kernel now.",
        usage: "weft show [<options>]",
        discussion: """
            Networks and sandboxes first, as the kernel shows them; then what was made of raw objects. With \
            '--verbose' every link, route, entry, setting and file.
            """
    )

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try reporting(output) { console in
            try CommandFailure.checkPrivilege(to: "read the state of this node")
            let node = try node.resolve()
            let state = try node.explaining { try Reconciler(node: node).observe() }
            let inventory = Inventory(state, namespacePrefix: node.namespacePrefix)
            if console.isJSON {
                console.print { $0.object { $0.holdings(of: state, inventory, node: node.name) } }
            } else {
                console.print(holdingsOf: state, inventory, node: node.name)
            }
        }
    }
}
