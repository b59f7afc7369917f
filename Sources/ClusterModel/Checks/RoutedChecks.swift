internal import NetworkModel

/// Routed networks: the parts of their nodes, and the nodes' addresses.
extension ClusterChecks {
    mutating func check(_ routed: Network.Routed, of network: Network) {
        switch routed.prefixes {
        case .assigned(let lengths): checkLengths(lengths, of: network)
        case .stated(let prefixes): check(prefixes, of: network)
        }
        checkNextHops(of: network)
    }

    private mutating func checkLengths(_ lengths: PerFamily<UInt8>, of network: Network) {
        let place = ClusterPlace(.network(network.name), .nodePrefix)
        for family in network.subnets.families {
            guard let subnet = network.subnets[family] else { continue }
            let length = lengths[family] ?? Network.Routed.defaultLength(of: family)
            let longest = family.width - 2
            if length < subnet.length {
                complain(
                    place,
                    "a node's part, /\(length), is larger than the whole, \(subnet)",
                    hint: "with 'nodePrefix' of \(min(subnet.length + 2, longest)) there is room for 4 nodes"
                )
            } else if length > longest {
                complain(
                    place,
                    "a node's part, /\(length), has no room for an endpoint beside the gateway",
                    hint: "it is at most /\(longest)"
                )
            }
        }
    }

    private mutating func check(_ prefixes: [NodeName: PerFamily<Prefix>], of network: Network) {
        var holders: [(prefix: Prefix, node: NodeName)] = []
        for (node, parts) in prefixes.sorted(by: { $0.key < $1.key }) {
            let place = ClusterPlace(.network(network.name), .nodeSubnets, .name(node.text))
            checkCarrier(node, place)
            for family in parts.families {
                guard let part = parts[family] else { continue }
                checkPart(part, family, of: node, network)
                holders.append((part, node))
            }
        }
        checkOverlaps(of: holders, network)
        for node in carriers(of: network) {
            for family in network.subnets.families where prefixes[node]?[family] == nil {
                complain(
                    ClusterPlace(.network(network.name), .nodeSubnets),
                    "node '\(node)' carries the network, and has no \(family.words) part of it",
                    hint: "add '\(node)', or let 'nodePrefix' say how large the parts are"
                )
            }
        }
    }

    private mutating func checkPart(
        _ part: Prefix,
        _ family: AddressFamily,
        of node: NodeName,
        _ network: Network
    ) {
        let place = ClusterPlace(.network(network.name), .nodeSubnets, .nameAndFamily(node.text, family))
        guard let subnet = network.subnets[family] else {
            return complain(
                place,
                "the network has no \(family.words) subnet",
                hint: "add one to 'subnets', or leave the part out"
            )
        }
        if part.length < subnet.length || !subnet.contains(part.address) {
            complain(place, "\(part) is not within the subnet, \(subnet)")
        } else if part.hostBits < 2 {
            complain(
                place,
                "\(part) has no room for an endpoint beside the gateway",
                hint: "it is at most /\(family.width - 2)"
            )
        }
    }

    private mutating func checkOverlaps(of holders: [(prefix: Prefix, node: NodeName)], _ network: Network) {
        var widest: (prefix: Prefix, node: NodeName)?
        for holder in holders.sorted(by: { ($0.prefix, $0.node) < ($1.prefix, $1.node) }) {
            guard let open = widest, open.prefix.overlaps(holder.prefix) else {
                widest = holder
                continue
            }
            let (first, second) = open.node < holder.node ? (open, holder) : (holder, open)
            let place = { (holder: (prefix: Prefix, node: NodeName)) in
                ClusterPlace(
                    .network(network.name),
                    .nodeSubnets,
                    .nameAndFamily(holder.node.text, holder.prefix.family)
                )
            }
            complain(
                place(second),
                "\(second.prefix) overlaps \(first.prefix) of node '\(first.node)'",
                other: place(first),
                hint: "give each node a part of its own"
            )
        }
    }

    /// A route to a node's part needs an address of that node in the part's family.
    private mutating func checkNextHops(of network: Network) {
        let carriers = carriers(of: network)
        guard carriers.count > 1 || network.isViaRouter else { return }
        for name in carriers {
            guard let node = state.nodes[name] else { continue }
            for family in network.subnets.families where node.addresses[family] == nil {
                complain(
                    ClusterPlace(.network(network.name), .subnets, .family(family)),
                    "routes lead to the \(family.words) address of each node that carries the network, and '\(name)' has none",
                    other: ClusterPlace(.node(name), .address),
                    hint: "give it one under 'nodes', or use driver overlay"
                )
            }
        }
    }

    /// The nodes that carry a network.
    func carriers(of network: Network) -> [NodeName] { assignment.carriers[network.name] ?? [] }
}

extension Network {
    /// True if only routers hold its routes.
    var isViaRouter: Bool {
        switch driver {
        case .routed(let routed): routed.via == .router
        case .bridge, .overlay, .macvlan: false
        }
    }
}
