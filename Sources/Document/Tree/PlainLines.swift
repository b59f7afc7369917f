internal import Glibc

/// A text for libyaml, without the lines that are like the one before them.
///
/// A large document is nearly all lists of routes, neighbours and FDB entries, or mappings of nodes and sandboxes, one in a line.
/// libyaml takes longer over them than the kernel takes to tell what it has. So it gets the first of each run of such lines, and
/// says by that where the run stands; what follows has the same form and is read as ``PlainLine`` has it.
struct AbridgedText {
    /// What libyaml is to read.
    private(set) var bytes: [UInt8] = []
    /// What is left out, in order.
    private(set) var runs: [PlainRun] = []

    /// The fewest lines that are worth the trouble.
    static let shortestRun = 8

    init(_ text: [UInt8]) {
        var kept = 0
        // A line without an end may go on; so what is behind the last one is none.
        let end = text.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        var characters = 0
        text.withUnsafeBufferPointer { text in
            guard let base = text.baseAddress else { return }
            var position = 0
            while position < end {
                guard let first = PlainLine.measure(base + position) else {
                    let rest = memchr(base + position, CInt(UInt8(ascii: "\n")), end - position)
                    position = rest.map { UnsafeRawPointer($0) - UnsafeRawPointer(base) + 1 } ?? end
                    continue
                }
                let start = position + first.length
                var run = PlainRun(behind: first, at: start)
                while run.bytes.upperBound < end,
                    let line = PlainLine.measure(base + run.bytes.upperBound), line.isLike(first)
                {
                    run.append(line)
                }
                if run.lineCount >= Self.shortestRun {
                    bytes.append(contentsOf: text[kept..<start])
                    characters += text[kept..<position].count { $0 & 0xc0 != 0x80 }
                    run.mark = characters + first.start
                    characters += first.length
                    kept = run.bytes.upperBound
                    runs.append(run)
                }
                position = run.bytes.upperBound
            }
            if !runs.isEmpty { bytes.append(contentsOf: text[kept...]) }
        }
    }
}

/// Lines that are left out of a text: items of one list, or entries of one mapping.
struct PlainRun {
    /// Where the mapping in the line before them begins in the abridged text, in characters, as libyaml counts.
    var mark = 0
    let kind: PlainLine.Kind
    /// Where they are in the whole text.
    private(set) var bytes: Range<Int>
    private(set) var lineCount = 0
    /// How many values they are: mappings, lists, keys and what these have.
    private(set) var valueCount = 0

    fileprivate init(behind first: PlainLine, at start: Int) {
        kind = first.kind
        bytes = start..<start
    }

    fileprivate mutating func append(_ line: PlainLine) {
        bytes = bytes.lowerBound..<bytes.upperBound + line.length
        lineCount += 1
        valueCount += line.valueCount
    }
}

/// An item of a list or an entry of a mapping in one line, which is itself a mapping: `- { to: 10.8.0.0/16, via: 10.9.0.1, dev: "br9" }`,
/// `web: { node: n1, endpoints: [{ network: back }] }`.
///
/// Keys are words; what they have is letters, digits and `.`, `/`, `_`, `-`, `:`, beginning with a letter or digit, or it is
/// quoted and printable ASCII without quote and `\`, or it is a list or mapping of such. In what is so written YAML has nothing
/// but what is seen.
struct PlainLine {
    let kind: Kind
    let indent: Int
    /// Where its mapping begins, in bytes.
    let start: Int
    /// With the end of its line, in bytes.
    let length: Int
    let valueCount: Int

    enum Kind {
        /// `- {}`
        case item
        /// `name: {}`
        case entry
    }

    /// The longest line: libyaml takes no key that is longer.
    private static let lengthLimit = 1000
    /// How deep values are nested at most.
    static let depthLimit = 16

    /// Takes the measure of a line.
    ///
    /// - Parameter line: The beginning of a line that has an end.
    /// - Returns: `nil` if the line is anything else.
    @inline(__always)
    static func measure(_ line: UnsafePointer<UInt8>) -> PlainLine? {
        var count = PlainValueCount()
        return scan(line, &count).map {
            PlainLine(
                kind: $0.kind,
                indent: $0.indent,
                start: $0.start,
                length: $0.length,
                valueCount: count.count
            )
        }
    }

    /// True if it can follow `other` in one list or mapping.
    @inline(__always)
    func isLike(_ other: PlainLine) -> Bool { kind == other.kind && indent == other.indent }

    /// What a line is.
    typealias Extent = (kind: Kind, indent: Int, start: Int, length: Int)

    /// Goes through a line.
    ///
    /// No byte that is looked past is the end of the line: that alone keeps this within the text.
    ///
    /// - Parameters:
    ///   - line: The beginning of a line that has an end.
    ///   - visitor: Told of each value, with the offset of its text in the line.
    /// - Returns: `nil` if it is not all of this form.
    @inline(__always)
    static func scan(_ line: UnsafePointer<UInt8>, _ visitor: inout some PlainValueVisitor) -> Extent? {
        var indent = 0
        while line[indent] == UInt8(ascii: " ") { indent += 1 }
        var start = indent + 2
        let kind: Kind
        if line[indent] == UInt8(ascii: "-") {
            kind = .item
            guard line[indent + 1] == UInt8(ascii: " ") else { return nil }
        } else {
            kind = .entry
            guard isLetter(line[indent]) || isDigit(line[indent]),
                let value = skipKey(line, from: indent, &visitor)
            else { return nil }
            start = value
        }
        guard line[start] == UInt8(ascii: "{"), let end = scanMapping(line, from: start, &visitor),
            line[end] == UInt8(ascii: "\n"), end < lengthLimit
        else { return nil }
        return (kind, indent, start, end + 1)
    }

    /// Goes through a mapping in braces.
    ///
    /// - Returns: The offset behind it.
    @inline(__always)
    private static func scanMapping(
        _ line: UnsafePointer<UInt8>,
        from start: Int,
        _ visitor: inout some PlainValueVisitor
    ) -> Int? {
        var position = start
        // What is open, the innermost the lowest bit: 1 for a mapping; above them a 1.
        var open: UInt64 = 1
        while true {
            // A value begins here.
            let byte = line[position]
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                let isMapping = byte == UInt8(ascii: "{")
                guard open < 1 << UInt64(depthLimit) else { return nil }
                open = open << 1 | (isMapping ? 1 : 0)
                visitor.open(isMapping ? .mapping : .list, at: position)
                position = skipSpaces(line, from: position + 1)
                if isMapping {
                    guard isLetter(line[position]), let value = skipKey(line, from: position, &visitor) else {
                        return nil
                    }
                    position = value
                }
                continue
            }
            guard let end = skipScalar(line, from: position, &visitor) else { return nil }
            position = skipSpaces(line, from: end)
            // What is behind a value: the end of what it is in, and of what that is in, or another.
            let closing = { open & 1 == 1 ? UInt8(ascii: "}") : UInt8(ascii: "]") }
            while line[position] == closing() {
                visitor.close()
                open >>= 1
                position += 1
                if open == 1 { return position }
                position = skipSpaces(line, from: position)
            }
            guard line[position] == UInt8(ascii: ",") else { return nil }
            position = skipSpaces(line, from: position + 1)
            if open & 1 == 1 {
                guard isLetter(line[position]), let value = skipKey(line, from: position, &visitor) else {
                    return nil
                }
                position = value
            }
        }
    }

    /// Goes through a key, whose first character was looked at, and what is behind it.
    ///
    /// - Returns: The offset of its value.
    @inline(__always)
    private static func skipKey(
        _ line: UnsafePointer<UInt8>,
        from start: Int,
        _ visitor: inout some PlainValueVisitor
    ) -> Int? {
        var position = start
        repeat { position += 1 } while isPlain(line[position]) && line[position] != UInt8(ascii: ":")
        visitor.scalar(.plain, at: start, length: position - start)
        guard line[position] == UInt8(ascii: ":"), line[position + 1] == UInt8(ascii: " ") else { return nil }
        return skipSpaces(line, from: position + 2)
    }

    /// Goes through a scalar.
    ///
    /// - Returns: The offset behind it.
    @inline(__always)
    private static func skipScalar(
        _ line: UnsafePointer<UInt8>,
        from start: Int,
        _ visitor: inout some PlainValueVisitor
    ) -> Int? {
        var position = start
        if line[start] == UInt8(ascii: "\"") || line[start] == UInt8(ascii: "'") {
            repeat { position += 1 } while line[position] != line[start] && isQuotable(line[position])
            guard line[position] == line[start] else { return nil }
            visitor.scalar(.quoted, at: start + 1, length: position - start - 1)
            return position + 1
        }
        guard isLetter(line[start]) || isDigit(line[start]) else { return nil }
        repeat { position += 1 } while isPlain(line[position])
        guard line[position - 1] != UInt8(ascii: ":") else { return nil }
        visitor.scalar(.plain, at: start, length: position - start)
        return position
    }

    @inline(__always)
    private static func skipSpaces(_ line: UnsafePointer<UInt8>, from start: Int) -> Int {
        var position = start
        while line[position] == UInt8(ascii: " ") { position += 1 }
        return position
    }

    @inline(__always)
    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26
    }

    @inline(__always)
    private static func isDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10
    }

    /// True for what a scalar without quotes may have behind its first character.
    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool {
        // '-' '.' '/', the digits and ':' are one range.
        byte &- UInt8(ascii: "-") < 14 || isLetter(byte) || byte == UInt8(ascii: "_")
    }

    /// True for what stands for itself between quotes.
    @inline(__always)
    private static func isQuotable(_ byte: UInt8) -> Bool {
        byte &- 32 < 95 && byte != UInt8(ascii: "\\")
    }
}

/// Is told of the values of a line, in order.
protocol PlainValueVisitor {
    /// A key or another scalar: the offset and the length of its text, without quotes.
    mutating func scalar(_ shape: ValueTree.Shape, at offset: Int, length: Int)

    /// A list or mapping begins.
    mutating func open(_ shape: ValueTree.Shape, at offset: Int)

    /// The innermost list or mapping that is open ends.
    mutating func close()
}

/// How many values there are.
private struct PlainValueCount: PlainValueVisitor {
    var count = 0

    @inline(__always)
    mutating func scalar(_ shape: ValueTree.Shape, at offset: Int, length: Int) { count += 1 }

    @inline(__always)
    mutating func open(_ shape: ValueTree.Shape, at offset: Int) { count += 1 }

    @inline(__always)
    mutating func close() {}
}

/// Appends the values of lines to a tree.
private struct PlainValueAppender: PlainValueVisitor {
    var nodes: [ValueTree.Node]
    /// The lists and mappings that are open.
    var open: [Int] = []
    /// Which line it is, counted from 1, and where the tree has its text.
    var line: Int
    var textStart = 0

    @inline(__always)
    mutating func scalar(_ shape: ValueTree.Shape, at offset: Int, length: Int) {
        let column = shape == .quoted ? offset : offset + 1
        append(ValueTree.Node(shape, first: textStart + offset, extent: length, line: line, column: column))
    }

    @inline(__always)
    mutating func open(_ shape: ValueTree.Shape, at offset: Int) {
        append(ValueTree.Node(shape, first: 0, extent: 0, line: line, column: offset + 1))
        open.append(nodes.count - 1)
    }

    @inline(__always)
    mutating func close() {
        let container = open.removeLast()
        nodes[container].extent = UInt32(truncatingIfNeeded: nodes.count)
    }

    @inline(__always)
    private mutating func append(_ node: ValueTree.Node) {
        if let container = open.last { nodes[container].first += 1 }
        nodes.append(node)
    }
}

extension ValueTree {
    /// Appends the values of a run, which is in `text`, on the lines behind `line`.
    mutating func append(_ run: PlainRun, from text: UnsafePointer<UInt8>, behindLine line: Int) {
        let shift = self.text.count - run.bytes.lowerBound
        self.text.append(
            contentsOf: UnsafeBufferPointer(start: text + run.bytes.lowerBound, count: run.bytes.count)
        )
        var appender = PlainValueAppender(nodes: [], line: line)
        // Moved there and back, lest it be copied.
        swap(&appender.nodes, &nodes)
        defer { swap(&appender.nodes, &nodes) }
        var position = run.bytes.lowerBound
        while position < run.bytes.upperBound {
            appender.line += 1
            appender.textStart = position + shift
            guard let extent = PlainLine.scan(text + position, &appender) else {
                preconditionFailure("a line is what it was measured as")
            }
            position += extent.length
        }
    }
}
