internal import Glibc

/// A text for libyaml, without the items that are like the one before them.
///
/// A large document is nearly all lists of routes, neighbours and FDB entries, one in a line. libyaml takes longer over
/// them than the kernel takes to tell what it has. So it gets the first item of each run of such lines, and says by
/// that where the run stands; what follows has the same form and is read as ``PlainItem`` has it.
struct AbridgedText {
    /// What libyaml is to read.
    private(set) var bytes: [UInt8] = []
    /// What is left out, in order.
    private(set) var runs: [PlainItemRun] = []

    /// The fewest items that are worth the trouble.
    static let shortestRun = 8

    init(_ text: [UInt8]) {
        var kept = 0
        // A line without an end may go on; so what is behind the last one is no item.
        let end = text.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        var characters = 0
        text.withUnsafeBufferPointer { text in
            guard let base = text.baseAddress else { return }
            var position = 0
            while position < end {
                guard let first = PlainItem.measure(base + position) else {
                    let rest = memchr(base + position, CInt(UInt8(ascii: "\n")), end - position)
                    position = rest.map { UnsafeRawPointer($0) - UnsafeRawPointer(base) + 1 } ?? end
                    continue
                }
                let start = position + first.length
                var run = PlainItemRun(indent: first.indent, bytes: start..<start)
                while run.bytes.upperBound < end,
                    let item = PlainItem.measure(base + run.bytes.upperBound), item.indent == first.indent
                {
                    run.append(item)
                }
                if run.itemCount >= Self.shortestRun {
                    bytes.append(contentsOf: text[kept..<start])
                    characters += text[kept..<position].count { $0 & 0xc0 != 0x80 }
                    run.mark = characters + first.indent + 2
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

/// Items of a list that are left out of a text, one in a line.
struct PlainItemRun {
    /// Where the mapping of the item before them begins in the abridged text, in characters, as libyaml counts.
    var mark = 0
    /// How many spaces are before each item.
    let indent: Int
    /// Where they are in the whole text.
    private(set) var bytes: Range<Int>
    private(set) var itemCount = 0
    /// How many values they are: mappings, keys and what these have.
    private(set) var valueCount = 0

    init(indent: Int, bytes: Range<Int>) {
        self.indent = indent
        self.bytes = bytes
    }

    fileprivate mutating func append(_ item: PlainItem) {
        bytes = bytes.lowerBound..<bytes.upperBound + item.length
        itemCount += 1
        valueCount += item.valueCount
    }
}

/// An item of a list, a mapping in one line: `- { to: 10.8.0.0/16, via: 10.9.0.1, dev: "br9" }`.
///
/// Keys are words; what they have is letters, digits and `.`, `/`, `_`, `-`, `:`, beginning with a letter or digit, or it is
/// quoted and printable ASCII without quote and `\`. In what is so written YAML has nothing but what is seen.
struct PlainItem {
    var indent: Int
    /// With the end of its line, in bytes.
    var length: Int
    var valueCount: Int

    /// Takes the measure of the item that a line is.
    ///
    /// - Parameter line: The beginning of a line that has an end.
    /// - Returns: `nil` if the line is anything else.
    @inline(__always)
    static func measure(_ line: UnsafePointer<UInt8>) -> PlainItem? {
        var indent = 0
        while line[indent] == UInt8(ascii: " ") { indent += 1 }
        guard line[indent] == UInt8(ascii: "-"), line[indent + 1] == UInt8(ascii: " ") else { return nil }
        var item = PlainItem(indent: indent, length: 0, valueCount: 1)
        guard let length = scan(line, indent: indent, { _, _, _ in item.valueCount += 1 }) else { return nil }
        item.length = length
        return item
    }

    /// Goes through the keys of an item and what they have.
    ///
    /// No byte that is looked past is the end of the line: that alone keeps this within the text.
    ///
    /// - Parameters:
    ///   - line: The beginning of a line that has an end.
    ///   - indent: How many spaces are before the `-`.
    ///   - visit: Called with each value, the offset of its text in the line, and the text's length.
    /// - Returns: The length of the line with its end; `nil` if it is not all of this form.
    @inline(__always)
    static func scan(
        _ line: UnsafePointer<UInt8>,
        indent: Int,
        _ visit: (ValueTree.Shape, _ start: Int, _ length: Int) -> Void
    ) -> Int? {
        var position = indent + 2
        guard line[position] == UInt8(ascii: "{") else { return nil }
        repeat {
            position += 1
            while line[position] == UInt8(ascii: " ") { position += 1 }
            let key = position
            guard isLetter(line[position]) else { return nil }
            repeat { position += 1 } while isPlain(line[position]) && line[position] != UInt8(ascii: ":")
            visit(.plain, key, position - key)
            guard line[position] == UInt8(ascii: ":"), line[position + 1] == UInt8(ascii: " ") else {
                return nil
            }
            position += 2
            while line[position] == UInt8(ascii: " ") { position += 1 }
            let start = position
            if line[start] == UInt8(ascii: "\"") || line[start] == UInt8(ascii: "'") {
                repeat { position += 1 } while line[position] != line[start] && isQuotable(line[position])
                guard line[position] == line[start] else { return nil }
                visit(.quoted, start + 1, position - start - 1)
                position += 1
            } else {
                guard isLetter(line[start]) || isDigit(line[start]) else { return nil }
                repeat { position += 1 } while isPlain(line[position])
                guard line[position - 1] != UInt8(ascii: ":") else { return nil }
                visit(.plain, start, position - start)
            }
            while line[position] == UInt8(ascii: " ") { position += 1 }
        } while line[position] == UInt8(ascii: ",")
        guard line[position] == UInt8(ascii: "}"), line[position + 1] == UInt8(ascii: "\n") else {
            return nil
        }
        return position + 2
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

extension ValueTree {
    /// Appends the items of a run, which are in `text`, on the lines behind `line`.
    mutating func append(_ run: PlainItemRun, from text: UnsafePointer<UInt8>, behindLine line: Int) {
        let textStart = self.text.count
        self.text.append(
            contentsOf: UnsafeBufferPointer(start: text + run.bytes.lowerBound, count: run.bytes.count)
        )
        var line = line
        var position = run.bytes.lowerBound
        while position < run.bytes.upperBound {
            line += 1
            let mapping = nodes.count
            let start = textStart + position - run.bytes.lowerBound
            nodes.append(Node(.mapping, first: 0, extent: 0, line: line, column: run.indent + 3))
            let length = PlainItem.scan(text + position, indent: run.indent) { shape, offset, length in
                let column = shape == .quoted ? offset : offset + 1
                nodes.append(Node(shape, first: start + offset, extent: length, line: line, column: column))
            }
            guard let length else { preconditionFailure("a line is the item that it was measured as") }
            nodes[mapping].first = UInt32(truncatingIfNeeded: nodes.count - mapping - 1)
            nodes[mapping].extent = UInt32(truncatingIfNeeded: nodes.count)
            position += length
        }
    }
}
