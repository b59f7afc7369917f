internal import ArgumentParser
internal import Document
internal import LinuxSystem

/// Writes into a document what it leaves to be assigned.
struct PinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Write the assigned addresses into the document, so that they stay.",
        usage: "weft pin <path> [--check] [<options>]",
        discussion: """
            An address that the document does not state is assigned by the names of sandbox and network, and may move when \
            sandboxes come or go. What is assigned now is written down: the address of every endpoint, and the nodes' \
            parts of routed networks. Comments, order and everything else stay as they are, to the byte. Files are \
            changed in place; a document from standard input is printed.

            Exit status: 0; with '--check' 1 if there is something to write down; 65 if the document is bad.
            """
    )

    @OptionGroup var document: DocumentArgument
    @OptionGroup var output: OutputOptions

    @Flag(help: "Change nothing: list what is not written down, and exit with status 1 if anything is.")
    var check = false

    func validate() throws {
        if document.path == "-", !check, output.format == .json {
            throw ValidationError(
                "'pin -' prints the document, which '--format json' has no form for; '--check' lists what is added."
            )
        }
    }

    func run() throws {
        try reporting(output) { console in
            let path = document.path
            let (pin, before) = try Pin.load(path: path)
            let count = pin.files.reduce(0) { $0 + $1.additions.count }
            if check {
                console.list(pin, isWritten: false)
                guard count > 0 else { return }
                console.note("'weft pin \(path)' writes \(count == 1 ? "it" : "them") into the document")
                throw ExitStatus.failed
            }
            if path == "-" {
                console.printRaw(pin.files.flatMap(\.source.bytes))
                return console.note(count == 0 ? "nothing to pin" : "pinned: \(count)")
            }
            for (file, old) in zip(pin.files, before) where !file.additions.isEmpty {
                try write(file, over: old)
            }
            console.list(pin, isWritten: true)
        }
    }

    private func write(_ file: Pin.File, over old: Source) throws {
        do throws(SystemCallError) {
            try FileReplacement.replace(file.source.name, old.bytes, by: file.source.bytes)
        } catch {
            let hint =
                switch error.errno {
                case .busy: "somebody saved it meanwhile: run 'weft pin' again"
                case .invalidArgument:
                    "it is no regular file: 'weft pin -' reads a document from standard input, and prints it"
                default: nil as String?
                }
            throw CommandFailure(
                message: "cannot write '\(file.source.name)': \(error)",
                hint: hint,
                status: ExitStatus.failed
            )
        }
    }
}

extension Console {
    /// Tells what is missing in a document, or was.
    fileprivate mutating func list(_ pin: Pin, isWritten: Bool) {
        guard !isJSON else {
            return print { writer in
                writer.object { object in
                    object.member("schema", 1)
                    object.member("written", isWritten)
                    object.array(
                        "pinned",
                        pin.files.flatMap { file in file.additions.map { (file.source.name, $0) } }
                    ) { item, addition in
                        item.object { $0.addition(addition.1, in: addition.0) }
                    }
                }
            }
        }
        if !isWritten || !options.quiet {
            for file in pin.files {
                for addition in file.additions {
                    let place = "\(file.source.name):\(addition.line):\(addition.column)"
                    print("\(place): \(addition.path): \(addition.values.joined(separator: ", "))")
                }
            }
        }
        if pin.files.allSatisfy(\.additions.isEmpty) { note("nothing to pin") }
    }
}

extension JSONWriter {
    fileprivate mutating func addition(_ addition: Pin.Addition, in file: String) {
        member("file", file)
        member("line", addition.line)
        member("column", addition.column)
        member("path", addition.path)
        array("values", addition.values) { $0.value($1) }
    }
}
