internal import CYAML

/// Says in an operator's words what libyaml says in a parser's.
enum SyntaxErrorWords {
    /// The complaint about the error that stopped `parser`.
    static func complaint(
        about parser: yaml_parser_t,
        in file: String,
        bytes: UnsafeBufferPointer<UInt8>
    ) -> Complaint {
        switch parser.error {
        case YAML_MEMORY_ERROR:
            return Complaint(file: file, message: "there is no memory to read it")
        case YAML_READER_ERROR:
            return readerComplaint(about: parser, in: file, bytes: bytes)
        default:
            return syntaxComplaint(about: parser, in: file, bytes: bytes)
        }
    }

    /// A byte that no text has: not UTF-8, or a control character.
    private static func readerComplaint(
        about parser: yaml_parser_t,
        in file: String,
        bytes: UnsafeBufferPointer<UInt8>
    ) -> Complaint {
        let offset = min(Int(parser.problem_offset), bytes.count)
        let (line, column) = position(ofByte: offset, in: bytes)
        let problem = parser.problem.map { String(cString: $0) } ?? ""
        var complaint = Complaint(file: file, line: line, column: column, message: "")
        if problem.hasPrefix("control") {
            let code = String(parser.problem_value, radix: 16, uppercase: true)
            let digits = String(repeating: "0", count: max(0, 4 - code.utf8.count)) + code
            complaint.message = "the control character U+\(digits) can't stand in YAML"
            complaint.hint = "in double quotes it is written \\u\(digits)"
        } else {
            complaint.message = "the file is not UTF-8 from here on"
            complaint.hint = "save it as UTF-8"
        }
        return complaint
    }

    /// The line and the column, in characters, of a byte; both counted from 1.
    private static func position(ofByte offset: Int, in bytes: UnsafeBufferPointer<UInt8>) -> (Int, Int) {
        let before = bytes[..<offset]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        let column = before[lineStart...].reduce(1) { $1 & 0xc0 == 0x80 ? $0 : $0 + 1 }
        return (line, column)
    }

    private static func syntaxComplaint(
        about parser: yaml_parser_t,
        in file: String,
        bytes: UnsafeBufferPointer<UInt8>
    ) -> Complaint {
        let problem = parser.problem.map { String(cString: $0) } ?? "unknown error"
        let context = parser.context.map { String(cString: $0) } ?? ""
        let start = "\(parser.context_mark.line + 1):\(parser.context_mark.column + 1)"
        var words = words(for: problem, context: context, start: start)
        if problem == "found character that cannot start any token" {
            words = self.words(forCharacter: character(at: parser.problem_mark, in: bytes))
        }
        var mark = parser.problem_mark
        if problem == "found unexpected end of stream", context.contains("quoted") {
            mark = parser.context_mark
        }
        return Complaint(
            file: file,
            line: mark.line + 1,
            column: mark.column + 1,
            message: words.message,
            hint: words.hint
        )
    }

    private typealias Words = (message: String, hint: String?)

    /// Why a value can't begin with this character.
    private static func words(forCharacter character: Character?) -> Words {
        switch character {
        case "\t": ("a tab can't indent in YAML", "use spaces")
        case let character?: ("a value can't begin with '\(character)'", "put the value in quotes")
        case nil: ("a value can't begin here", nil)
        }
    }

    /// The character at a mark; marks count characters.
    private static func character(at mark: yaml_mark_t, in bytes: UnsafeBufferPointer<UInt8>) -> Character? {
        var line = 0
        var lineStart = 0
        while line < mark.line, let end = bytes[lineStart...].firstIndex(of: UInt8(ascii: "\n")) {
            line += 1
            lineStart = end + 1
        }
        let rest = bytes[lineStart...]
        let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
        let scalars = String(decoding: rest[..<end], as: UTF8.self).unicodeScalars.dropFirst(mark.column)
        return scalars.first.map { Character($0) }
    }

    /// The sentences for what libyaml 0.2 says; its own words where it says something else.
    private static func words(for problem: String, context: String, start: String) -> Words {
        switch problem {
        case "found a tab character that violates indentation",
            "found a tab character where an indentation space is expected":
            ("a tab can't indent in YAML", "use spaces")
        case "mapping values are not allowed in this context":
            ("a ':' can't stand here", "is the line indented wrongly? A value that holds ': ' needs quotes")
        case "mapping keys are not allowed in this context":
            ("a key can't begin here", "begin it on a line of its own")
        case "block sequence entries are not allowed in this context":
            ("a list item can't begin here", "begin it on a line of its own")
        case "did not find expected key":
            ("a key is expected here", "keys of one mapping begin in the same column; it began at \(start)")
        case "did not find expected '-' indicator":
            (
                "a list item is expected here",
                "items of one list begin in the same column; it began at \(start)"
            )
        case "did not find expected ',' or ']'":
            ("a ',' or ']' is expected here", "the list began at \(start)")
        case "did not find expected ',' or '}'":
            ("a ',' or '}' is expected here", "the mapping began at \(start)")
        case "could not find expected ':'":
            ("a ':' is missing behind the key at \(start)", "is the line indented wrongly?")
        case "found unexpected end of stream" where context.contains("quoted"):
            ("the quote that begins here is never closed", nil)
        case "found unexpected document indicator":
            ("a text in quotes can't hold a line '---' or '...'", "it began at \(start)")
        case "found unknown escape character":
            (
                "there is no such escape with '\\'",
                "in double quotes write '\\\\' for a backslash, or use single quotes"
            )
        case "did not find expected <document start>":
            ("something stands behind the end of the document", "is the line indented wrongly?")
        case "did not find expected node content":
            ("a value is expected here", nil)
        case "did not find expected alphabetic or numeric character":
            ("'&' and '*' need the name of an anchor", "a text that begins with one of them needs quotes")
        default:
            ("this is not YAML: \(problem)", context.isEmpty ? nil : "\(context) that began at \(start)")
        }
    }
}
