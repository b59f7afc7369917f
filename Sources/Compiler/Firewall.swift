import ClusterModel
import NetworkModel

extension NodeCompiler {
    /// What the firewall is to know of a network with a bridge, and which ways out the node opens for it.
    mutating func protect(_ network: Network, by bridge: InterfaceName) {
        let reachesOutside = !network.isInternal && !network.isIsolated
        var firewall = result.state.firewall ?? FirewallState()
        firewall.bridges[bridge] = FirewallState.Bridge(
            // An isolated network may have the ranges of another one: nothing of them is its own on the node's side.
            subnets: network.isIsolated ? [] : AddressFamily.allCases.compactMap { network.subnets[$0] },
            reachesOutside: reachesOutside,
            masquerades: reachesOutside && network.masquerades,
            isReachable: reachesOutside && network.isRouted,
            spansNodes: network.isRouted
        )
        result.state.firewall = firewall
        guard reachesOutside else { return }
        for family in network.subnets.families
        where assignment.gateway(of: network, family, on: node) != nil {
            forward(family)
        }
    }

    /// Who sends by a port: the endpoint alone, from its own addresses.
    mutating func protect(_ endpoint: Link, at port: InterfaceName) {
        let addresses = endpoint.addresses.map(\.address)
        result.state.firewall?.ports[port] = FirewallState.Port(mac: endpoint.mac, addresses: addresses)
    }

    /// The ranges of the document's other networks, which no sandbox reaches by way of the outside either.
    ///
    /// Isolated ones may overlap others, and lead nowhere; a wire that endpoints share with others is the outside.
    mutating func knowOtherRanges() {
        guard result.state.firewall != nil else { return }
        for network in cluster.networks where network.driver.kind.hasBridge && !network.isIsolated {
            result.state.firewall?.ranges.formUnion(network.subnets.values)
            // Of overlays that this node does not carry too: what its sandboxes send bears its address elsewhere.
            guard case .overlay(let overlay) = network.driver else { continue }
            result.state.firewall?.vxlanPorts.insert(overlay.port)
        }
    }

    /// The nodes on the ways of routed networks, which tell what did not get through: that it was too large, say.
    mutating func knowNodesOnTheWay() {
        guard result.state.firewall != nil, let node else { return }
        for network in cluster.networks
        where network.isRouted && assignment.carriers[network.name]?.contains(node) == true {
            let routers = cluster.nodes.filter { $0.role == .router && $0.name != node }
            for peer in peers(of: network) + routers {
                result.state.firewall?.nodes.formUnion(peer.addresses.values)
            }
        }
    }

    /// From whom what is in a tunnel is taken.
    mutating func guardTunnel(_ vni: VNI, port: UInt16, from nodes: [IPAddress]) {
        result.state.firewall?.vxlanPorts.insert(port)
        result.state.firewall?.tunnels.insert(FirewallState.Tunnel(vni, port: port))
        result.state.firewall?.nodes.formUnion(nodes)
    }

    /// Has the node forward packets of a family.
    mutating func forward(_ family: AddressFamily) {
        switch family {
        case .ipv4: setOnce("net/ipv4/ip_forward", "1")
        case .ipv6:
            guard facts.hasIPv6 else { return }
            // A router takes no advertisements, unless it is told to: the node's own way out would be lost.
            //
            // Kernel: `net/ipv6/ndisc.c`, `ipv6_accept_ra()`.
            for link in facts.advertised { setOnce("net/ipv6/conf/\(link)/accept_ra", "2") }
            setOnce("net/ipv6/conf/all/forwarding", "1")
        }
    }

    /// States a setting of the node that several networks need.
    private mutating func setOnce(_ path: String, _ value: String) {
        let setting = Sysctl(Sysctl.Key(path: path, in: .node), value: value)
        if !result.state.sysctls.contains(setting) { result.state.sysctls.append(setting) }
    }
}

extension Network {
    /// True if its parts are on several nodes, and routes between them.
    fileprivate var isRouted: Bool {
        switch driver {
        case .routed: true
        case .bridge, .overlay, .macvlan: false
        }
    }
}
