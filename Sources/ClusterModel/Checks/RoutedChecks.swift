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
                    hint: Self.hint(forPartsOf: subnet, longest: longest)
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

    /// What length parts of a subnet can have.
    private static func hint(forPartsOf subnet: Prefix, longest: UInt8) -> String {
        let length = min(subnet.length + 2, longest)
        guard length >= subnet.length else {
            return "make the subnet larger: a node's part is at most /\(longest)"
        }
        let count = 1 << Int(length - subnet.length)
        let room = "with 'nodePrefix' of \(length) there is room for \(count) node\(count == 1 ? "" : "s")"
        return count < 4 ? "\(room); make the subnet larger for more" : room
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
        for family in network.subnets.families {
            let missing = carriers(of: network).filter { prefixes[$0]?[family] == nil }
            complain(ofMissing: missing, beside: prefixes.values.compactMap { $0[family] }, family, network)
        }
    }

    /// Complains of nodes without a part of the network, and proposes one for each.
    private mutating func complain(
        ofMissing nodes: [NodeName],
        beside parts: [Prefix],
        _ family: AddressFamily,
        _ network: Network
    ) {
        guard !nodes.isEmpty, let subnet = network.subnets[family] else { return }
        let lengths = Dictionary(grouping: parts, by: \.length).mapValues(\.count)
        let usual = lengths.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
        let length = usual ?? Network.Routed.defaultLength(of: family)
        var parts = parts.sorted()
        for node in nodes {
            let free = mayGuess() ? subnet.freePart(ofLength: length, beside: parts) : nil
            if let free { parts.insert(free, at: parts.firstIndex { $0 > free } ?? parts.endIndex) }
            complain(
                ClusterPlace(.network(network.name), .nodeSubnets),
                "node '\(node)' carries the network, and has no \(family.words) part of it",
                hint: free.map { "add one for '\(node)': \($0) is free" }
                    ?? "add one for '\(node)'; if none is free, make the subnet larger"
            )
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
            guard let node = state.nodes[name], !excuses.nodeAddresses.contains(name) else { continue }
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

extension Prefix {
    /// A part that shares no address with others, in order: behind the last of them if there is room, so that ranges grow one way.
    fileprivate func freePart(ofLength length: UInt8, beside parts: [Prefix]) -> Prefix? {
        guard length > self.length else { return parts.contains { $0.overlaps(self) } ? nil : self }
        let end = parts.map(\.last.number).max() ?? 0
        for start in [end, address.number] where start >= address.number && start < last.number {
            var candidate = Prefix(containing: IPAddress(number: start, family: family), length: length)
            for part in parts where part.last.number >= candidate.address.number {
                guard part.overlaps(candidate) else { break }
                // Prefixes are within each other or apart: the next one begins right behind the larger of the two.
                let behind = max(part.last.number, candidate.last.number)
                guard behind < last.number else { break }
                candidate = Prefix(
                    containing: IPAddress(number: behind + 1, family: family),
                    length: length
                )
            }
            if !parts.contains(where: { $0.overlaps(candidate) }) { return candidate }
        }
        return nil
    }
}
