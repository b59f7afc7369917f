package import LinuxSystem

/// Which node a network namespace is: the same one by whatever path or name somebody gets there.
///
/// Marks, registry and runtime directory go by it.
package enum NodeIdentity: Hashable, Sendable {
    /// The namespace of process 1, as far as it is to be seen.
    case host
    /// One that has a name in `/run/netns`.
    case named(String)
    /// One that has none, by its inode.
    case unnamed(NamespaceIdentity)

    /// Finds out which node `--netns` means.
    ///
    /// A name is a node, though its namespace be gone. A path is the name of the namespace that it leads to, if it has one:
    /// of several the first.
    ///
    /// - Parameters:
    ///   - netns: A name in `/run/netns` or a path; `nil` for the namespace of the calling thread.
    ///   - directory: Where namespaces have their names.
    /// - Throws: ``SystemCallError`` or ``NotANetworkNamespace`` if a path leads to no namespace.
    package init(of netns: String?, in directory: NamespaceDirectory = .standard) throws {
        let named = netns.flatMap { Self.name($0, in: directory) }
        let path = named.map(directory.path) ?? netns ?? NamespaceHandle.currentPath
        let identity: NamespaceIdentity
        do {
            identity = try NamespaceHandle.open(path: path).identity
        } catch {
            guard let named else { throw error }
            self = .named(named)
            return
        }
        // In a container it may not be looked at. Then the one without a name that we are in is the host.
        let host = try? NamespaceHandle.open(pid: 1).identity
        if identity == host {
            self = .host
        } else if let name = try named ?? Self.name(of: identity, in: directory) {
            self = .named(name)
        } else if host == nil, try identity == NamespaceHandle.current().identity {
            self = .host
        } else {
            self = .unnamed(identity)
        }
    }

    /// The name that is meant by `NAME`, `/run/netns/NAME` or `/var/run/netns/NAME`.
    private static func name(_ netns: String, in directory: NamespaceDirectory) -> String? {
        guard netns.contains("/") else { return netns }
        for parent in [directory.path, "/var\(directory.path)"] where netns.hasPrefix("\(parent)/") {
            let name = String(netns.dropFirst(parent.utf8.count + 1))
            if !name.isEmpty, !name.contains("/") { return name }
        }
        return nil
    }

    private static func name(
        of identity: NamespaceIdentity,
        in directory: NamespaceDirectory
    ) throws -> String? {
        try directory.list().first { $0.kind == .namespace(identity) }?.name
    }

    /// True if nothing but its inode tells it from others.
    package var isUnnamed: Bool {
        switch self {
        case .host, .named: false
        case .unnamed: true
        }
    }

    /// What the node is called where nobody names it; `nil` for the host, which has a name of its own.
    package var defaultName: String? {
        switch self {
        case .host: nil
        case .named(let name): name
        case .unnamed(let namespace): "net-\(namespace.inode)"
        }
    }
}

extension Node {
    /// The node that `--netns` means, called `name`.
    ///
    /// - Parameters:
    ///   - name: From which what a document leaves open is derived.
    ///   - netns: A name in `/run/netns` or a path; `nil` for the namespace of the process.
    ///   - identity: Which node that is.
    ///   - runtimeDirectory: Where the registry is kept; `nil` for the identity's own place.
    package init(name: String, netns: String?, identity: NodeIdentity, runtimeDirectory: String?) {
        var path = netns
        if let netns, !netns.contains("/") { path = NamespaceDirectory.standard.path(of: netns) }
        var known: String?
        if case .named(let name) = identity { known = name }
        self.init(
            name: name,
            namespace: path == nil && known == nil
                ? nil : NamedPath(name: known, path: path ?? NamespaceHandle.currentPath),
            runtimeDirectory: runtimeDirectory ?? RuntimeDirectory.standard(for: identity)
        )
        prefix = identity.defaultName
    }
}
