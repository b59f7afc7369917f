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
    /// The routes of the node's main table that are not Weft's.
    package var routes: [ForeignRoute] = []
    /// Weft's routes through gateways that no route of others leads to on a link at the moment.
    ///
    /// The kernel keeps such as long as their link is up, at least those of IPv6.
    package var heldRoutes: [HeldRoute] = []
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
        /// Whether it is administratively up: its routes go as it goes down.
        package var isUp: Bool

        package init(_ name: InterfaceName, mtu: MTU, addresses: [IPAddress] = [], isUp: Bool = true) {
            self.name = name
            self.mtu = mtu
            self.addresses = addresses
            self.isUp = isUp
        }
    }

    /// A route of Weft's through a gateway.
    package struct HeldRoute: Hashable, Sendable {
        package var destination: Prefix
        package var gateway: IPAddress
        package var device: InterfaceName

        package init(to destination: Prefix, gateway: IPAddress, device: InterfaceName) {
            self.destination = destination
            self.gateway = gateway
            self.device = device
        }
    }

    /// A route that somebody else made.
    package struct ForeignRoute: Hashable, Sendable {
        package var destination: Prefix
        package var device: InterfaceName
        /// True if its destination is on the link itself.
        package var isOnLink: Bool
        package var metric: UInt32
        /// The MTU of the path, where the route has one.
        package var mtu: MTU?

        package init(
            to destination: Prefix,
            device: InterfaceName,
            isOnLink: Bool,
            metric: UInt32 = 0,
            mtu: MTU? = nil
        ) {
            self.destination = destination
            self.device = device
            self.isOnLink = isOnLink
            self.metric = metric
            self.mtu = mtu
        }
    }

    /// The route by which packets to an address leave: the longest prefix, of several the least metric.
    package func route(to address: IPAddress) -> ForeignRoute? {
        routes.filter { $0.destination.contains(address) }.max { left, right in
            (left.destination.length, right.metric) < (right.destination.length, left.metric)
        }
    }

    /// The largest packet that gets to an address; `nil` where no route leads.
    package func mtu(to address: IPAddress) -> MTU? {
        guard let route = route(to: address) else { return nil }
        return [route.mtu, mtu(of: route.device)].compactMap(\.self).min()
    }

    /// The MTU of a link; `nil` if there is no such link.
    package func mtu(of name: InterfaceName?) -> MTU? {
        guard let name else { return nil }
        return links.first { $0.name == name }?.mtu
    }

    /// True if an address is on a link that is up.
    package func isUsable(_ address: IPAddress) -> Bool {
        links.contains { $0.isUp && $0.addresses.contains(address) }
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
