import ClusterModel
import NetworkModel

extension NodeCompiler {
    /// A bridge on the node, with the network's gateway on it, and a pair for each endpoint.
    ///
    /// - Parameters:
    ///   - network: The network.
    ///   - members: Its endpoints on this node.
    ///   - mtu: The MTU of all its links.
    mutating func compileBridge(_ network: Network, _ members: [Attachment], _ mtu: MTU) {
        let bridge = bridgeLink(of: network, mtu)
        insert(bridge, for: "networks.\(network.name)")
        guardBridge(bridge.id, of: network)
        protect(network, by: bridge.id.name)
        for member in members {
            let port = LinkID(KernelNames.port(of: member.sandbox.name, member.link.name), in: .node)
            add(port, peer: member.link, of: network, member, master: bridge.id.name, mtu)
            var link = endpointLink(.veth(peer: port), of: network, member)
            link.mtu = mtu
            insert(link, for: "sandboxes.\(member.sandbox.name)")
            protect(link, at: port.name)
        }
    }

    /// The MTU of what never leaves the node: Ethernet's, unless the uplink's is less.
    var bridgeMTU: MTU { min(.ethernet, facts.mtu(of: facts.uplink) ?? .ethernet) }

    private func bridgeLink(of network: Network, _ mtu: MTU) -> Link {
        var options = Bridge()
        // Nobody asks on these bridges who listens; a bridge that waits for answers loses IPv6 neighbour discovery.
        options.multicastSnooping = false
        let id = LinkID(KernelNames.bridge(of: network), in: .node)
        var link = Link(
            id,
            kind: .bridge(options),
            mac: assignment.bridgeMAC(of: network, on: node),
            purpose: Purpose.network(network.name.text, driver: network.driver.kind.rawValue).text
        )
        link.mtu = mtu
        link.addressGeneration = .none
        for family in network.subnets.families {
            guard let gateway = assignment.gateway(of: network, family, on: node),
                let prefix = assignment.prefix(of: network, family, on: node)
            else { continue }
            link.addresses.append(address(gateway, prefix.length))
        }
        // Without an address of the node's nobody is to find one on its link either.
        if link.addresses.contains(where: { $0.address.family == .ipv6 }) {
            link.addresses.append(linkLocal(of: link.mac))
        }
        return link
    }

    /// What a bridge must never take from its endpoints: addresses and routes that one of them advertises.
    private mutating func guardBridge(_ id: LinkID, of network: Network) {
        guard facts.hasIPv6 else { return }
        // Both are always stated: a bridge of one family becomes one of two, and back, with nothing open in between.
        // Of an isolated network the node has no part in it; but the tunnel of an overlay answers for neighbours on other nodes by
        // those that the bridge has, and a link without IPv6 can have none.
        //
        // Kernel: `net/bridge/br_arp_nd_proxy.c`, `br_do_suppress_nd()`.
        let hasNeighbours = network.driver.kind == .overlay
        let hasIPv6 = network.subnets.ipv6 != nil && (!network.isIsolated || hasNeighbours)
        set("net/ipv6/conf/\(id.name)/accept_ra", "0", in: .node)
        set("net/ipv6/conf/\(id.name)/disable_ipv6", hasIPv6 ? "0" : "1", in: .node)
    }

    /// The node's end of an endpoint's pair.
    private mutating func add(
        _ port: LinkID,
        peer: LinkID,
        of network: Network,
        _ member: Attachment,
        master: InterfaceName,
        _ mtu: MTU
    ) {
        var link = Link(
            port,
            kind: .veth(peer: peer),
            mac: DefaultMAC.mac(of: port, onNode: facts.name),
            purpose: Purpose.port(sandbox: member.sandbox.name.text, network: network.name.text).text
        )
        link.master = master
        link.mtu = mtu
        link.addressGeneration = .none
        insert(link, for: "sandboxes.\(member.sandbox.name)")
    }

    // MARK: Common to drivers

    /// The link inside a sandbox, with its addresses.
    func endpointLink(_ kind: LinkKind, of network: Network, _ member: Attachment) -> Link {
        var link = Link(
            member.link,
            kind: kind,
            mac: member.assigned.mac,
            purpose: Purpose.endpoint(network: network.name.text).text
        )
        link.addressGeneration = .none
        for family in network.subnets.families {
            guard let own = member.assigned.addresses[family],
                let prefix = assignment.prefix(of: network, family, on: node)
            else { continue }
            link.addresses.append(address(own, prefix.length))
        }
        if network.subnets.ipv6 != nil { link.addresses.append(linkLocal(of: link.mac)) }
        return link
    }

    private func address(_ address: IPAddress, _ length: UInt8) -> InterfaceAddress {
        var value = InterfaceAddress(address, prefixLength: length)
        // Nobody else can have it: the document says who has what.
        value.skipsDuplicateDetection = address.family == .ipv6
        return value
    }

    /// The link-local address that a MAC makes (RFC 4291, appendix A), usable at once.
    private func linkLocal(of mac: MACAddress) -> InterfaceAddress {
        let bits = mac.bits ^ 0x0200_0000_0000
        let low = (bits >> 24) << 40 | 0xff_fe00_0000 | (bits & 0xff_ffff)
        var value = InterfaceAddress(IPAddress(ipv6High: 0xfe80 << 48, low: low), prefixLength: 64)
        value.scope = .link
        value.skipsDuplicateDetection = true
        return value
    }

    mutating func set(_ path: String, _ value: String, in place: Place) {
        result.state.sysctls.append(Sysctl(Sysctl.Key(path: path, in: place), value: value))
    }
}
