import NetworkModel

extension NodePlanner {
    /// Files of sandboxes: written where they differ, and laid over the node's for their namespaces.
    mutating func planFiles() {
        var wanted: Set<SandboxFile.Key> = []
        for file in desired.files.sorted(by: { $0.key < $1.key }) {
            wanted.insert(file.key)
            let overlay = file.key.name.isLaidOver ? file.namespace : nil
            if let overlay, observed.foreignOverlays.contains(FileOverlay(file.key.name, for: overlay)) {
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

    /// The first line that differs, and how many there are.
    private static func differences(
        from old: SandboxFile.Content,
        to new: SandboxFile.Content
    ) -> [Difference] {
        let (old, new) = (old.lines, new.lines)
        let gone = Set(old).subtracting(new)
        let come = Set(new).subtracting(old)
        guard !gone.isEmpty || !come.isEmpty else {
            return [Difference("lines", from: "\(old.count)", to: "\(new.count) in another order")]
        }
        let from = old.first(where: gone.contains).map(String.init)
        let to = new.first(where: come.contains).map(String.init)
        let more = max(gone.count, come.count) - 1
        return [Difference(more > 0 ? "line (and \(more) more)" : "line", from: from, to: to)]
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
}
