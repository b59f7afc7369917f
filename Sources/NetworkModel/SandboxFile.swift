/// A file that processes of a sandbox see, in Weft's runtime directory: `RUNTIME/sandboxes/SANDBOX/NAME`.
///
/// `ip netns exec` and `weft exec` lay `hosts` and `resolv.conf` over the node's own, by the links in `/etc/netns/NAMESPACE`.
package struct SandboxFile: Hashable, Sendable {
    /// Which file it is.
    package var key: Key
    /// The namespace for which it is laid over the node's; `nil` for none.
    package var namespace: NamespaceName?
    /// The whole of it, UTF-8.
    package var content: [UInt8]

    package init(_ key: Key, namespace: NamespaceName?, content: [UInt8]) {
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
