internal import ArgumentParser
internal import Document

/// Reads and validates a document.
///
/// Needs no privilege, touches no kernel.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Read a document and say everything that is wrong with it.",
        usage: "weft check <path> [<options>]",
        discussion: """
            Needs no privilege and does not look at the kernel. Every error is told as \
            'file:line:column: path.to.key: what is wrong; what would be right'; all of them, not only the first.

            Exit status: 0 if the document is good, 65 if it is not.
            """
    )

    @OptionGroup var document: DocumentArgument
    @OptionGroup var output: OutputOptions

    func run() throws {
        try reporting(output) { console in
            let loaded = try Document.load(path: document.path)
            let warnings = loaded.warnings + loaded.unsupported
            if console.isJSON {
                console.print { $0.errors([], warnings: warnings) }
            } else {
                for warning in warnings { console.warning(warning.description) }
                if !output.quiet { console.print("\(document.path): no errors") }
            }
        }
    }
}
