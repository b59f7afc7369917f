/// One thing that the firewall's rules look up: an element of one of their sets.
package enum FirewallElement: Hashable, Sendable {
    /// The bridge of a network.
    case network(InterfaceName)
    /// Packets that leave a network where they came from.
    case within(InterfaceName)
    /// A network whose endpoints reach what the node reaches.
    case outside(InterfaceName)
    /// A network whose packets bear the node's address outside.
    case masqueraded(InterfaceName)
    /// A network whose endpoints others reach by their own addresses.
    case reachable(InterfaceName)
    /// A range of a network.
    case subnet(InterfaceName, Prefix)
    /// A range of a network that has parts on other nodes.
    case part(InterfaceName, Prefix)
    /// A range of any network.
    case range(Prefix)
    /// A tunnel that ends here.
    case tunnel(VNI, port: UInt16)
    /// A node that what is in tunnels is taken from.
    case node(IPAddress)
    /// A port of a bridge at which an endpoint is.
    case port(InterfaceName)
    /// A sender that the frames of a port may bear.
    case mac(InterfaceName, MACAddress)
    /// A sender that the packets of a port may bear, in frames of that sender.
    case sender(InterfaceName, MACAddress, IPAddress)
    /// An IPv6 address that neighbour advertisements of a port may claim.
    case target(InterfaceName, IPAddress)
    /// A UDP port of VXLAN.
    case vxlanPort(UInt16)
    /// An address whose connections are about to be forgotten, for the rules that they were made by are no longer.
    ///
    /// No rule looks it up. It comes in one transaction with the change of the rules, and goes when the connections are
    /// forgotten: so the kernel itself tells of an apply that was interrupted in between, or did not succeed.
    case unforgotten(IPAddress)

    /// What it is about.
    package var entry: FirewallEntry {
        switch self {
        case .network(let name), .within(let name), .outside(let name), .masqueraded(let name),
            .reachable(let name), .subnet(let name, _), .part(let name, _):
            .bridge(name)
        case .range: .ranges
        case .tunnel, .node: .tunnels
        case .port(let name), .mac(let name, _), .sender(let name, _, _), .target(let name, _): .port(name)
        case .vxlanPort: .vxlanPorts
        case .unforgotten: .connections
        }
    }

    /// The attribute that it is the value of, by its name in documents, and the value.
    package var attribute: (name: String, value: String) {
        switch self {
        case .network, .within: ("network", "true")
        case .outside: ("outside", "true")
        case .masqueraded: ("masquerade", "true")
        case .reachable: ("reachable", "true")
        case .subnet(_, let prefix): ("subnets", "\(prefix)")
        case .part: ("spansNodes", "true")
        case .range(let prefix): ("ranges", "\(prefix)")
        case .tunnel(let vni, let port): ("tunnels", "\(vni) port \(port)")
        case .node(let address): ("nodes", "\(address)")
        case .port: ("port", "true")
        case .mac(_, let mac): ("mac", "\(mac)")
        case .sender(_, _, let address), .target(_, let address): ("addresses", "\(address)")
        case .vxlanPort(let port): ("vxlanPorts", "\(port)")
        case .unforgotten(let address): ("connections", "\(address)")
        }
    }
}

extension FirewallElement: Comparable {
    /// Its order among those about one link, and what else tells it from others of its kind.
    private var rank: (kind: Int, mac: UInt64, address: IPAddress?, length: UInt8) {
        switch self {
        case .vxlanPort(let port): (0, UInt64(port), nil, 0)
        case .network: (1, 0, nil, 0)
        case .within: (2, 0, nil, 0)
        case .outside: (3, 0, nil, 0)
        case .masqueraded: (4, 0, nil, 0)
        case .reachable: (5, 0, nil, 0)
        case .subnet(_, let prefix): (6, 0, prefix.address, prefix.length)
        case .part(_, let prefix): (10, 0, prefix.address, prefix.length)
        case .range(let prefix): (11, 0, prefix.address, prefix.length)
        case .tunnel(let vni, let port): (12, UInt64(vni.number) << 16 | UInt64(port), nil, 0)
        case .node(let address): (13, 0, address, 0)
        case .port: (7, 0, nil, 0)
        case .mac(_, let mac): (8, mac.bits, nil, 0)
        case .sender(_, let mac, let address): (9, mac.bits, address, 0)
        case .target(_, let address): (14, 0, address, 0)
        case .unforgotten(let address): (10, 0, address, 0)
        }
    }

    package static func < (left: FirewallElement, right: FirewallElement) -> Bool {
        guard left.entry == right.entry else { return left.entry < right.entry }
        let (first, second) = (left.rank, right.rank)
        guard first.kind == second.kind else { return first.kind < second.kind }
        guard first.mac == second.mac else { return first.mac < second.mac }
        guard let own = first.address, let other = second.address, own != other else {
            return first.length < second.length
        }
        return own < other
    }
}

/// What some elements of the firewall are about together.
package enum FirewallEntry: Hashable, Sendable {
    /// A network, by its bridge.
    case bridge(InterfaceName)
    /// An endpoint, by its port.
    case port(InterfaceName)
    case vxlanPorts
    /// The ranges of all networks.
    case ranges
    /// The tunnels that end here, and the nodes at their other ends.
    case tunnels
    /// What is still to be forgotten of connections.
    case connections

    /// The link that it is about.
    package var link: InterfaceName? {
        switch self {
        case .bridge(let name), .port(let name): name
        case .vxlanPorts, .ranges, .tunnels, .connections: nil
        }
    }
}

extension FirewallEntry: Comparable {
    private var rank: Int {
        switch self {
        case .vxlanPorts: 0
        case .ranges: 1
        case .tunnels: 2
        case .bridge: 3
        case .port: 4
        case .connections: 5
        }
    }

    package static func < (left: FirewallEntry, right: FirewallEntry) -> Bool {
        guard left.rank == right.rank, let first = left.link, let second = right.link else {
            return left.rank < right.rank
        }
        return first < second
    }
}

extension FirewallEntry: CustomStringConvertible {
    /// `bridge 'br-back'`, as plans have it.
    package var description: String {
        switch self {
        case .bridge(let name): "bridge '\(name)'"
        case .port(let name): "port '\(name)'"
        case .vxlanPorts: "VXLAN ports"
        case .ranges: "ranges"
        case .tunnels: "tunnels"
        case .connections: "connections"
        }
    }
}
