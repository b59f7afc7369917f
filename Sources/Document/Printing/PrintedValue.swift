/// A key with its value.
typealias PrintedEntry = (key: String, value: PrintedValue)

/// A value as it is to be written, in YAML or in JSON.
indirect enum PrintedValue {
    case text(String)
    case number(UInt64)
    case boolean(Bool)
    /// A list on one line.
    case list([PrintedValue])
    /// A list with a line for each item.
    case lines([PrintedValue])
    /// A mapping on one line, where the format allows it.
    case mapping([(key: String, value: PrintedValue)])
    /// A mapping with a line for each key.
    case block([(key: String, value: PrintedValue)])

    static func natural(_ number: some FixedWidthInteger & UnsignedInteger) -> PrintedValue {
        .number(UInt64(truncatingIfNeeded: number))
    }
}

/// Writes values as JSON.
struct JSONWriter {
    private(set) var text = ""

    /// Writes a value; containers with a line for each item are indented by `indentation` spaces.
    mutating func write(_ value: PrintedValue, indentation: Int = 0) {
        switch value {
        case .text(let string): text += QuotedText.quote(string)
        case .number(let number): text += String(number)
        case .boolean(let flag): text += flag ? "true" : "false"
        case .list(let items):
            write(items, between: "[", "]", indentation: nil) { writer, item, _ in writer.write(item) }
        case .lines(let items):
            write(items, between: "[", "]", indentation: indentation) { $0.write($1, indentation: $2) }
        case .mapping(let entries):
            write(entries, between: "{", "}", indentation: nil) { writer, entry, _ in writer.write(entry, 0) }
        case .block(let entries):
            write(entries, between: "{", "}", indentation: indentation) { $0.write($1, $2) }
        }
    }

    private mutating func write(_ entry: (key: String, value: PrintedValue), _ indentation: Int) {
        text += QuotedText.quote(entry.key)
        text += ": "
        write(entry.value, indentation: indentation)
    }

    /// Writes items with commas, on one line or, with an indentation, on a line each.
    private mutating func write<Item>(
        _ items: [Item],
        between open: String,
        _ close: String,
        indentation: Int?,
        _ body: (inout JSONWriter, Item, Int) -> Void
    ) {
        text += open
        for (index, item) in items.enumerated() {
            if index > 0 { text += "," }
            if let indentation {
                newLine(indentation + 2)
            } else if index > 0 {
                text += " "
            }
            body(&self, item, (indentation ?? 0) + 2)
        }
        if let indentation, !items.isEmpty { newLine(indentation) }
        text += close
    }

    private mutating func newLine(_ indentation: Int) {
        text += "\n"
        text += String(repeating: " ", count: indentation)
    }
}

/// Writes values as YAML.
struct YAMLWriter {
    private(set) var text = ""

    /// Writes the entries of the outermost mapping.
    mutating func write(_ entries: [(key: String, value: PrintedValue)], indentation: Int = 0) {
        for (key, value) in entries {
            indent(indentation)
            text += PlainText.quoteIfNeeded(key)
            text += ":"
            writeValue(value, indentation: indentation)
            text += "\n"
        }
    }

    /// Writes the value of a key, which stands on the key's line or on lines below it.
    private mutating func writeValue(_ value: PrintedValue, indentation: Int) {
        switch value {
        case .lines(let items) where !items.isEmpty:
            for item in items {
                text += "\n"
                indent(indentation + 2)
                text += "- "
                writeFlow(item)
            }
        case .block(let entries) where !entries.isEmpty:
            text += "\n"
            write(entries, indentation: indentation + 2)
            text.removeLast()
        default:
            text += " "
            writeFlow(value)
        }
    }

    private mutating func writeFlow(_ value: PrintedValue) {
        switch value {
        case .text(let string): text += PlainText.quoteIfNeeded(string)
        case .number(let number): text += String(number)
        case .boolean(let flag): text += flag ? "true" : "false"
        case .list(let items), .lines(let items):
            text += "["
            for (index, item) in items.enumerated() {
                if index > 0 { text += ", " }
                writeFlow(item)
            }
            text += "]"
        case .mapping(let entries), .block(let entries):
            text += entries.isEmpty ? "{" : "{ "
            for (index, entry) in entries.enumerated() {
                if index > 0 { text += ", " }
                text += PlainText.quoteIfNeeded(entry.key)
                text += ": "
                writeFlow(entry.value)
            }
            text += entries.isEmpty ? "}" : " }"
        }
    }

    private mutating func indent(_ count: Int) {
        for _ in 0..<count { text += " " }
    }
}
