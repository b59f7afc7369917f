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

    /// Calls `body` with the directory of a namespace in `/etc/netns`; `nil` if there is none.
    ///
    /// - Throws: ``SystemCallError`` (`ENOTDIR`: something else has its name), or what `body` throws.
    private func inside<Value>(
        _ namespace: NamespaceName,
        _ body: (borrowing LinkDirectory) throws(SystemCallError) -> Value
    ) throws(SystemCallError) -> Value? {
        do {
            return try body(LinkDirectory(path(of: namespace)))
        } catch  where error.errno == .noSuchFileOrDirectory && error.object == path(of: namespace) {
            return nil
        }
    }

    private func path(of namespace: NamespaceName) -> String { "\(overlays)/\(namespace)" }

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
            try observe(overlaysOf: namespace, into: &state)
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

    private func observe(
        overlaysOf namespace: NamespaceName,
        into state: inout ObservedState
    ) throws(SystemCallError) {
        let names = SandboxFile.Name.allCases.filter(\.isLaidOver)
        let targets: [SymbolicLink.Target]?
        do {
            targets = try inside(namespace) { directory throws(SystemCallError) in
                var targets: [SymbolicLink.Target] = []
                for name in names { targets.append(try directory.target(of: name.rawValue)) }
                return targets
            }
        } catch  where error.errno == .notADirectory {
            state.foreignOverlayDirectories.insert(namespace)
            return
        }
        for (name, target) in zip(names, targets ?? []) {
            switch target {
            case .nothing:
                break
            case .noLink:
                state.foreignOverlays.insert(FileOverlay(name, for: namespace))
            case .path(let target):
                if let key = key(ofTarget: target, name) {
                    state.files[key, default: ObservedFile()].namespaces.insert(namespace)
                } else {
                    state.foreignOverlays.insert(FileOverlay(name, for: namespace))
                }
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
    func sandbox(of namespace: NamespaceName) throws(SystemCallError) -> String? {
        var seen = ObservedState()
        try observe(overlaysOf: namespace, into: &seen)
        return seen.files.keys.min { $0.name.rawValue < $1.name.rawValue }?.sandbox
    }

    /// The namespaces for which files of a sandbox are laid over the node's, in order of name.
    func namespaces(of sandbox: String) throws -> [NamespaceName] {
        let all = try DirectoryEntries.names(in: overlays).compactMap { try? NamespaceName($0) }
        return try all.filter { try self.sandbox(of: $0) == sandbox }.sorted()
    }

    /// The runtime directories that links in `/etc/netns` lead to as Weft's own do, besides this one, in order.
    func otherRuntimeDirectories() throws(SystemCallError) -> [String] {
        var found: Set<String> = []
        for text in try DirectoryEntries.names(in: overlays) {
            guard let namespace = try? NamespaceName(text) else { continue }
            for name in SandboxFile.Name.allCases where name.isLaidOver {
                let target: SymbolicLink.Target?
                do {
                    target = try inside(namespace) { directory throws(SystemCallError) in
                        try directory.target(of: name.rawValue)
                    }
                } catch  where error.errno == .notADirectory {
                    continue
                }
                guard case .path(let path)? = target else { continue }
                let parts = path.split(separator: "/", omittingEmptySubsequences: false)
                guard path.hasPrefix("/"), parts.count > 4, parts.last == Substring(name.rawValue),
                    parts[parts.count - 3] == "sandboxes"
                else { continue }
                found.insert(parts.dropLast(3).joined(separator: "/"))
            }
        }
        return found.filter { "\($0)/sandboxes" != directory }.sorted()
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
        try layOver(file.key, for: namespace)
    }

    /// Makes the link by which a file is laid over the node's for a namespace, and its directory.
    private func layOver(_ key: SandboxFile.Key, for namespace: NamespaceName) throws(SystemCallError) {
        let target = path(of: key)
        let name = key.name.rawValue
        let isDone = try inside(namespace) { directory throws(SystemCallError) in
            switch try directory.target(of: name) {
            case .path(target): break
            case .path(let other) where self.key(ofTarget: other, key.name) != nil:
                try directory.replace(name, to: target)
            case .path, .nothing, .noLink: try directory.make(name, to: target)
            }
            return true
        }
        guard isDone == nil else { return }
        try AtomicFile.makeDirectories(path(of: namespace))
        try inside(namespace) { directory throws(SystemCallError) in try directory.make(name, to: target) }
    }

    /// Takes away the links that lead to a file for other namespaces than `namespace`.
    func remove(_ key: SandboxFile.Key, overlaysOf namespaces: Set<NamespaceName>) throws {
        for namespace in namespaces.sorted() {
            let target = SymbolicLink.Target.path(path(of: key))
            let isRemoved = try inside(namespace) { directory throws(SystemCallError) in
                guard try directory.target(of: key.name.rawValue) == target else { return false }
                try directory.remove(key.name.rawValue)
                return true
            }
            if isRemoved == true { try AtomicFile.removeDirectoryIfEmpty(path(of: namespace)) }
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
