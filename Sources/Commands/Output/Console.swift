internal import Document
internal import Glibc
internal import LinuxSystem

/// Where a command writes: results to standard output, talk to standard error.
struct Console {
    let options: OutputOptions
    private var results: [UInt8] = []
    private let colorsResults: Bool
    private let colorsTalk: Bool
    /// Whether standard error is a terminal, where a line can be written over.
    let talksToTerminal: Bool
    /// Why results could not be written; a reader that has gone away is no reason.
    private(set) var lostResults: Errno?

    init(_ options: OutputOptions) {
        self.options = options
        talksToTerminal = isatty(STDERR_FILENO) == 1
        // See no-color.org: it counts if it is not empty.
        let isForbidden = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        let isWanted = !isForbidden && options.color == .auto
        colorsResults = options.color == .always || (isWanted && isatty(STDOUT_FILENO) == 1)
        colorsTalk = options.color == .always || (isWanted && talksToTerminal)
    }

    /// True if results are for programs.
    var isJSON: Bool { options.format == .json }

    // MARK: Results

    /// Adds a line to the results.
    mutating func print(_ line: String, _ color: Color? = nil) {
        let line = Self.harmless(line)
        if let color, colorsResults {
            results += color.begin.utf8
            results += line.utf8
            results += Color.end.utf8
        } else {
            results += line.utf8
        }
        results.append(UInt8(ascii: "\n"))
        if results.count > 1 << 16 { flush() }
    }

    /// Adds bytes to the results as they are.
    mutating func printRaw(_ bytes: [UInt8]) { results += bytes }

    /// Adds a whole JSON document to the results.
    mutating func print(json: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        json(&writer)
        results += writer.bytes
        results.append(UInt8(ascii: "\n"))
    }

    /// Writes the results out.
    ///
    /// A reader that has gone away is no failure of ours.
    mutating func flush() {
        if let error = Self.write(results, to: STDOUT_FILENO), error.code != EPIPE { lostResults = error }
        results.removeAll(keepingCapacity: true)
    }

    /// Writes the results out, at the end.
    ///
    /// - Throws: The exit status of a failure, if not all of them could be written.
    mutating func finish() throws {
        flush()
        guard let error = lostResults else { return }
        self.error("cannot write the results: \(error)")
        throw ExitStatus.failed
    }

    // MARK: Talk

    /// Tells of an error, and on a line of its own what can be done about it.
    mutating func error(_ message: String, hint: String? = nil) {
        flush()
        talk("\(paint("error:", .red)) \(Self.harmless(message))")
        if let hint { talk("  \(paint("hint:", .cyan)) \(Self.harmless(hint))") }
    }

    /// Tells of something that is not as it should be, but is no error; unless nobody wants to know.
    mutating func warning(_ message: String, hint: String? = nil) {
        guard !options.quiet else { return }
        flush()
        talk("\(paint("warning:", .yellow)) \(Self.harmless(message))")
        if let hint { talk("  \(paint("hint:", .cyan)) \(Self.harmless(hint))") }
    }

    /// Tells of what is not as it should be in a document, in one line if that is very much: what follows is to be read too.
    mutating func warnings(of document: [Complaint]) {
        let told = document.count > Self.mostWarnings ? document.prefix(Self.mostWarnings / 2) : document[...]
        for warning in told { self.warning(warning.description) }
        let rest = document.count - told.count
        if rest > 0 { warning("\(rest) more warnings of the document", hint: "'weft check' lists them all") }
    }

    /// How many warnings of a document are told one by one by a command that has more to tell.
    private static let mostWarnings = 20

    /// Tells what goes on, unless nobody wants to know.
    mutating func note(_ message: String) {
        guard !options.quiet else { return }
        flush()
        talk(Self.harmless(message))
    }

    /// A line without what a terminal obeys: names and aliases may be anybody's.
    private static func harmless(_ line: String) -> String {
        // C1 controls are two bytes in UTF-8, of which the first is 0xc2.
        guard line.utf8.contains(where: { $0 < 32 || $0 == 127 || $0 == 0xc2 }) else { return line }
        return line.unicodeScalars.reduce(into: "") { text, scalar in
            if scalar.value < 32 || (127...159).contains(scalar.value), scalar != "\n", scalar != "\t" {
                text += "\\x" + String(scalar.value, radix: 16)
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }

    private func paint(_ text: String, _ color: Color) -> String {
        colorsTalk ? color.begin + text + Color.end : text
    }

    private func talk(_ line: String) {
        Self.write(Array((line + "\n").utf8), to: STDERR_FILENO)
    }

    /// Writes everything, or returns why it could not.
    @discardableResult
    private static func write(_ bytes: [UInt8], to descriptor: CInt) -> Errno? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            let error = Errno.current
            if written < 0, error == .interrupted { continue }
            guard written > 0 else { return error }
            rest = rest.dropFirst(written)
        }
        return nil
    }

    /// A colour of a terminal.
    enum Color: String {
        case red = "31"
        case green = "32"
        case yellow = "33"
        case magenta = "35"
        case cyan = "36"
        case bold = "1"

        var begin: String { "\u{1b}[\(rawValue)m" }
        static let end = "\u{1b}[0m"
    }
}

extension Console {
    /// Tells why a command could not do its work: to people, and if results are for programs to them as well.
    mutating func report(_ failures: [(message: String, hint: String?)]) {
        if isJSON {
            print { writer in
                writer.errors(failures.map { Complaint(file: "", message: $0.message, hint: $0.hint) })
            }
        }
        flush()
        for failure in failures { error(failure.message, hint: failure.hint) }
    }

    /// Tells what is wrong with a document.
    mutating func report(_ errors: DocumentErrors) {
        if isJSON {
            print { $0.errors(errors.complaints) }
        }
        flush()
        for line in errors.description.split(separator: "\n", omittingEmptySubsequences: false) {
            talk(String(line))
        }
    }
}
