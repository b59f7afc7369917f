/// What of a node is not in any document, and yet decides what its kernel shall hold.
///
/// Read anew before each compilation, so that a change of the underlay is followed.
package struct NodeFacts: Hashable, Sendable {
    /// The node's name: of a document with nodes the one among them, else what it calls itself.
    package var name: String
    /// The name in `/run/netns` of the namespace that is the node; `nil` for the one that the process is in.
    package var namespace: String?
    /// The links of the node that are not Weft's.
    package var links: [ForeignLink] = []
    /// The link that the default route leads by, that of IPv4 first; `nil` without one.
    package var uplink: InterfaceName?
    /// The links by which the node has a default route from a router's advertisement.
    package var advertised: [InterfaceName] = []
    /// Whether the kernel has IPv6; without it nothing is said of it.
    package var hasIPv6 = true
    /// How the node itself resolves names: what sandboxes use that say nothing.
    package var resolver = ResolverSettings()

    package init(name: String, namespace: String? = nil) {
        self.name = name
        self.namespace = namespace
    }

    /// A link that somebody else made.
    package struct ForeignLink: Hashable, Sendable {
        package var name: InterfaceName
        package var mtu: MTU
        package var addresses: [IPAddress]

        package init(_ name: InterfaceName, mtu: MTU, addresses: [IPAddress] = []) {
            self.name = name
            self.mtu = mtu
            self.addresses = addresses
        }
    }

    /// The MTU of a link; `nil` if there is no such link.
    package func mtu(of name: InterfaceName?) -> MTU? {
        guard let name else { return nil }
        return links.first { $0.name == name }?.mtu
    }

    /// The link that holds one of the addresses.
    package func link(holding addresses: [IPAddress]) -> InterfaceName? {
        links.first { link in link.addresses.contains(where: addresses.contains) }?.name
    }
}

/// What `resolv.conf` says.
package struct ResolverSettings: Hashable, Sendable {
    package var servers: [IPAddress] = []
    package var search: [String] = []
    package var options: [String] = []

    package init() {}
}
