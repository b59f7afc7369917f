/// Changes of a text that leave everything else of it as it is, to the byte.
struct TextEdits {
    private let tree: MarkedTree
    private var edits: [Edit] = []

    /// What comes in the place of some bytes, of none for an insertion.
    private struct Edit {
        var range: Range<Int>
        var text: String
    }

    init(_ tree: MarkedTree) {
        self.tree = tree
    }

    /// The text with all changes.
    var result: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(tree.bytes.count + edits.reduce(0) { $0 + $1.text.utf8.count })
        var position = 0
        // Of two at one place the one that was made first stands first.
        let order = edits.indices.sorted {
            (edits[$0].range.lowerBound, $0) < (edits[$1].range.lowerBound, $1)
        }
        for edit in order.map({ edits[$0] }) {
            result += tree.bytes[position..<edit.range.lowerBound]
            result += edit.text.utf8
            position = edit.range.upperBound
        }
        return result + tree.bytes[position...]
    }

    private mutating func insert(_ text: String, at offset: Int) {
        edits.append(Edit(range: offset..<offset, text: text))
    }

    // MARK: Entries of mappings

    /// Adds an entry behind another one of its mapping, written as that is: in line or on a line of its own, with or without
    /// quotes.
    ///
    /// - Returns: False if it is written in a way that nothing can be added to.
    mutating func add(
        _ name: String,
        _ value: TextValue,
        behind entry: MarkedTree.Entry,
        in mapping: Int
    ) -> Bool {
        let style = style(of: entry)
        let text = style.text(ofKey: name) + style.colon + value.text(style)
        switch tree.nodes[mapping].shape {
        case .mapping(isFlow: true): addInBraces(text, style, behind: entry, in: mapping)
        case .mapping(isFlow: false): addOnLine(text, behind: entry)
        case .scalar, .list, .alias: return false
        }
        return true
    }

    /// Puts an entry in the place of another one, whose value is a scalar or a list in brackets.
    mutating func replace(_ entry: MarkedTree.Entry, by name: String, _ value: TextValue) -> Bool {
        switch tree.nodes[entry.value].shape {
        case .scalar(.block), .list(isFlow: false), .mapping, .alias: return false
        case .scalar, .list(isFlow: true): break
        }
        let style = style(of: entry)
        let range = tree.nodes[entry.key].start..<tree.nodes[entry.value].end
        // What stands between the brackets may be a comment.
        guard !tree.bytes[range].contains(UInt8(ascii: "#")) else { return false }
        edits.append(Edit(range: range, text: style.text(ofKey: name) + style.colon + value.text(style)))
        return true
    }

    private func style(of entry: MarkedTree.Entry) -> TextStyle {
        let (key, value) = (tree.nodes[entry.key], tree.nodes[entry.value])
        var style = TextStyle()
        switch key.shape {
        case .scalar(.doubleQuoted): style.quote = "\""
        case .scalar(.singleQuoted): style.quote = "'"
        case .scalar(.plain), .scalar(.block), .list, .mapping, .alias: break
        }
        // Only a key in quotes may have its value right behind the colon.
        style.isTight = !style.quote.isEmpty && value.start == key.end + 1
        return style
    }

    private mutating func addInBraces(
        _ text: String,
        _ style: TextStyle,
        behind entry: MarkedTree.Entry,
        in mapping: Int
    ) {
        let (key, value) = (tree.nodes[entry.key], tree.nodes[entry.value])
        let isBraced = tree.bytes[tree.nodes[mapping].start..<key.start].contains(UInt8(ascii: "{"))
        guard isBraced else {
            // `[ network: back ]`, a mapping of one entry without braces.
            insert("{ ", at: tree.nodes[mapping].start)
            return insert("\(style.comma)\(text) }", at: value.end)
        }
        let comma = skipBlanks(from: value.end)
        let hasComma = comma < tree.bytes.count && tree.bytes[comma] == UInt8(ascii: ",")
        let line = lineStart(of: key.start)
        guard isBlank(line..<key.start), let end = lineEnd(ifNothingFollows: hasComma ? comma + 1 : value.end)
        else {
            return insert("\(style.comma)\(text)", at: value.end)
        }
        if !hasComma { insert(",", at: value.end) }
        let indentation = String(decoding: tree.bytes[line..<key.start], as: UTF8.self)
        insert("\(indentation)\(text)\(hasComma ? "," : "")\(end.lineBreak)", at: end.next)
    }

    private mutating func addOnLine(_ text: String, behind entry: MarkedTree.Entry) {
        let (key, value) = (tree.nodes[entry.key], tree.nodes[entry.value])
        let begin = begin(ofEntryWithKeyAt: key.start)
        let indentation = String(repeating: " ", count: key.column - 1 - (key.start - begin))
        if case .scalar(.block) = value.shape {
            // Where a block of text ends depends on what follows it.
            return insert("\(text)\(lineBreak)\(indentation)", at: begin)
        }
        insertLine(indentation + text, behind: value.end)
    }

    /// Where an entry begins: with its key, or with the question mark before that.
    private func begin(ofEntryWithKeyAt start: Int) -> Int {
        let before = tree.bytes[lineStart(of: start)..<start]
        guard let mark = before.lastIndex(where: { !Self.blanks.contains($0) }) else { return start }
        return before[mark] == UInt8(ascii: "?") ? mark : start
    }

    // MARK: Items of lists

    /// Adds an item to a value that is one, or a list of some.
    ///
    /// - Returns: False if it is written in a way that nothing can be added to.
    mutating func add(item: TextValue, to value: Int) -> Bool {
        let node = tree.nodes[value]
        switch node.shape {
        case .scalar(let style):
            guard style != .block, node.end > node.start else { return false }
            return wrap(value, with: item, self.style(ofScalar: value))
        case .alias(let target):
            guard case .scalar = tree.nodes[target].shape else { return false }
            return wrap(value, with: item, TextStyle())
        case .list(let isFlow):
            guard let last = tree.items(of: value).last else { return false }
            let text = item.text(style(ofScalar: last))
            if isFlow {
                insert(", \(text)", at: tree.nodes[last].end)
                return true
            }
            let start = lineStart(of: tree.nodes[last].start)
            let before = tree.bytes[start..<tree.nodes[last].start]
            let isItem = before.allSatisfy { [UInt8(ascii: " "), UInt8(ascii: "-")].contains($0) }
            guard isItem, before.count(where: { $0 == UInt8(ascii: "-") }) == 1 else { return false }
            insertLine(String(decoding: before, as: UTF8.self) + text, behind: tree.nodes[last].end)
            return true
        case .mapping: return false
        }
    }

    private mutating func wrap(_ value: Int, with item: TextValue, _ style: TextStyle) -> Bool {
        insert("[", at: tree.nodes[value].start)
        insert(", \(item.text(style))]", at: tree.nodes[value].end)
        return true
    }

    private func style(ofScalar node: Int) -> TextStyle {
        var style = TextStyle()
        switch tree.nodes[node].shape {
        case .scalar(.doubleQuoted): style.quote = "\""
        case .scalar(.singleQuoted): style.quote = "'"
        case .scalar(.plain), .scalar(.block), .list, .mapping, .alias: break
        }
        return style
    }

    // MARK: Lines

    /// Inserts a line behind the one on which a value ends.
    private mutating func insertLine(_ text: String, behind offset: Int) {
        let end = lineEnd(from: offset)
        if end.next == end.offset {
            insert(lineBreak + text, at: end.offset)
        } else {
            insert(text + end.lineBreak, at: end.next)
        }
    }

    /// The end of a line, and where the next one begins: the same place at the end of the text.
    private struct LineEnd {
        var offset: Int
        var next: Int
        var lineBreak: String
    }

    private func lineEnd(from start: Int) -> LineEnd {
        let bytes = tree.bytes
        let end = bytes[start...].firstIndex { Self.breaks.contains($0) } ?? bytes.count
        guard end < bytes.count else { return LineEnd(offset: end, next: end, lineBreak: "") }
        let isPair = bytes[end...].starts(with: [UInt8(ascii: "\r"), UInt8(ascii: "\n")])
        let next = end + (isPair ? 2 : 1)
        return LineEnd(
            offset: end,
            next: next,
            lineBreak: String(decoding: bytes[end..<next], as: UTF8.self)
        )
    }

    /// The end of the line, if nothing but a comment stands before it.
    private func lineEnd(ifNothingFollows start: Int) -> LineEnd? {
        let end = lineEnd(from: start)
        guard end.next > end.offset else { return nil }
        let next = skipBlanks(from: start)
        guard next < end.offset else { return end }
        return tree.bytes[next] == UInt8(ascii: "#") && next > start ? end : nil
    }

    /// How the text breaks lines: as it does first.
    private var lineBreak: String {
        let end = lineEnd(from: 0)
        return end.lineBreak.isEmpty ? "\n" : end.lineBreak
    }

    private static let breaks = [UInt8(ascii: "\n"), UInt8(ascii: "\r")]
    private static let blanks = [UInt8(ascii: " "), UInt8(ascii: "\t")]

    private func lineStart(of offset: Int) -> Int {
        let before = tree.bytes[..<offset].lastIndex { Self.breaks.contains($0) }
        return before.map { $0 + 1 } ?? 0
    }

    private func skipBlanks(from start: Int) -> Int {
        tree.bytes[start...].firstIndex { !Self.blanks.contains($0) } ?? tree.bytes.count
    }

    private func isBlank(_ range: Range<Int>) -> Bool {
        tree.bytes[range].allSatisfy { Self.blanks.contains($0) }
    }
}

/// How a value is written: as what stands beside it.
struct TextStyle {
    /// The quotes around every key and value; empty if they have none.
    var quote = ""
    /// There is nothing between a colon and a value, nor behind a comma: as programs write JSON.
    var isTight = false

    var colon: String { isTight ? ":" : ": " }
    var comma: String { isTight ? "," : ", " }

    func text(ofKey key: String) -> String { quote + key + quote }
}

/// A value that is written into a text.
indirect enum TextValue {
    /// A text without quotes, blanks or backslashes in it.
    case scalar(String)
    /// One value by itself; several in brackets.
    case oneOrMore([TextValue])
    case mapping([(String, TextValue)])

    func text(_ style: TextStyle) -> String {
        switch self {
        case .scalar(let text):
            // What has a colon would want to be a mapping.
            let quote = style.quote.isEmpty && text.contains(":") ? "\"" : style.quote
            return quote + text + quote
        case .oneOrMore(let values):
            let texts = values.map { $0.text(style) }
            return texts.count == 1 ? texts[0] : "[\(texts.joined(separator: style.comma))]"
        case .mapping(let entries):
            let texts = entries.map { style.text(ofKey: $0) + style.colon + $1.text(style) }
            let blank = style.isTight ? "" : " "
            return "{\(blank)\(texts.joined(separator: style.comma))\(blank)}"
        }
    }
}
