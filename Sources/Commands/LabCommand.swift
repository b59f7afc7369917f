internal import ArgumentParser
internal import Document
internal import Lab
internal import LinuxSystem
internal import NetworkModel
internal import Reconciler

/// A whole cluster on one machine.
struct LabCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab",
        abstract: "Run a whole cluster on this machine.",
        usage: "weft lab <command> [<options>]",
        discussion: """
            Each node of the document is a network namespace 'LAB.NODE' with the node's addresses on a common underlay, \
            and has its part of the document applied to it; its sandboxes are 'LAB.NODE.SANDBOX'. The document is the one \
            that the real nodes are given, unchanged. The machine's own network is not touched.

            Several labs can be side by side, each by its '--name'.
            """,
        subcommands: [LabUpCommand.self, LabDownCommand.self, LabExecCommand.self, LabStatusCommand.self]
    )
}

/// Which lab is meant.
struct LabOptions: ParsableArguments {
    @Option(help: "The name of the lab.")
    var name = "lab"

    func validate() throws {
        do {
            _ = try LabName(name)
        } catch {
            throw ValidationError("'\(name)' can't be the name of a lab: \(error.reason).")
        }
    }

    /// The lab.
    ///
    /// - Throws: What looking for its namespaces refuses.
    func resolve() throws -> Laboratory { try Laboratory(LabName(name)) }
}

/// The words behind a command that takes none: whoever writes one there means the name of a lab.
struct LabSurplus: ParsableArguments {
    @Argument(help: .hidden)
    var words: [String] = []

    func validate() throws {
        guard let word = words.first else { return }
        let name = (try? LabName(word))?.text ?? "LAB"
        throw ValidationError("Unexpected argument '\(word)': which lab is meant, '--name \(name)' says.")
    }
}

/// What the commands that change a lab do about each other.
struct LabLockOptions: ParsableArguments {
    @Flag(help: "Fail at once if another weft is at work on this lab, instead of waiting for it.")
    var noWait = false

    /// Locks the lab.
    func acquire(_ lab: Laboratory, _ console: inout Console) throws -> FileLock {
        var notes = console
        return try lab.record.lock(wait: !noWait) { holder in
            notes.note(
                "waiting for \(holder?.description ?? "another process"), which changes lab '\(lab.name)'"
            )
        }
    }
}

/// Makes a lab what a document says.
struct LabUpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Make a lab what a document says.",
        usage: "weft lab up <path> [<options>]",
        discussion: """
            Of a lab that is there already only what differs is changed: first what is not wanted any more is removed, on \
            all nodes, then the rest is made. A node that fails is left as it was before, and the others are not held up; \
            running it again goes on from there, and 'weft lab down' removes all of it.

            Namespaces that the document takes from somebody else ('netns') are the lab's own; those of raw objects are \
            called 'LAB.NODE.NAME'.

            Exit status: 0 if every node is as the document says, 1 if not.
            """
    )

    @OptionGroup var document: DocumentArgument
    @OptionGroup var lab: LabOptions
    @OptionGroup var lock: LabLockOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try reporting(output) { console in
            let sources = try Document.sources(path: document.path)
            let loaded = try Document.load(sources)
            let laboratory = try lab.resolve()
            let fitted = try LabDocument(loaded, in: laboratory.name)
            try CommandFailure.checkPrivilege(to: "make a lab")
            let lock = try lock.acquire(laboratory, &console)
            console.warnings(of: loaded.warnings)
            for note in fitted.notes { console.warning(note) }
            let run = LabRun(laboratory.name, output)
            try laboratory.up(
                fitted,
                sources: sources,
                run: run.perform,
                isInterrupted: { run.isInterrupted },
                tell: run.tell
            )
            lock.release()
            try console.finish(run, .up)
        }
    }
}

/// Removes a lab.
struct LabDownCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Remove a lab.",
        usage: "weft lab down [<options>]",
        discussion: """
            Needs no document: what is the lab's bears its mark. Processes that run in the lab are left to run, cut off \
            from its network. Where there is no lab there is nothing to do.
            """
    )

    @OptionGroup var surplus: LabSurplus
    @OptionGroup var lab: LabOptions
    @OptionGroup var lock: LabLockOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try reporting(output) { console in
            try CommandFailure.checkPrivilege(to: "remove a lab")
            let laboratory = try lab.resolve()
            let lock = try lock.acquire(laboratory, &console)
            let run = LabRun(laboratory.name, output)
            let wasThere = try laboratory.down(
                run: run.perform,
                isInterrupted: { run.isInterrupted },
                tell: run.tell
            )
            lock.release()
            try console.finish(run, wasThere ? .down : .nothing)
        }
    }
}

extension CommandFailure {
    /// A lab and a `weft` without one would take each other's objects for their own.
    init(_ refusal: RegistryOfOtherClass) {
        let hint: String?
        switch refusal.mark {
        case .node:
            hint =
                "'weft show --netns \(refusal.namespace)' tells what that is, "
                + "'weft destroy --netns \(refusal.namespace)' removes it"
        case .underlay:
            hint = LabName(underlay: refusal.namespace).map { lab in
                "'weft lab status --name \(lab)' shows the lab, 'weft lab down --name \(lab)' removes it"
            }
        }
        self.init(message: refusal.description, hint: hint, status: ExitStatus.failed)
    }
}

extension LabDocument {
    /// Fits a document into a lab.
    ///
    /// - Throws: ``LabRefusal``, or what the document asks for and Weft does not do yet.
    init(_ document: Document, in lab: LabName) throws {
        guard document.unsupported.isEmpty else { throw DocumentErrors(document.unsupported) }
        try self.init(document.cluster, document.assignment, in: lab)
    }
}
