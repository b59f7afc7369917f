/// A file that processes of a sandbox see, in Weft's runtime directory: `RUNTIME/sandboxes/SANDBOX/NAME`.
///
/// `ip netns exec` and `weft exec` lay `hosts` and `resolv.conf` over the node's own, by the links in `/etc/netns/NAMESPACE`.
package struct SandboxFile: Hashable, Sendable {
    /// Which file it is.
    package var key: Key
    /// The namespace for which it is laid over the node's; `nil` for none.
    package var namespace: NamespaceName?
    /// The whole of it, UTF-8.
    package var content: Content

    package init(_ key: Key, namespace: NamespaceName?, content: Content) {
        self.key = key
        self.namespace = namespace
        self.content = content
    }

    /// The sandbox and the name.
    package struct Key: Hashable, Sendable, Comparable, CustomStringConvertible {
        /// A part of a path.
        package var sandbox: String
        package var name: Name

        package init(_ name: Name, of sandbox: String) {
            self.name = name
            self.sandbox = sandbox
        }

        package static func < (left: Key, right: Key) -> Bool {
            (left.sandbox, left.name.rawValue) < (right.sandbox, right.name.rawValue)
        }

        package var description: String { "\(sandbox)/\(name.rawValue)" }
    }

    /// What the files are.
    package enum Name: String, Hashable, Sendable, CaseIterable {
        /// Names and their addresses: hosts(5).
        case hosts
        /// How other names are resolved: resolv.conf(5).
        case resolvConf = "resolv.conf"
        /// Variables for the processes: a line `NAME=value` each.
        case env

        /// Whether it stands for the node's file of that name in `/etc`.
        package var isLaidOver: Bool {
            switch self {
            case .hosts, .resolvConf: true
            case .env: false
            }
        }
    }
}

/// A file of a sandbox as it is.
package struct ObservedFile: Hashable, Sendable {
    /// What is in it; `nil` if there is no such file, and only links to it.
    package var content: Text?
    /// The namespaces for which it is laid over the node's.
    package var namespaces: Set<NamespaceName> = []

    package init(content: Text? = nil, namespaces: Set<NamespaceName> = []) {
        self.content = content
        self.namespaces = namespaces
    }

    /// What is in a file: nobody needs to hold the text that was asked for a second time.
    package enum Text: Hashable, Sendable {
        /// What was asked for, byte for byte.
        case asAsked
        case other(SandboxFile.Content)
    }
}

/// A name in `/etc/netns/NAMESPACE`.
package struct FileOverlay: Hashable, Sendable {
    package var namespace: NamespaceName
    package var name: SandboxFile.Name

    package init(_ name: SandboxFile.Name, for namespace: NamespaceName) {
        self.name = name
        self.namespace = namespace
    }
}
