internal import ArgumentParser
internal import Document
internal import Reconciler

/// Prints the state of one node, with every default made explicit.
struct CompileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compile",
        abstract: "Print the state of this node that a document asks for, with every default made explicit.",
        usage: "weft compile <path> [<options>]",
        discussion: """
            What is printed is a document itself: applying it changes nothing after the original was applied. \
            Needs no privilege, unless '--netns' has to be entered to find out which of several nodes this is.
            """
    )

    @OptionGroup var document: DocumentArgument
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try reporting(output) { console in
            let loaded = try Document.load(path: document.path)
            let node = try node.resolve(for: loaded, trustingName: !loaded.hasNetworks)
            let state = try Compilation(loaded, at: document.path, for: node).state
            let text = console.isJSON ? NodeStatePrinter.json(state) : NodeStatePrinter.yaml(state)
            console.print(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        }
    }
}
