internal import Document
internal import Glibc

/// Where a command writes: results to standard output, talk to standard error.
struct Console {
    let options: OutputOptions
    private var results: [UInt8] = []
    private let colorsResults: Bool
    private let colorsTalk: Bool
    /// Whether standard error is a terminal, where a line can be written over.
    let talksToTerminal: Bool

    init(_ options: OutputOptions) {
        self.options = options
        talksToTerminal = isatty(STDERR_FILENO) == 1
        let isWanted = getenv("NO_COLOR") == nil && options.color == .auto
        colorsResults = options.color == .always || (isWanted && isatty(STDOUT_FILENO) == 1)
        colorsTalk = options.color == .always || (isWanted && talksToTerminal)
    }

    /// True if results are for programs.
    var isJSON: Bool { options.format == .json }

    // MARK: Results

    /// Adds a line to the results.
    mutating func print(_ line: String, _ color: Color? = nil) {
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

    /// Adds a whole JSON document to the results.
    mutating func print(json: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        json(&writer)
        results += writer.bytes
        results.append(UInt8(ascii: "\n"))
    }

    /// Writes the results out. A reader that has gone away is no failure of ours.
    mutating func flush() {
        Self.write(results, to: STDOUT_FILENO)
        results.removeAll(keepingCapacity: true)
    }

    // MARK: Talk

    /// Tells of an error, and on a line of its own what can be done about it.
    mutating func error(_ message: String, hint: String? = nil) {
        flush()
        talk("\(paint("error:", .red)) \(message)")
        if let hint { talk("  \(paint("hint:", .cyan)) \(hint)") }
    }

    /// Tells of something that is not as it should be, but is no error.
    mutating func warning(_ message: String, hint: String? = nil) {
        flush()
        talk("\(paint("warning:", .yellow)) \(message)")
        if let hint { talk("  \(paint("hint:", .cyan)) \(hint)") }
    }

    /// Tells what goes on, unless nobody wants to know.
    mutating func note(_ message: String) {
        guard !options.quiet else { return }
        flush()
        talk(message)
    }

    private func paint(_ text: String, _ color: Color) -> String {
        colorsTalk ? color.begin + text + Color.end : text
    }

    private func talk(_ line: String) {
        Self.write(Array((line + "\n").utf8), to: STDERR_FILENO)
    }

    private static func write(_ bytes: [UInt8], to descriptor: CInt) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
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
    /// Tells what is wrong with a document.
    mutating func report(_ errors: DocumentErrors) {
        if isJSON {
            print { writer in
                writer.object { object in
                    object.member("schema", 1)
                    object.array("errors", errors.complaints) { $0.complaint($1) }
                    object.array("warnings", [Complaint]()) { $0.complaint($1) }
                }
            }
        } else {
            flush()
            for line in errors.description.split(separator: "\n", omittingEmptySubsequences: false) {
                talk(String(line))
            }
        }
    }
}
