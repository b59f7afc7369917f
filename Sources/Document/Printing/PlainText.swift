/// Texts in double quotes, as JSON and YAML both read them.
enum QuotedText {
    /// The text in quotes, with escapes for what can't stand there.
    static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                quoted += "\\"
                quoted.unicodeScalars.append(scalar)
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where isEscaped(scalar):
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default:
                quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// True for what YAML calls not printable, and for what breaks lines or is seen by nobody.
    private static func isEscaped(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f...0x9f, 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff: true
        default: false
        }
    }
}

/// Texts without quotes, where every reader of YAML takes them for texts.
enum PlainText {
    /// The text, in quotes if a reader of YAML 1.1 or 1.2 could take it for something else.
    static func quoteIfNeeded(_ text: String) -> String {
        isPlain(text) ? text : QuotedText.quote(text)
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, isWordByte(first) || first == UInt8(ascii: "/") else {
            return false
        }
        let isSimple = text.utf8.allSatisfy {
            isWordByte($0) || $0 == 0x20 || $0 == 0x2e || $0 == 0x2f || $0 == 0x2d
        }
        return isSimple && text.utf8.last != 0x20 && !isNumberLike(text) && !isReserved(text)
    }

    /// Letters, digits and `_`.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// True for what a reader may take for a number or a date: `12`, `1e3`, `0x1f`, `1_000`, `1.5`, `2001-01-01`.
    private static func isNumberLike(_ text: String) -> Bool {
        guard let first = text.utf8.first, (48...57).contains(first) else { return false }
        let second = text.utf8.dropFirst().first.map { $0 | 32 }
        if first == UInt8(ascii: "0"), let second, "xob".utf8.contains(second) { return true }
        let areNumeric = text.utf8.allSatisfy { (48...57).contains($0) || "._-eE ".utf8.contains($0) }
        return areNumeric && text.utf8.count { $0 == UInt8(ascii: ".") } <= 1
    }

    /// True for the words of YAML 1.1 and 1.2 that are no texts.
    private static func isReserved(_ text: String) -> Bool {
        ["true", "false", "yes", "no", "on", "off", "y", "n", "null"].contains(text.lowercased())
    }
}
