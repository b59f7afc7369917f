internal import CYAML

/// The values of one text with where each begins and ends in it, for changing the text and nothing else.
///
/// Like ``ValueTree`` a list of values, containers before their contents; of a text that was read without complaint.
struct MarkedTree {
    private(set) var nodes: [Node] = []
    /// The text itself.
    let bytes: [UInt8]

    /// One value.
    struct Node {
        var shape: Shape
        /// Where its first byte is: that of its anchor or tag if it has any.
        var start: Int
        /// Behind its last byte; of lists and mappings without brackets of no use.
        var end: Int
        /// Line and column in characters, counted from 1.
        var line: Int
        var column: Int
        /// The index behind the last value that is in it.
        var extent: Int
        /// The text of a scalar.
        var text = ""
    }

    /// How a value is written.
    enum Shape: Equatable {
        case scalar(Style)
        case list(isFlow: Bool)
        case mapping(isFlow: Bool)
        /// Another name of the value at `target`.
        case alias(target: Int)
    }

    /// How a scalar is written.
    enum Style: Equatable {
        case plain
        case singleQuoted
        case doubleQuoted
        /// A block of text, behind `|` or `>`.
        case block
    }

    /// Reads a text; `nil` if it is no YAML.
    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        var reader = MarkedTreeReader(bytes)
        guard let nodes = reader.read() else { return nil }
        self.nodes = nodes
    }

    /// The value itself, where `node` is an alias.
    func resolve(_ node: Int) -> Int {
        if case .alias(let target) = nodes[node].shape { return target }
        return node
    }

    func isAlias(_ node: Int) -> Bool { resolve(node) != node }

    /// The key and the value that a mapping has under a name.
    func entry(_ name: String, in mapping: Int) -> Entry? {
        entries(of: mapping).first { nodes[resolve($0.key)].text == name }
    }

    /// The keys and values of a mapping; none of anything else.
    func entries(of mapping: Int) -> [Entry] {
        guard case .mapping = nodes[mapping].shape else { return [] }
        let children = children(of: mapping)
        return stride(from: 0, to: children.count - 1, by: 2).map { Entry(children[$0], children[$0 + 1]) }
    }

    /// The items of a list; none of anything else.
    func items(of list: Int) -> [Int] {
        guard case .list = nodes[list].shape else { return [] }
        return children(of: list)
    }

    private func children(of container: Int) -> [Int] {
        var children: [Int] = []
        var position = container + 1
        while position < nodes[container].extent {
            children.append(position)
            position = nodes[position].extent
        }
        return children
    }

    /// A key with its value.
    struct Entry {
        var key: Int
        var value: Int

        init(_ key: Int, _ value: Int) {
            self.key = key
            self.value = value
        }
    }
}

/// Takes libyaml's events, with their marks turned into positions of bytes.
private struct MarkedTreeReader {
    private let bytes: [UInt8]
    /// Where the characters begin, in a text that has others than ASCII's.
    private let offsets: [Int]
    /// The bytes before the first character: a byte order mark.
    private let begin: Int
    private var nodes: [MarkedTree.Node] = []
    private var open: [Int] = []
    private var anchors: [String: Int] = [:]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        begin = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        // libyaml counts characters.
        let isPlain = begin == 0 && bytes.allSatisfy { $0 < 0x80 }
        offsets = isPlain ? [] : bytes.indices.dropFirst(begin).filter { bytes[$0] & 0xc0 != 0x80 }
    }

    private func offset(of mark: yaml_mark_t) -> Int {
        if offsets.isEmpty { return min(mark.index, bytes.count) }
        return mark.index < offsets.count ? offsets[mark.index] : bytes.count
    }

    mutating func read() -> [MarkedTree.Node]? {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        guard yaml_parser_initialize(parser) == 1 else { return nil }
        defer { yaml_parser_delete(parser) }
        let text = bytes[begin...]
        let isRead = text.withUnsafeBufferPointer { text in
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(parser, text.baseAddress, text.count)
            return takeEvents(of: parser)
        }
        return isRead ? nodes : nil
    }

    private mutating func takeEvents(of parser: UnsafeMutablePointer<yaml_parser_t>) -> Bool {
        var event = yaml_event_t()
        while yaml_parser_parse(parser, &event) == 1 {
            defer { yaml_event_delete(&event) }
            guard event.type != YAML_STREAM_END_EVENT, event.type != YAML_NO_EVENT else { return true }
            take(event)
        }
        return false
    }

    private mutating func take(_ event: yaml_event_t) {
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            append(.scalar(Self.style(scalar.style)), event, anchor: scalar.anchor)
            nodes[nodes.count - 1].text = String(decoding: text, as: UTF8.self)
        case YAML_ALIAS_EVENT:
            let name = String(cString: event.data.alias.anchor)
            append(.alias(target: anchors[name] ?? nodes.count), event, anchor: nil)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            append(.mapping(isFlow: start.style == YAML_FLOW_MAPPING_STYLE), event, anchor: start.anchor)
            open.append(nodes.count - 1)
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            append(.list(isFlow: start.style == YAML_FLOW_SEQUENCE_STYLE), event, anchor: start.anchor)
            open.append(nodes.count - 1)
        case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT:
            guard let container = open.popLast() else { return }
            nodes[container].extent = nodes.count
            nodes[container].end = offset(of: event.end_mark)
        default:
            break
        }
    }

    private mutating func append(
        _ shape: MarkedTree.Shape,
        _ event: yaml_event_t,
        anchor: UnsafeMutablePointer<yaml_char_t>?
    ) {
        if let anchor { anchors[String(cString: anchor)] = nodes.count }
        nodes.append(
            MarkedTree.Node(
                shape: shape,
                start: offset(of: event.start_mark),
                end: offset(of: event.end_mark),
                line: event.start_mark.line + 1,
                column: event.start_mark.column + 1,
                extent: nodes.count + 1
            )
        )
    }

    private static func style(_ style: yaml_scalar_style_t) -> MarkedTree.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: .block
        default: .plain
        }
    }
}
