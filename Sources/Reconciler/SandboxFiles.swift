internal import LinuxSystem
internal import NetworkModel

/// The files of a node's sandboxes, and the links in `/etc/netns` by which `ip netns exec` finds them.
///
/// What is in `RUNTIME/sandboxes` is Weft's, and so is each link in `/etc/netns` that leads there: such links outlive a reboot,
/// the files don't.
struct SandboxFiles {
    /// `RUNTIME/sandboxes`.
    private let directory: String
    /// `/etc/netns`.
    private let overlays: String

    init(of node: Node) {
        directory = "\(node.runtimeDirectory)/sandboxes"
        overlays = node.overlayDirectory
    }

    /// The path of a file.
    func path(of key: SandboxFile.Key) -> String { "\(directory)/\(key.sandbox)/\(key.name.rawValue)" }

    private func path(of overlay: FileOverlay) -> String {
        "\(overlays)/\(overlay.namespace)/\(overlay.name.rawValue)"
    }

    // MARK: Reading

    /// Reads what files there are, and where they are laid over the node's.
    ///
    /// - Parameters:
    ///   - state: Where it is put.
    ///   - asked: The files of the document: what is the same need not be remembered.
    /// - Throws: ``SystemCallError`` for what can't be read.
    func observe(into state: inout ObservedState, asked: [SandboxFile]) throws {
        let asked = Dictionary(asked.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        for sandbox in try DirectoryEntries.names(in: directory) {
            for name in SandboxFile.Name.allCases {
                let key = SandboxFile.Key(name, of: sandbox)
                guard let text = try text(of: key, asked: asked[key]?.content) else { continue }
                state.files[key] = ObservedFile(content: text)
            }
        }
        for text in try DirectoryEntries.names(in: overlays) {
            guard let namespace = try? NamespaceName(text) else { continue }
            for name in SandboxFile.Name.allCases where name.isLaidOver {
                try observe(FileOverlay(name, for: namespace), into: &state)
            }
        }
    }

    /// The longest file that is remembered for a rollback though Weft did not write it so, in bytes.
    private static let longestOfOthers = 16 << 20

    private func text(
        of key: SandboxFile.Key,
        asked: SandboxFile.Content?
    ) throws(SystemCallError) -> ObservedFile.Text? {
        do {
            let text = try FileInPlace.read(path(of: key), limit: Self.longestOfOthers)
            guard let asked else { return .other(SandboxFile.Content(text)) }
            let content = SandboxFile.Content(text, sharing: asked)
            return content == asked ? .asAsked : .other(content)
        } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notADirectory {
            return nil
        } catch  where [.isADirectory, .fileTooLarge, .tooManyLinks].contains(error.errno) {
            // Processes of the sandbox may have had their hands in it: it is not as it shall be, and need not be read.
            return .other(SandboxFile.Content())
        }
    }

    private func observe(_ overlay: FileOverlay, into state: inout ObservedState) throws {
        switch try SymbolicLink.target(of: path(of: overlay)) {
        case .nothing:
            break
        case .noLink:
            state.foreignOverlays.insert(overlay)
        case .path(let target):
            if let key = key(ofTarget: target, overlay.name) {
                state.files[key, default: ObservedFile()].namespaces.insert(overlay.namespace)
            } else {
                state.foreignOverlays.insert(overlay)
            }
        }
    }

    /// The file that a link of Weft's leads to.
    private func key(ofTarget target: String, _ name: SandboxFile.Name) -> SandboxFile.Key? {
        guard target.hasPrefix("\(directory)/") else { return nil }
        let parts = target.dropFirst(directory.utf8.count + 1).split(separator: "/")
        guard parts.count == 2, parts[1] == name.rawValue else { return nil }
        return SandboxFile.Key(name, of: String(parts[0]))
    }

    /// The sandbox whose files are laid over the node's for a namespace; `nil` if there is none.
    func sandbox(of namespace: NamespaceName) throws -> String? {
        for name in SandboxFile.Name.allCases where name.isLaidOver {
            guard
                case .path(let target) = try SymbolicLink.target(
                    of: path(of: FileOverlay(name, for: namespace))
                )
            else { continue }
            if let key = key(ofTarget: target, name) { return key.sandbox }
        }
        return nil
    }

    /// The namespaces for which files of a sandbox are laid over the node's, in order of name.
    func namespaces(of sandbox: String) throws -> [NamespaceName] {
        let all = try DirectoryEntries.names(in: overlays).compactMap { try? NamespaceName($0) }
        return try all.filter { try self.sandbox(of: $0) == sandbox }.sorted()
    }

    // MARK: Writing

    /// Writes a file, and lays it over the node's for its namespace.
    ///
    /// - Throws: ``SystemCallError`` for what can't be written, or is in the way.
    func write(_ file: SandboxFile) throws(SystemCallError) {
        do {
            try FileInPlace.write(path(of: file.key), file.content.pieces)
        } catch  where error.errno == .isADirectory || error.errno == .tooManyLinks {
            try AtomicFile.removeTree(path(of: file.key))
            try FileInPlace.write(path(of: file.key), file.content.pieces)
        } catch  where error.errno == .noSuchFileOrDirectory {
            // The first of the sandbox's files.
            try AtomicFile.makeDirectories("\(directory)/\(file.key.sandbox)")
            try FileInPlace.write(path(of: file.key), file.content.pieces)
        }
        guard file.key.name.isLaidOver, let namespace = file.namespace else { return }
        let overlay = path(of: FileOverlay(file.key.name, for: namespace))
        let target = path(of: file.key)
        switch try SymbolicLink.target(of: overlay) {
        case .path(target): return
        case .path(let other) where key(ofTarget: other, file.key.name) != nil:
            return try SymbolicLink.replace(overlay, to: target)
        case .path, .nothing, .noLink: break
        }
        do {
            try SymbolicLink.make(overlay, to: target)
        } catch  where error.errno == .noSuchFileOrDirectory {
            try AtomicFile.makeDirectories("\(overlays)/\(namespace)")
            try SymbolicLink.make(overlay, to: target)
        }
    }

    /// Takes away the links that lead to a file for other namespaces than `namespace`.
    func remove(_ key: SandboxFile.Key, overlaysOf namespaces: Set<NamespaceName>) throws {
        for namespace in namespaces.sorted() {
            let overlay = path(of: FileOverlay(key.name, for: namespace))
            guard try SymbolicLink.target(of: overlay) == .path(path(of: key)) else { continue }
            try SymbolicLink.remove(overlay)
            try AtomicFile.removeDirectoryIfEmpty("\(overlays)/\(namespace)")
        }
    }

    /// Removes a file, and the links that lead to it.
    func delete(_ key: SandboxFile.Key, overlaysOf namespaces: Set<NamespaceName>) throws {
        try remove(key, overlaysOf: namespaces)
        try AtomicFile.removeTree(path(of: key))
        try AtomicFile.removeDirectoryIfEmpty("\(directory)/\(key.sandbox)")
        try AtomicFile.removeDirectoryIfEmpty(directory)
    }
}
