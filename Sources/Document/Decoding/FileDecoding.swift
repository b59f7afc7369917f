internal import ClusterModel
internal import NetworkModel

/// The files of sandboxes.
extension Decoder {
    /// Reads the files, and puts them in order.
    mutating func files(_ node: Int, into draft: inout NodeDraft) {
        guard let list = list(node) else { return }
        var found = KeyedItems<SandboxFile, SandboxFile.Key> { $0.key }
        var fields = Fields<FileKey>()
        var overlays: [FileOverlay: (key: SandboxFile.Key, item: Int)] = [:]
        var cursor = ItemCursor(list, in: tree)
        while let item = cursor.next(in: tree) {
            guard let mapping = mapping(item) else { continue }
            collect(mapping, into: &fields)
            require(.sandbox, .name, .content, in: fields)
            let sandbox = fields[.sandbox].flatMap { directory($0) }
            let name = choice(.name, fields, SandboxFile.Name.self)
            let place = place(.namespace, fields, in: draft)
            let content = fields[.content].flatMap { fileContent($0) }
            guard let sandbox, let name, let content else { continue }
            let key = SandboxFile.Key(name, of: sandbox.text)
            found.append(SandboxFile(key, namespace: place?.name, content: content), item)
            guard let namespace = place?.name, name.isLaidOver else { continue }
            let overlay = FileOverlay(name, for: namespace)
            if let first = overlays[overlay], first.key != key {
                complain(
                    at: item,
                    "namespace '\(namespace)' has a file '\(name.rawValue)' already, that of sandbox '\(first.key.sandbox)' at "
                        + "\(tree.position(of: first.item))",
                    hint: "leave 'namespace' out of one of them"
                )
            } else {
                overlays[overlay] = (key, item)
            }
        }
        draft.state.files = found.sorted { first, again, item in
            complain(
                at: item,
                "there is a file '\(again.key)' already, at \(tree.position(of: first))",
                hint: "keep one of them"
            )
        }
    }

    /// The name of a sandbox, which becomes part of a path.
    private mutating func directory(_ node: Int) -> SandboxName? {
        guard let value = scalar(node, "the name of a sandbox") else { return nil }
        do throws(InvalidName) {
            return try SandboxName(tree.string(of: value))
        } catch {
            complain(at: node, "'\(shown(value))' is no name: \(error.reason)")
            return nil
        }
    }

    private mutating func fileContent(_ node: Int) -> SandboxFile.Content? {
        let value = tree.resolve(node)
        // Unlike elsewhere an empty text says something.
        if tree.nodes[value].shape == .quoted {
            return SandboxFile.Content(Array(tree.string(of: value).utf8))
        }
        return scalar(node, "the text of the file").map {
            SandboxFile.Content(Array(tree.string(of: $0).utf8))
        }
    }
}
