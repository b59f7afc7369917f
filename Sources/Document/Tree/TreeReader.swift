internal import CYAML

/// Reads YAML texts into a ``ValueTree``, by libyaml's events, within bounds.
struct TreeReader {
    /// What was read so far.
    private(set) var tree = ValueTree()

    private var open: [OpenContainer] = []
    private var anchors: [String: Anchor] = [:]
    /// How many values there would be if every alias were written out.
    private var expandedCount = 0
    private var documentCount = 0
    private var sourceName = ""
    private var byteCount = 0
    /// The runs of plain lines that libyaml was not given, from the last to the first.
    private var runs: [PlainRun] = []
    /// The mapping behind which the next run comes, once it is open.
    private var runAnchor: Int?
    /// How many lines libyaml was not given so far.
    private var linesLeftOut = 0
    /// False to have libyaml read everything: tests compare.
    private let readsPlainLines: Bool

    /// The most bytes that all texts together may have: 64 MiB.
    static let byteLimit = 64 << 20
    /// From this size on, room for the values is made beforehand.
    private static let largeByteCount = 64 << 10
    /// How deep values may be nested.
    static let depthLimit = 100
    /// The most values, aliases written out.
    static let valueLimit = 4_000_000
    /// Aliases may make this many values out of anything.
    static let harmlessValueCount = 100_000
    /// Beyond that they may make this many out of each that is written.
    static let expansionLimit = 100

    /// A list or mapping that is not closed yet.
    private struct OpenContainer {
        var node: Int
        /// Whether it is a mapping without braces.
        var isBlock: Bool
        var anchor: String?
        var expandedCountBefore: Int
    }

    /// What an anchor stands for.
    private struct Anchor {
        var node: Int
        /// How many values it is, aliases written out; `nil` while it is not closed.
        var expandedCount: Int?
    }

    init(readsPlainLines: Bool = true) {
        self.readsPlainLines = readsPlainLines
    }

    /// Reads one more text.
    ///
    /// - Throws: What is not YAML in it, or not the part of YAML that a document may use.
    mutating func read(_ source: Source) throws(Complaint) {
        sourceName = source.name
        byteCount += source.bytes.count
        guard byteCount <= Self.byteLimit else {
            throw Complaint(file: source.name, message: "the document is larger than 64 MiB")
        }
        try Self.checkEncoding(of: source)
        var source = source
        // Told that it reads UTF-8, libyaml takes the mark for a first column.
        if source.bytes.starts(with: [0xef, 0xbb, 0xbf]) { source.bytes.removeFirst(3) }
        let root = tree.nodes.count
        if source.bytes.count > Self.largeByteCount {
            // Memory that is not written to costs nothing; growing a large array step by step does.
            tree.nodes.reserveCapacity(root + source.bytes.count / 8)
            tree.text.reserveCapacity(tree.text.count + source.bytes.count / 2)
        }
        if !parseAbridged(source) { try parse(source.bytes) }
        let isEmpty = tree.nodes.count == root || (tree.nodes.count == root + 1 && tree.isNull(root))
        tree.sources.append(.init(name: source.name, root: isEmpty ? nil : root, end: tree.nodes.count))
    }

    /// Refuses UTF-16, which libyaml would take.
    private static func checkEncoding(of source: Source) throws(Complaint) {
        let isUTF16 = source.bytes.starts(with: [0xff, 0xfe]) || source.bytes.starts(with: [0xfe, 0xff])
        guard !isUTF16, !source.bytes.prefix(4).contains(0) else {
            throw Complaint(
                file: source.name,
                line: 1,
                column: 1,
                message: "the file is not UTF-8 but seems to be UTF-16 or binary",
                hint: "save it as UTF-8"
            )
        }
    }

    /// Reads a text whose long lists and mappings libyaml is spared.
    ///
    /// - Returns: False if there are none, or if anything at all is out of the ordinary: libyaml is then to read all of the
    ///   text, so that what is complained of, and where, does not depend on this.
    private mutating func parseAbridged(_ source: Source) -> Bool {
        guard readsPlainLines else { return false }
        let text = AbridgedText(source.bytes)
        guard !text.runs.isEmpty else { return false }
        let before = (nodes: tree.nodes.count, text: tree.text.count, expanded: expandedCount)
        let isRead = source.bytes.withUnsafeBufferPointer { whole in
            do throws(Complaint) {
                try parse(text.bytes, leavingOut: text.runs, of: whole)
                return runs.isEmpty
            } catch {
                return false
            }
        }
        guard !isRead else { return true }
        tree.nodes.removeSubrange(before.nodes...)
        tree.text.removeSubrange(before.text...)
        expandedCount = before.expanded
        return false
    }

    private mutating func parse(
        _ text: [UInt8],
        leavingOut runs: [PlainRun] = [],
        of whole: UnsafeBufferPointer<UInt8>? = nil
    ) throws(Complaint) {
        anchors = [:]
        open = []
        documentCount = 0
        self.runs = runs.reversed()
        runAnchor = nil
        linesLeftOut = 0
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        guard yaml_parser_initialize(parser) == 1 else {
            throw Complaint(file: sourceName, message: "there is no memory to read it")
        }
        defer { yaml_parser_delete(parser) }
        let result = text.withUnsafeBufferPointer { bytes in
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
            return takeEvents(of: parser, bytes: bytes, whole: whole ?? bytes)
        }
        if let result { throw result }
    }

    /// Takes events until there are no more.
    ///
    /// - Returns: What is wrong, if anything is; closures don't throw typed errors everywhere yet.
    private mutating func takeEvents(
        of parser: UnsafeMutablePointer<yaml_parser_t>,
        bytes: UnsafeBufferPointer<UInt8>,
        whole: UnsafeBufferPointer<UInt8>
    ) -> Complaint? {
        var event = yaml_event_t()
        while true {
            guard yaml_parser_parse(parser, &event) == 1 else {
                return SyntaxErrorWords.complaint(about: parser.pointee, in: sourceName, bytes: bytes)
            }
            defer { yaml_event_delete(&event) }
            guard event.type != YAML_STREAM_END_EVENT, event.type != YAML_NO_EVENT else { return nil }
            do throws(Complaint) {
                let closed = try take(event)
                if let runAnchor, closed == runAnchor { try takeRun(behind: runAnchor, of: whole) }
            } catch {
                return error
            }
        }
    }

    /// Takes an event.
    ///
    /// - Returns: The list or mapping that ends with it.
    private mutating func take(_ event: yaml_event_t) throws(Complaint) -> Int? {
        switch event.type {
        case YAML_SCALAR_EVENT:
            try takeScalar(event)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            try openContainer(.mapping, anchor: start.anchor, tag: start.tag, at: event.start_mark)
            open[open.count - 1].isBlock = start.style == YAML_BLOCK_MAPPING_STYLE
            if let run = runs.last, run.mark == event.start_mark.index { runAnchor = tree.nodes.count - 1 }
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            try openContainer(.list, anchor: start.anchor, tag: start.tag, at: event.start_mark)
        case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT:
            return closeContainer()
        case YAML_ALIAS_EVENT:
            try takeAlias(event)
        case YAML_DOCUMENT_START_EVENT:
            documentCount += 1
            guard documentCount == 1 else {
                throw complaint(
                    at: event.start_mark,
                    "a second YAML document begins here",
                    hint: "a file holds one; put the rest into a file of its own"
                )
            }
        default:
            break
        }
        return nil
    }

    /// Takes the lines that libyaml was not given, behind the one like them that it was.
    private mutating func takeRun(
        behind first: Int,
        of whole: UnsafeBufferPointer<UInt8>
    ) throws(Complaint) {
        guard let run = runs.popLast(), let container = open.last, let base = whole.baseAddress else {
            return
        }
        runAnchor = nil
        expandedCount += run.valueCount
        let isPart =
            switch run.kind {
            case .item: tree.nodes[container.node].shape == .list
            // In braces there would have to be commas.
            case .entry: container.isBlock
            }
        guard isPart, expandedCount <= Self.valueLimit, open.count + PlainLine.depthLimit < Self.depthLimit
        else {
            throw Complaint(file: sourceName, message: "libyaml is to read this")
        }
        tree.nodes[container.node].first += UInt32(run.kind == .item ? run.lineCount : 2 * run.lineCount)
        tree.append(run, from: base, behindLine: Int(tree.nodes[first].line))
        linesLeftOut += run.lineCount
    }

    private mutating func takeScalar(_ event: yaml_event_t) throws(Complaint) {
        let scalar = event.data.scalar
        try check(tag: scalar.tag, at: event.start_mark)
        let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
        let start = tree.text.count
        tree.text.append(contentsOf: UnsafeBufferPointer(start: scalar.value, count: scalar.length))
        if isPlain, scalar.length == 2, isKeyNext, tree.text.suffix(2).elementsEqual("<<".utf8) {
            throw complaint(
                at: event.start_mark,
                "merge keys ('<<') are not supported",
                hint: "write the keys out, or use an alias for a whole value"
            )
        }
        let node = try append(
            isPlain ? .plain : .quoted,
            first: start,
            extent: scalar.length,
            at: event.start_mark
        )
        if let anchor = Self.string(scalar.anchor) {
            anchors[anchor] = Anchor(node: node, expandedCount: 1)
        }
    }

    private mutating func openContainer(
        _ shape: ValueTree.Shape,
        anchor: UnsafeMutablePointer<yaml_char_t>?,
        tag: UnsafeMutablePointer<yaml_char_t>?,
        at mark: yaml_mark_t
    ) throws(Complaint) {
        try check(tag: tag, at: mark)
        guard !isKeyNext else {
            throw complaint(at: mark, "a key is a text, not a \(shape == .list ? "list" : "mapping")")
        }
        guard open.count < Self.depthLimit else {
            throw complaint(at: mark, "values are nested deeper than \(Self.depthLimit) levels")
        }
        let before = expandedCount
        let node = try append(shape, first: 0, extent: 0, at: mark)
        let name = Self.string(anchor)
        if let name { anchors[name] = Anchor(node: node, expandedCount: nil) }
        open.append(OpenContainer(node: node, isBlock: false, anchor: name, expandedCountBefore: before))
    }

    private mutating func closeContainer() -> Int? {
        guard let container = open.popLast() else { return nil }
        tree.nodes[container.node].extent = UInt32(truncatingIfNeeded: tree.nodes.count)
        if let name = container.anchor, anchors[name]?.node == container.node {
            anchors[name]?.expandedCount = expandedCount - container.expandedCountBefore
        }
        return container.node
    }

    private mutating func takeAlias(_ event: yaml_event_t) throws(Complaint) {
        let name = Self.string(event.data.alias.anchor) ?? ""
        guard let anchor = anchors[name] else {
            throw complaint(
                at: event.start_mark,
                "no value before has the anchor '&\(name)'",
                hint: "a text that begins with '*' needs quotes"
            )
        }
        guard let count = anchor.expandedCount else {
            throw complaint(
                at: event.start_mark,
                "the alias '*\(name)' stands inside the value that it names"
            )
        }
        guard !isKeyNext else {
            throw complaint(at: event.start_mark, "a key is a text, not an alias")
        }
        expandedCount += count - 1
        _ = try append(.alias, first: anchor.node, extent: 0, at: event.start_mark)
        let written = tree.nodes.count
        if expandedCount > Self.harmlessValueCount, expandedCount / Self.expansionLimit > written {
            throw complaint(
                at: event.start_mark,
                "aliases make \(expandedCount) values out of \(written), which is refused as an alias bomb",
                hint: "write the values out"
            )
        }
    }

    /// True if the value that comes is the key of a mapping.
    private var isKeyNext: Bool {
        guard let container = open.last, tree.nodes[container.node].shape == .mapping else { return false }
        return tree.nodes[container.node].first % 2 == 0
    }

    /// Takes one value into the tree.
    private mutating func append(
        _ shape: ValueTree.Shape,
        first: Int,
        extent: Int,
        at mark: yaml_mark_t
    ) throws(Complaint) -> Int {
        expandedCount += 1
        guard expandedCount <= Self.valueLimit else {
            throw complaint(at: mark, "the document has more than \(Self.valueLimit) values")
        }
        if let container = open.last { tree.nodes[container.node].first += 1 }
        tree.nodes.append(
            .init(
                shape,
                first: first,
                extent: extent,
                line: mark.line + 1 + linesLeftOut,
                column: mark.column + 1
            )
        )
        return tree.nodes.count - 1
    }

    /// Refuses tags other than those of YAML's core schema, which say nothing that a key does not know.
    private func check(tag: UnsafeMutablePointer<yaml_char_t>?, at mark: yaml_mark_t) throws(Complaint) {
        guard let tag = Self.string(tag), tag != "!" else { return }
        let core = "tag:yaml.org,2002:"
        let isCore = tag.hasPrefix(core) && Self.coreTags.contains(String(tag.dropFirst(core.count)))
        guard !isCore else { return }
        let shown = tag.hasPrefix(core) ? "!!" + tag.dropFirst(core.count) : tag
        throw complaint(at: mark, "the tag '\(shown)' means nothing in a document", hint: "leave it out")
    }

    private static let coreTags: Set<String> = ["str", "int", "float", "bool", "null", "map", "seq"]

    private func complaint(at mark: yaml_mark_t, _ message: String, hint: String? = nil) -> Complaint {
        Complaint(
            file: sourceName,
            line: mark.line + 1,
            column: mark.column + 1,
            message: message,
            hint: hint
        )
    }

    private static func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        text.map { String(cString: $0) }
    }
}
