internal import NetworkModel

/// Networks by themselves, and with the nodes.
extension ClusterChecks {
    mutating func check(_ network: Network) {
        let place = ClusterPlace.Object.network(network.name)
        for family in network.subnets.families {
            guard let subnet = network.subnets[family] else { continue }
            checkRange(subnet, family, network)
            if let (range, use) = ReservedRanges.one(in: subnet) {
                complain(
                    ClusterPlace(place, .subnets, .family(family)),
                    "\(subnet) overlaps \(range), which is for \(use)"
                )
            }
        }
        checkGateway(of: network)
        checkIsolation(of: network)
        if let mtu = network.mtu, mtu.bytes < 1280, let subnet = network.subnets.ipv6 {
            complain(
                ClusterPlace(place, .mtu),
                "\(subnet) needs an MTU of 1280 bytes, and the network's is \(mtu)",
                hint: "raise 'mtu', or leave out the IPv6 subnet"
            )
        }
        checkNodes(of: network)
        switch network.driver {
        case .bridge, .macvlan: break
        case .overlay: checkTunnelFamilies(of: network)
        case .routed(let routed): check(routed, of: network)
        }
    }

    private mutating func checkRange(_ subnet: Prefix, _ family: AddressFamily, _ network: Network) {
        guard let range = network.ranges[family] else { return }
        if range.length < subnet.length || !subnet.contains(range.address) {
            complain(
                ClusterPlace(.network(network.name), .range, .family(family)),
                "\(range) is not within the subnet, \(subnet)",
                hint: "a range is the part of the subnet from which addresses are assigned"
            )
        }
    }

    private mutating func checkGateway(of network: Network) {
        let place = ClusterPlace.Object.network(network.name)
        for family in AddressFamily.allCases where network.subnets[family] == nil {
            if network.ranges[family] != nil {
                complain(
                    ClusterPlace(place, .range, .family(family)),
                    "the network has no \(family.words) subnet",
                    hint: "add one to 'subnets', or leave the range out"
                )
            }
        }
        guard case .addresses(let gateways) = network.gateway else { return }
        for family in gateways.families {
            guard let gateway = gateways[family] else { continue }
            let place = ClusterPlace(place, .gateway, .family(family))
            guard let subnet = network.subnets[family] else {
                complain(
                    place,
                    "the network has no \(family.words) subnet",
                    hint: "add one to 'subnets', or leave the gateway out"
                )
                continue
            }
            guard subnet.contains(gateway) else {
                complain(place, "\(gateway) is not in the subnet, \(subnet)")
                continue
            }
            if let reason = reservation(of: gateway, in: subnet) {
                complain(place, "\(gateway) is \(reason) of \(subnet)", hint: "name another address")
            }
            checkGateway(gateway, family, ofRouted: network, place)
        }
    }

    /// Each node of a routed network is the gateway of its own part.
    private mutating func checkGateway(
        _ gateway: IPAddress,
        _ family: AddressFamily,
        ofRouted network: Network,
        _ place: ClusterPlace
    ) {
        guard case .routed = network.driver else { return }
        let prefixes = (assignment.nodePrefixes[network.name] ?? [:]).values.compactMap { $0[family] }
        guard !prefixes.contains(where: { $0.contains(gateway) }) else { return }
        complain(
            place,
            "\(gateway) is in no node's part of the network",
            hint: "leave it out: on each node it is the first address of the node's part"
        )
    }

    /// What an address is that nobody may have.
    func reservation(of address: IPAddress, in prefix: Prefix) -> String? {
        if address == prefix.reservedFirst {
            return prefix.family == .ipv4
                ? "the first address, the network itself," : "the routers' anycast address"
        }
        return address == prefix.broadcast ? "the broadcast address" : nil
    }

    private mutating func checkIsolation(of network: Network) {
        let place = ClusterPlace.Object.network(network.name)
        let kind = network.driver.kind
        if network.isIsolated {
            let reason = "an isolated network has no address on the host side"
            if network.gateway != .automatic {
                complain(
                    ClusterPlace(place, .gateway),
                    "\(reason), hence no gateway",
                    hint: "leave out one of them"
                )
            }
            if network.isInternal {
                complain(
                    ClusterPlace(place, .internal),
                    "an isolated network is internal already",
                    hint: "leave out 'internal'"
                )
            }
            if kind == .routed {
                complain(
                    ClusterPlace(place, .isolated),
                    "a routed network can't be isolated: its nodes route for it"
                )
            }
        }
        if network.statedMasquerade == true {
            let reason: String? =
                network.isIsolated
                ? "an isolated network"
                : network.isInternal ? "an internal network" : kind == .macvlan ? "a macvlan network" : nil
            if let reason {
                complain(
                    ClusterPlace(place, .masquerade),
                    "nothing of \(reason) passes the node to the outside",
                    hint: "leave out 'masquerade'"
                )
            }
        }
        if kind == .macvlan, network.isInternal, case .addresses = network.gateway {
            complain(
                ClusterPlace(place, .gateway),
                "an internal network has no default route, and a macvlan's gateway serves nothing else",
                hint: "leave out one of them"
            )
        }
    }

    /// The nodes that a network says it is on.
    private mutating func checkNodes(of network: Network) {
        guard let nodes = network.nodes else { return checkNeedOfNodes(network) }
        let place = ClusterPlace.Object.network(network.name)
        guard !state.nodes.isEmpty else {
            return complain(ClusterPlace(place, .nodes), "the document names no nodes", hint: "leave it out")
        }
        for (index, name) in nodes.enumerated() {
            let place = ClusterPlace(place, .nodes, .index(index))
            if nodes.prefix(index).contains(name) {
                complain(place, "node '\(name)' is listed already", hint: "keep one of them")
            } else {
                checkCarrier(name, place)
            }
        }
        if network.driver == .bridge, nodes.count > 1 {
            complain(
                ClusterPlace(place, .nodes),
                "a bridge network belongs to one node",
                hint: "of several nodes, networks are made by the drivers routed and overlay"
            )
        }
        checkNeedOfNodes(network)
    }

    private mutating func checkNeedOfNodes(_ network: Network) {
        guard state.nodes.isEmpty else { return }
        switch network.driver {
        case .bridge: return
        case .macvlan(let macvlan):
            guard macvlan.parent == nil else { return }
            complain(
                ClusterPlace(.network(network.name)),
                "'parent' is missing",
                hint: "the document names no node whose 'interface' could be meant"
            )
        case .routed, .overlay:
            complain(
                ClusterPlace(.network(network.name), .driver),
                "driver \(network.driver.kind.rawValue) joins nodes, and the document names none",
                hint: "add 'nodes', or use driver bridge"
            )
        }
    }

    /// A tunnel has its two ends in one family: that of the address which a node states first.
    private mutating func checkTunnelFamilies(of network: Network) {
        let carriers = carriers(of: network).compactMap { state.nodes[$0] }
            .filter { !excuses.nodeAddresses.contains($0.name) }
        guard let first = carriers.first(where: { !$0.addresses.isEmpty }) else { return }
        for node in carriers where node.tunnelFamily != first.tunnelFamily && !node.addresses.isEmpty {
            complain(
                ClusterPlace(.node(node.name), .address),
                "node '\(node.name)' has its tunnels over \(node.tunnelFamily.words), and node '\(first.name)', which "
                    + "carries network '\(network.name)' too, over \(first.tunnelFamily.words)",
                other: ClusterPlace(.node(first.name), .address),
                hint: "begin both lists with an address of one family"
            )
        }
    }

    /// A node on which networks and sandboxes may be.
    mutating func checkCarrier(_ name: NodeName, _ place: ClusterPlace) {
        guard let node = membership.nodes[name].map({ state.nodes[$0] }) else {
            guard !excuses.nodes.contains(name) else { return }
            let hint = guess(name, among: state.nodes.lazy.map(\.name)) ?? "list it under 'nodes'"
            return complain(place, "there is no node '\(name)'", hint: hint)
        }
        switch node.role {
        case .node: return
        case .router:
            complain(
                place,
                "node '\(name)' is a router: it holds routes only",
                other: ClusterPlace(.node(name), isName: true)
            )
        }
    }
}

extension AddressFamily {
    /// The family's name.
    var words: String {
        switch self {
        case .ipv4: "IPv4"
        case .ipv6: "IPv6"
        }
    }
}
