import NetworkModel

extension NodePlanner {
    /// Files of sandboxes: written where they differ, and laid over the node's for their namespaces.
    mutating func planFiles() {
        var wanted: Set<SandboxFile.Key> = []
        var refused: Set<NamespaceName> = []
        for file in desired.files.sorted(by: { $0.key < $1.key }) {
            wanted.insert(file.key)
            let overlay = file.key.name.isLaidOver ? file.namespace : nil
            if let overlay, observed.foreignOverlayDirectories.contains(overlay) {
                if refused.insert(overlay).inserted { refuseDirectory(for: file, overlay) }
            } else if let overlay, observed.foreignOverlays.contains(FileOverlay(file.key.name, for: overlay))
            {
                refuse(file, overlay)
            } else {
                plan(file, laidOver: overlay.map { [$0] } ?? [])
            }
        }
        for (key, existing) in observed.files.sorted(by: { $0.key < $1.key }) where !wanted.contains(key) {
            steps.removingFiles.append(Change(.delete, .deleteFile(key, namespaces: existing.namespaces)))
        }
    }

    private mutating func plan(_ file: SandboxFile, laidOver namespaces: Set<NamespaceName>) {
        guard let existing = observed.files[file.key], let content = existing.content else {
            return steps.files.append(Change(.create, .writeFile(file)))
        }
        var differences: [Difference] = []
        if case .other(let text) = content, text != file.content {
            differences += Self.differences(from: text, to: file.content)
        }
        if existing.namespaces != namespaces {
            let words = [existing.namespaces, namespaces].map { names in
                names.isEmpty ? nil : names.sorted().map(\.text).joined(separator: " ")
            }
            differences.append(Difference("namespace", from: words[0], to: words[1]))
        }
        guard !differences.isEmpty else { return }
        steps.files.append(Change(.change, .writeFile(file), differences: differences))
    }

    /// The first lines that differ, and how many there are: what is the same before and behind is left out.
    ///
    /// A name that comes changes the files of all sandboxes of its network, so this looks at each byte once.
    private static func differences(
        from old: SandboxFile.Content,
        to new: SandboxFile.Content
    ) -> [Difference] {
        var start = old.commonPrefix(with: new)
        var end = old.commonSuffix(with: new, atMost: min(old.count, new.count) - start)
        // Whole lines.
        while start > 0, old[start - 1] != UInt8(ascii: "\n") { start -= 1 }
        while end > 0, !isLineEnd(old, old.count - end - 1) || !isLineEnd(new, new.count - end - 1) {
            end -= 1
        }
        let changed = [old, new].map { text in
            text[start..<max(start, text.count - end)].bytes.split(separator: UInt8(ascii: "\n"))
        }
        let first = changed.map { $0.first.map { String(decoding: $0, as: UTF8.self) } }
        let more = max(changed[0].count, changed[1].count) - 1
        return [Difference(more > 0 ? "line (and \(more) more)" : "line", from: first[0], to: first[1])]
    }

    private static func isLineEnd(_ text: SandboxFile.Content, _ position: Int) -> Bool {
        position < 0 || text[position] == UInt8(ascii: "\n")
    }

    private mutating func refuse(_ file: SandboxFile, _ namespace: NamespaceName) {
        let path = "/etc/netns/\(namespace)/\(file.key.name.rawValue)"
        problems.append(
            Problem(
                "cannot give sandbox '\(file.key.sandbox)' its own '\(file.key.name.rawValue)': '\(path)' is there, and is "
                    + "not Weft's",
                hint: "move that file away first, or choose another name for the sandbox"
            )
        )
    }

    private mutating func refuseDirectory(for file: SandboxFile, _ namespace: NamespaceName) {
        problems.append(
            Problem(
                "cannot give sandbox '\(file.key.sandbox)' its own files: '/etc/netns/\(namespace)' is no directory, and is "
                    + "not Weft's; a symbolic link is not followed",
                hint: "move it away first, or choose another name for the sandbox"
            )
        )
    }
}
