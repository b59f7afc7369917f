internal import LinuxSystem

/// Where Weft keeps what it must remember of a node.
///
/// The host's registry is in `/run/weft`, other nodes' are in directories of their names there. A node that is called like a
/// file of Weft's, and one that has no name, are below `nodes` and `inodes`.
enum RuntimeDirectory {
    private static let root = "/run/weft"

    /// What Weft itself has in the host's directory.
    private static let ownNames: Set = ["registry", "sandboxes", "weft.sock", "nodes", "inodes"]

    /// The directory of a node for which nobody named one.
    static func standard(for identity: NodeIdentity) -> String {
        switch identity {
        case .host: root
        case .named(let name):
            name.hasPrefix(".") || ownNames.contains(name) ? "\(root)/nodes/\(name)" : "\(root)/\(name)"
        case .unnamed(let namespace): "\(root)/inodes/\(namespace.inode)"
        }
    }

    /// Refuses a directory in which others than root may put what they like: what is on record there decides what is Weft's,
    /// and its files are laid over the node's.
    ///
    /// - Throws: ``UnsafeRuntimeDirectory``, or ``SystemCallError`` for whatever looking refuses.
    static func check(_ path: String) throws {
        do {
            try TrustedPath.check(path)
        } catch let error as UntrustedPath {
            throw UnsafeRuntimeDirectory(path: path, reason: error.description)
        }
    }

    /// The node with the runtime directory in which it is on record: the one that it has, unless nothing is on record there,
    /// and links in `/etc/netns` lead to one in which something is.
    ///
    /// A record says whose it is; and where others may write there is none that counts.
    ///
    /// - Throws: ``UnsafeRuntimeDirectory`` for the node's own, or whatever reading that, and listing links, refuses.
    static func find(_ node: Node, owner: String) throws -> Node {
        try check(node.runtimeDirectory)
        guard try Registry.load(from: node.runtimeDirectory) == nil else { return node }
        for directory in try SandboxFiles(of: node).otherRuntimeDirectories() {
            guard (try? check(directory)) != nil, let registry = try? Registry.load(from: directory),
                registry.owner == owner
            else { continue }
            var found = node
            found.runtimeDirectory = directory
            return found
        }
        return node
    }

    /// Removes the registry, and the directory if Weft made it and nothing else is in it.
    ///
    /// A directory that was there before stays, whoever made it for Weft.
    ///
    /// - Throws: ``SystemCallError`` for whatever removing refuses.
    static func forget(_ path: String) throws {
        let isMade = (try? Registry.load(from: path))?.madeDirectory ?? false
        try AtomicFile.removeFileIfExists(Registry.path(in: path))
        let isStandard = path == root || path.hasPrefix("\(root)/")
        if isMade || isStandard { try AtomicFile.removeDirectoryIfEmpty(path) }
        guard isStandard else { return }
        // The directories that hold those of all nodes go with the last of them.
        for parent in ["\(root)/nodes", "\(root)/inodes", root] {
            try AtomicFile.removeDirectoryIfEmpty(parent)
        }
    }
}

/// Others than root may write to the runtime directory, or put another one in its place.
package struct UnsafeRuntimeDirectory: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String
    /// What of it is whose.
    package let reason: String

    package var description: String { "cannot use the runtime directory '\(path)': \(reason)" }

    /// What can be done about it.
    package var hint: String {
        "name one with '--runtime-dir' that only root may write to, as well as what is above it"
    }
}
