/// Something wrong, or odd, about a value of the tree.
struct Finding: Hashable, Sendable {
    /// The value, or the key, that it is about.
    var node: Int
    var message: String
    var hint: String?
    var kind = Complaint.Kind.invalid
    var isWarning = false
}

extension ValueTree {
    /// The findings with file, line, column and path, in the order of the texts; what was found twice, once.
    func complaints(for findings: [Finding]) -> [Complaint] {
        var resolver = PathResolver(tree: self)
        var seen: Set<Finding> = []
        let order = findings.indices.sorted { (findings[$0].node, $0) < (findings[$1].node, $1) }
        return order.compactMap { index in
            let finding = findings[index]
            guard seen.insert(finding).inserted else { return nil }
            return Complaint(
                file: sourceName(of: finding.node),
                line: Int(nodes[finding.node].line),
                column: nodes[finding.node].column,
                path: resolver.path(to: finding.node),
                message: finding.message,
                hint: finding.hint,
                kind: finding.kind
            )
        }
    }
}

/// Finds out by which keys a value is reached, for values in ascending order: the whole tree is walked at most once.
struct PathResolver {
    private let tree: ValueTree
    private var frames: [Frame] = []

    /// A list or mapping on the way to the value.
    private struct Frame {
        /// The index behind the container's last value.
        var end: Int
        var isMapping: Bool
        /// The item, or the key, that the walk has come to.
        var position: Int
        /// How many items are before it.
        var ordinal = 0
        /// The path of the container.
        var path: String
    }

    init(tree: ValueTree) {
        self.tree = tree
    }

    /// The path to `node`, which does not come before a node asked for earlier.
    mutating func path(to node: Int) -> String {
        while let frame = frames.last, node >= frame.end { frames.removeLast() }
        if frames.isEmpty { openRoot(of: node) }
        while let top = frames.indices.last {
            let (path, value) = step(top, to: node)
            guard node > value, tree.end(of: value) > value + 1 else { return path }
            open(value, path: path)
        }
        return ""
    }

    private mutating func openRoot(of node: Int) {
        let root = tree.sources.lazy.compactMap(\.root).last { $0 <= node }
        guard let root, root < node else { return }
        open(root, path: "")
    }

    private mutating func open(_ container: Int, path: String) {
        let isMapping = tree.nodes[container].shape == .mapping
        frames.append(
            Frame(end: tree.end(of: container), isMapping: isMapping, position: container + 1, path: path)
        )
    }

    /// Goes on to the item or entry of a frame that holds `node`.
    ///
    /// - Returns: Its path, and the item or the entry's value.
    private mutating func step(_ frame: Int, to node: Int) -> (path: String, value: Int) {
        while true {
            let position = frames[frame].position
            let value = frames[frame].isMapping ? position + 1 : position
            let end = tree.end(of: value)
            guard node >= end else {
                return (path(of: frame, at: position), value)
            }
            frames[frame].position = end
            frames[frame].ordinal += 1
        }
    }

    private func path(of frame: Int, at position: Int) -> String {
        let path = frames[frame].path
        guard frames[frame].isMapping else { return "\(path)[\(frames[frame].ordinal)]" }
        let key = tree.string(of: position)
        return path.isEmpty ? key : "\(path).\(key)"
    }
}
