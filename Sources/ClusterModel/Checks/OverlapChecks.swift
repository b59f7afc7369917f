internal import NetworkModel

/// Ranges that networks share with each other, with the underlay, with nodes and with what is stated for them.
extension ClusterChecks {
    /// Somebody's range.
    struct Claim {
        var prefix: Prefix
        var holder: Holder

        enum Holder: Hashable {
            case network(Int)
            case underlay(Int)
            case node(NodeName)
            /// A link that is stated for a node, or for this host.
            case link(LinkID, on: NodeName?)
        }
    }

    /// What is proposed instead of ranges that are taken: for each network one.
    struct Proposals {
        var free: FreeRanges?
        var ranges: [Int: Prefix] = [:]
    }

    /// Looks at all ranges in their order: prefixes overlap only if one is within the other.
    mutating func checkOverlaps() {
        for family in AddressFamily.allCases {
            let claims = claims(family).sorted { ($0.prefix, $0.rank) < ($1.prefix, $1.rank) }
            var proposals = Proposals()
            var networks: [Claim] = []
            var others: [Claim] = []
            var told: Set<[Int]> = []
            for claim in claims {
                while let last = networks.last, !last.prefix.overlaps(claim.prefix) { networks.removeLast() }
                while let last = others.last, !last.prefix.overlaps(claim.prefix) { others.removeLast() }
                if case .network(let index) = claim.holder {
                    if let other = networks.last { tell(claim, other, claims, &proposals) }
                    if let other = others.last, !isOnWire(index) {
                        tell(claim, other, claims, &proposals)
                        told.insert([index, other.holder.kind])
                    }
                    networks.append(claim)
                } else {
                    if let network = networks.last(where: { !isOnWire($0) }) {
                        // One holder of each kind is enough, and the underlay says all of the nodes in it.
                        let kinds = Set([claim.holder.kind, Claim.Holder.underlay(0).kind])
                        let isTold = kinds.contains { told.contains([network.rank, $0]) }
                        if !isTold { tell(network, claim, claims, &proposals) }
                        told.insert([network.rank, claim.holder.kind])
                    }
                    others.append(claim)
                }
            }
        }
    }

    private func claims(_ family: AddressFamily) -> [Claim] {
        var claims: [Claim] = []
        for (index, network) in state.networks.enumerated() where !network.isIsolated {
            guard let subnet = network.subnets[family], ReservedRanges.one(in: subnet) == nil else {
                continue
            }
            claims.append(Claim(prefix: subnet, holder: .network(index)))
        }
        for (index, prefix) in state.underlay.enumerated() where prefix.family == family {
            claims.append(Claim(prefix: prefix, holder: .underlay(index)))
        }
        for node in state.nodes {
            if let address = node.addresses[family] {
                let prefix = Prefix(containing: address, length: family.width)
                claims.append(Claim(prefix: prefix, holder: .node(node.name)))
            }
            claims += self.claims(family, of: node.objects, on: node.name)
        }
        return claims + self.claims(family, of: state.host, on: nil)
    }

    private func claims(_ family: AddressFamily, of objects: RawObjects, on node: NodeName?) -> [Claim] {
        objects.state.links.values.filter { $0.id.place == .node }.flatMap { link in
            link.addresses.filter { $0.address.family == family }.map {
                Claim(prefix: $0.prefix, holder: .link(link.id, on: node))
            }
        }
    }

    private func isOnWire(_ claim: Claim) -> Bool {
        guard case .network(let index) = claim.holder else { return false }
        return isOnWire(index)
    }

    private func isBuiltInBridge(_ claim: Claim) -> Bool {
        guard case .network(let index) = claim.holder else { return false }
        return state.networks[index].isBuiltInBridge
    }

    /// True for networks whose subnet is their parent's.
    private func isOnWire(_ network: Int) -> Bool { state.networks[network].driver.kind == .macvlan }

    /// Complains of a network's range, of two networks that of the later one by name.
    private mutating func tell(_ first: Claim, _ second: Claim, _ all: [Claim], _ proposals: inout Proposals)
    {
        var (claim, other) = (first, second)
        if case .network = other.holder, !isBuiltInBridge(other),
            other.rank > claim.rank || isBuiltInBridge(claim)
        {
            swap(&claim, &other)
        }
        guard case .network(let index) = claim.holder else { return }
        let family = claim.prefix.family
        let network = state.networks[index]
        let place = placeOfSubnet(of: network, family)
        if proposals.ranges[index] == nil, mayGuess() {
            if proposals.free == nil { proposals.free = FreeRanges(taken: all.map(\.prefix), family) }
            proposals.ranges[index] = proposals.free?.take(like: claim.prefix)
        }
        let range = proposals.ranges[index]
        let (words, otherPlace) = describe(other)
        complain(
            place.place,
            "\(claim.prefix) of network '\(network.name)' overlaps \(words)",
            other: otherPlace,
            hint: range.map {
                place.isStated
                    ? "\($0) is free" : "write 'networks: { bridge: { subnets: [\($0)] } }': that is free"
            }
        )
    }

    /// Where a subnet is stated; if that is nowhere, who uses the built-in bridge.
    private func placeOfSubnet(
        of network: Network,
        _ family: AddressFamily
    ) -> (place: ClusterPlace, isStated: Bool) {
        let isDefault = network.isBuiltInBridge && network.subnets == Network.builtInBridge().subnets
        guard isDefault, let user = membership.endpoints[network.name]?.first else {
            return (ClusterPlace(.network(network.name), .subnets, .family(family)), true)
        }
        return (place(user, .network), false)
    }

    private func describe(_ claim: Claim) -> (String, ClusterPlace?) {
        let prefix = claim.prefix
        switch claim.holder {
        case .network(let index):
            let name = state.networks[index].name
            return (
                "\(prefix) of network '\(name)'",
                ClusterPlace(.network(name), .subnets, .family(prefix.family))
            )
        case .underlay(let index):
            return ("\(prefix) of the underlay", ClusterPlace(.underlay, .subnets, .index(index)))
        case .node(let name):
            return (
                "the address of node '\(name)', \(prefix.address)",
                ClusterPlace(.node(name), .address, .family(prefix.family))
            )
        case .link(let link, let node):
            return (
                "\(prefix) of link '\(link)'" + (node.map { " of node '\($0)'" } ?? ""),
                node.map { ClusterPlace(.node($0), .links, .name(link.name.text)) }
            )
        }
    }
}

extension ClusterChecks.Claim {
    /// Which of two is told of: networks by name, before them all others.
    var rank: Int {
        guard case .network(let index) = holder else { return -1 }
        return index
    }
}

extension ClusterChecks.Claim.Holder {
    /// Of several holders of one kind in one network one is told.
    var kind: Int {
        switch self {
        case .network: 0
        case .underlay: 1
        case .node: 2
        case .link: 3
        }
    }
}
