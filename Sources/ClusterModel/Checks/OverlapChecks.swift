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

    /// Looks at all ranges in their order: prefixes overlap only if one is within the other.
    mutating func checkOverlaps() {
        for family in AddressFamily.allCases {
            let claims = claims(family).sorted { ($0.prefix, $0.rank) < ($1.prefix, $1.rank) }
            var free: FreeRanges?
            var networks: [Claim] = []
            var others: [Claim] = []
            var told: Set<[Int]> = []
            for claim in claims {
                while let last = networks.last, !last.prefix.overlaps(claim.prefix) { networks.removeLast() }
                while let last = others.last, !last.prefix.overlaps(claim.prefix) { others.removeLast() }
                if case .network(let index) = claim.holder {
                    if let other = networks.last { tell(claim, other, claims, &free) }
                    if let other = others.last, !isOnWire(index) { tell(claim, other, claims, &free) }
                    networks.append(claim)
                } else {
                    let network = networks.last { !isOnWire($0) }
                    if let network, told.insert([network.rank, claim.holder.kind]).inserted {
                        tell(network, claim, claims, &free)
                    }
                    others.append(claim)
                }
            }
        }
    }

    private func claims(_ family: AddressFamily) -> [Claim] {
        var claims: [Claim] = []
        for (index, network) in state.networks.enumerated() where !network.isIsolated {
            guard let subnet = network.subnets[family] else { continue }
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

    /// True for networks whose subnet is their parent's.
    private func isOnWire(_ network: Int) -> Bool { state.networks[network].driver.kind == .macvlan }

    /// Complains of a network's range, of two networks that of the later one by name.
    private mutating func tell(_ first: Claim, _ second: Claim, _ all: [Claim], _ free: inout FreeRanges?) {
        var (claim, other) = (first, second)
        if case .network = other.holder, other.rank > claim.rank { swap(&claim, &other) }
        guard case .network(let index) = claim.holder else { return }
        let family = claim.prefix.family
        let network = state.networks[index]
        if free == nil { free = FreeRanges(taken: all.map(\.prefix), family) }
        let range = mayGuess() ? free?.take(like: claim.prefix) : nil
        let (words, place) = describe(other)
        complain(
            ClusterPlace(.network(network.name), .subnets, .family(family)),
            "\(claim.prefix) of network '\(network.name)' overlaps \(words)",
            other: place,
            hint: range.map { "\($0) is free" }
        )
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
