/// What a node's firewall knows: its rules are always the same ones, and look everything up in this.
///
/// Nothing of the firewall there is without a state; with an empty one there are rules that concern nobody.
package struct FirewallState: Hashable, Sendable {
    /// The bridges of networks, by name.
    package var bridges: [InterfaceName: Bridge] = [:]
    /// The bridges' ports at which endpoints are, by name.
    package var ports: [InterfaceName: Port] = [:]
    /// The ranges of all networks, be they on this node or not: nobody reaches those of another one by way of the outside.
    package var ranges: Set<Prefix> = []
    /// The tunnels that end here.
    package var tunnels: Set<Tunnel> = []
    /// The nodes that what is in tunnels is taken from.
    package var nodes: Set<IPAddress> = []
    /// The UDP ports of VXLAN, to which sandboxes send nothing.
    package var vxlanPorts: Set<UInt16> = [Self.assignedVXLANPort]

    /// The port that IANA gave VXLAN (RFC 7348).
    package static let assignedVXLANPort: UInt16 = 4789

    /// Elements besides, as they were found.
    ///
    /// Only a rollback has any.
    package var others: Set<FirewallElement> = []

    package init() {}

    /// What was found, to be restored; but what was still to be forgotten then is forgotten all the same.
    package init(restoring observed: ObservedFirewall) {
        vxlanPorts = []
        others = observed.elements.filter { $0.entry != .connections }
    }

    /// A network, by the bridge that its packets come from and go to.
    package struct Bridge: Hashable, Sendable {
        /// The network's own ranges: what goes there is never masqueraded.
        package var subnets: [Prefix]
        /// Whether its endpoints reach what the node reaches.
        package var reachesOutside: Bool
        /// Whether what leaves for the outside bears the node's address.
        package var masquerades: Bool
        /// Whether others than the node reach its endpoints by their own addresses.
        package var isReachable: Bool
        /// Whether parts of its ranges are on other nodes, to which routes lead.
        package var spansNodes: Bool

        package init(
            subnets: [Prefix] = [],
            reachesOutside: Bool = false,
            masquerades: Bool = false,
            isReachable: Bool = false,
            spansNodes: Bool = false
        ) {
            self.subnets = subnets
            self.reachesOutside = reachesOutside
            self.masquerades = masquerades
            self.isReachable = isReachable
            self.spansNodes = spansNodes
        }
    }

    /// A tunnel of VXLAN.
    package struct Tunnel: Hashable, Sendable {
        package var vni: VNI
        /// The UDP port.
        package var port: UInt16

        package init(_ vni: VNI, port: UInt16) {
            self.vni = vni
            self.port = port
        }
    }

    /// An endpoint, by the port of the bridge that its frames come in by.
    package struct Port: Hashable, Sendable {
        /// The sender that its frames bear.
        package var mac: MACAddress
        /// The senders that its packets bear, link-local ones too.
        package var addresses: [IPAddress]

        package init(mac: MACAddress, addresses: [IPAddress] = []) {
            self.mac = mac
            self.addresses = addresses
        }
    }

    /// What the rules look up, by what it is about.
    package var entries: [FirewallEntry: Set<FirewallElement>] {
        var entries: [FirewallEntry: Set<FirewallElement>] = [:]
        for (name, bridge) in bridges { entries[.bridge(name)] = bridge.elements(name) }
        for (name, port) in ports { entries[.port(name)] = port.elements(name) }
        if !vxlanPorts.isEmpty { entries[.vxlanPorts] = Set(vxlanPorts.map { .vxlanPort($0) }) }
        if !ranges.isEmpty { entries[.ranges] = Set(ranges.map { .range($0) }) }
        let ends = tunnels.map { FirewallElement.tunnel($0.vni, port: $0.port) } + nodes.map { .node($0) }
        if !ends.isEmpty { entries[.tunnels] = Set(ends) }
        for element in others { entries[element.entry, default: []].insert(element) }
        return entries
    }
}

extension InterfaceName {
    /// Why the firewall's rules can't name the link; `nil` if they can.
    ///
    /// nft: a `*` at the end of a name stands for any text, a `\` takes that meaning away, and a `"` ends the name.
    package var reasonAgainstFirewall: String? {
        let signs = "\"*\\".utf8
        guard text.utf8.contains(where: { signs.contains($0) }) else { return nil }
        let reason = "'\"', '*' and '\\' have a meaning of their own there"
        return "the firewall can't name a link '\(self)': \(reason)"
    }
}

extension FirewallState.Bridge {
    fileprivate func elements(_ name: InterfaceName) -> Set<FirewallElement> {
        var elements: Set<FirewallElement> = [.network(name), .within(name)]
        if reachesOutside { elements.insert(.outside(name)) }
        if masquerades { elements.insert(.masqueraded(name)) }
        if isReachable { elements.insert(.reachable(name)) }
        for subnet in subnets {
            elements.insert(.subnet(name, subnet))
            if spansNodes { elements.insert(.part(name, subnet)) }
        }
        return elements
    }
}

extension FirewallState.Port {
    fileprivate func elements(_ name: InterfaceName) -> Set<FirewallElement> {
        var elements: Set<FirewallElement> = [.port(name), .mac(name, mac)]
        for address in addresses {
            elements.insert(.sender(name, mac, address))
            if address.family == .ipv6 { elements.insert(.target(name, address)) }
        }
        return elements
    }
}
