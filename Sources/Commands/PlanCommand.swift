internal import ArgumentParser
internal import Document
internal import Planner
internal import Reconciler

/// Shows what apply would change, and changes nothing.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what apply would change, and change nothing.",
        usage: "weft plan <path> [<options>]",
        discussion: """
            Every line is one change, in the order in which apply makes them: '+' creates, '~' changes in place, \
            '±' makes anew, '-' deletes.

            Exit status: 0, or with '--detailed-exitcode' 2 if there is something to change.
            """
    )

    @OptionGroup var document: DocumentArgument
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    @Flag(help: "Exit with status 2 if there is something to change.")
    var detailedExitcode = false

    func run() throws {
        try reporting(output) { console in
            let loaded = try Document.load(path: document.path)
            try CommandFailure.checkPrivilege(to: "read the state of this node")
            let node = try node.resolve(for: loaded)
            let compiled = try Compilation(loaded, at: document.path, for: node)
            let plan = try node.explaining {
                try Reconciler(node: node).plan(compiled.state, claiming: compiled.claims)
            }
            let warnings = compiled.warnings + (loaded.isEmpty && !plan.isEmpty ? [emptyDocument] : [])
            if console.isJSON {
                console.print { writer in
                    writer.object { $0.plan(plan, node: node.name, documentWarnings: warnings) }
                }
            } else {
                console.warnings(of: warnings)
                for warning in plan.warnings { console.warning(warning.message, hint: warning.hint) }
                if plan.isEmpty {
                    console.print("nothing to change")
                } else {
                    console.print(changesOf: plan)
                    console.print(summaryOf: plan)
                }
            }
            if detailedExitcode, !plan.isEmpty { throw ExitStatus.changes }
        }
    }

    /// What keeps apply from doing as planned.
    private var emptyDocument: Complaint {
        Complaint(
            file: document.path,
            message: "the document has no objects, and 'weft apply' takes it only with '--allow-empty'"
        )
    }
}
