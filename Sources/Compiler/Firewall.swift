import ClusterModel
import NetworkModel

extension NodeCompiler {
    /// What the firewall is to know of a network with a bridge, and which ways out the node opens for it.
    mutating func protect(_ network: Network, by bridge: InterfaceName) {
        let reachesOutside = !network.isInternal && !network.isIsolated
        var firewall = result.state.firewall ?? FirewallState()
        firewall.bridges[bridge] = FirewallState.Bridge(
            subnets: AddressFamily.allCases.compactMap { network.subnets[$0] },
            reachesOutside: reachesOutside,
            masquerades: reachesOutside && network.masquerades
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

    /// Has the node forward packets of a family.
    private mutating func forward(_ family: AddressFamily) {
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
