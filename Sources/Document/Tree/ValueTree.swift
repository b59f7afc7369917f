/// The values of one or several texts, in the order in which they were written, each with its position.
///
/// A value is a range of ``nodes``: a container is followed by all that is in it, of a mapping key after value. So
/// 100,000 routes are one array of 16-byte nodes and one of bytes, and nothing is allocated for a value by itself.
struct ValueTree: Sendable {
    /// All values, containers before their contents.
    var nodes: [Node] = []
    /// The text of all scalars.
    var text: [UInt8] = []
    /// The texts that were read, in order.
    var sources: [SourceRange] = []

    /// One value.
    struct Node: Sendable {
        /// Where a scalar's text begins; how many values are directly in a list or mapping; whom an alias means.
        var first: UInt32
        /// The length of a scalar's text; the index behind the last value that is in a list or mapping.
        var extent: UInt32
        /// The line, counted from 1.
        var line: UInt32
        private var columnAndShape: UInt32

        init(_ shape: Shape, first: Int, extent: Int, line: Int, column: Int) {
            self.first = UInt32(truncatingIfNeeded: first)
            self.extent = UInt32(truncatingIfNeeded: extent)
            self.line = UInt32(truncatingIfNeeded: line)
            columnAndShape = UInt32(min(column, 0xff_ffff)) << 8 | UInt32(shape.rawValue)
        }

        /// What the value is.
        var shape: Shape { Shape(rawValue: UInt8(truncatingIfNeeded: columnAndShape)) ?? .plain }

        /// The column in characters, counted from 1; no greater than 16,777,215.
        var column: Int { Int(columnAndShape >> 8) }
    }

    /// What a value is.
    enum Shape: UInt8, Sendable {
        /// A scalar without quotes; if empty, `~` or `null`: no value.
        case plain
        /// A scalar with quotes, or a block of text.
        case quoted
        case list
        case mapping
        /// Another name of a value with an anchor.
        case alias
    }

    /// The values of one text.
    struct SourceRange: Sendable {
        var name: String
        /// Its outermost value; `nil` if the text is empty.
        var root: Int?
        /// The index behind its last value.
        var end: Int
    }

    /// The index behind the value at `node` and all that is in it.
    func end(of node: Int) -> Int {
        switch nodes[node].shape {
        case .plain, .quoted, .alias: node + 1
        case .list, .mapping: Int(nodes[node].extent)
        }
    }

    /// The value itself, where `node` is an alias.
    func resolve(_ node: Int) -> Int {
        nodes[node].shape == .alias ? Int(nodes[node].first) : node
    }

    /// Calls `body` with the text of the scalar at `node`.
    func withText<Result>(of node: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let start = Int(nodes[node].first)
        let length = Int(nodes[node].extent)
        return text.withUnsafeBufferPointer {
            body(UnsafeBufferPointer(rebasing: $0[start..<start + length]))
        }
    }

    /// The text of the scalar at `node`.
    func string(of node: Int) -> String {
        withText(of: node) { String(decoding: $0, as: UTF8.self) }
    }

    /// True if the value at `node` is a scalar that says nothing: empty without quotes, `~` or `null`.
    func isNull(_ node: Int) -> Bool {
        guard nodes[node].shape == .plain else { return false }
        switch nodes[node].extent {
        case 0: return true
        case 1: return text[Int(nodes[node].first)] == UInt8(ascii: "~")
        case 4: return ["null", "Null", "NULL"].contains(string(of: node))
        default: return false
        }
    }

    /// The value that a key has in the mapping at `mapping`.
    func value(of key: String, in mapping: Int) -> Int? {
        var cursor = EntryCursor(mapping, in: self)
        while let entry = cursor.next(in: self) {
            let isIt = nodes[entry.key].shape != .mapping && nodes[entry.key].shape != .list
            if isIt, string(of: resolve(entry.key)) == key { return entry.value }
        }
        return nil
    }

    /// The name of the text that the value at `node` stands in.
    func sourceName(of node: Int) -> String {
        sources.first { node < $0.end }?.name ?? ""
    }

    /// `file:line:column` of the value at `node`.
    func position(of node: Int) -> String {
        "\(sourceName(of: node)):\(nodes[node].line):\(nodes[node].column)"
    }
}

/// Goes through the keys and values of a mapping.
struct EntryCursor {
    private var position: Int
    private let end: Int

    init(_ mapping: Int, in tree: ValueTree) {
        position = mapping + 1
        end = tree.end(of: mapping)
    }

    mutating func next(in tree: ValueTree) -> (key: Int, value: Int)? {
        guard position < end else { return nil }
        let key = position
        let value = tree.end(of: key)
        position = tree.end(of: value)
        return (key, value)
    }
}

/// Goes through the items of a list.
struct ItemCursor {
    private var position: Int
    private let end: Int

    init(_ list: Int, in tree: ValueTree) {
        position = list + 1
        end = tree.end(of: list)
    }

    mutating func next(in tree: ValueTree) -> Int? {
        guard position < end else { return nil }
        defer { position = tree.end(of: position) }
        return position
    }
}
