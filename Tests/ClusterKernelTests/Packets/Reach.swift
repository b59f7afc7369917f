import NetworkModel

/// Who reaches whom, worked out from a document and from the addresses that were assigned.
///
/// A packet comes to whoever holds its next hop, and is taken if its destination is one of his own. Nobody forwards but the
/// node, and that only from a network to the outside.
struct Reach {
    /// Somebody who sends and receives.
    struct Party {
        var name: String
        /// The namespace; `nil` for the node.
        var namespace: String?
        var links: [Link] = []
        var routes: [Route] = []
        /// What the node lets pass that comes in by a link; nothing for anybody else.
        var ways: [Wire: Way] = [:]
    }

    /// What a network may do at its node.
    struct Way {
        /// Whether it has an outside; without one it reaches the node in its own subnets only.
        var hasOutside: Bool
        /// Whether what leaves for the outside bears the node's address.
        var masquerades: Bool
    }

    /// A link with its addresses.
    struct Link {
        /// What is one wire.
        var wire: Wire
        var addresses: [IPAddress]
        var subnets: [Prefix]
    }

    /// The end of a wire.
    enum Wire: Hashable {
        case bridge(String)
        /// A macvlan link on a link of the node's; private ones do not hear each other.
        case macvlan(parent: String, isPrivate: Bool)
        /// The link of the node's itself, which macvlan links on it do not hear.
        case near(String)
        /// The far end of it, which hears all.
        case far(String)
    }

    struct Route {
        var destination: Prefix
        var gateway: IPAddress
    }

    let parties: [Party]

    init(_ cluster: Cluster, _ view: ClusterView) {
        let oracle = ReachParties(cluster: cluster, view: view)
        parties = cluster.stacks.map(oracle.sandbox) + [oracle.node, oracle.router]
    }

    /// Every address that somebody holds, each once.
    var addresses: [IPAddress] { Set(parties.flatMap { $0.links.flatMap(\.addresses) }).sorted() }

    /// Who takes a packet, and as whose.
    struct Delivery: Hashable {
        var receiver: String
        var source: IPAddress
    }

    /// What becomes of a packet from a party to an address; `nil` if nobody takes it.
    func delivery(from sender: Party, to address: IPAddress) -> Delivery? {
        guard let (link, hop) = way(from: sender, to: address),
            let source = link.addresses.first(where: { $0.family == address.family })
        else { return nil }
        let holder = parties.first { party in
            party.name != sender.name
                && party.links.contains { $0.addresses.contains(hop) && Self.hear(link.wire, $0.wire) }
        }
        guard let holder else { return nil }
        let way = holder.ways[link.wire]
        if holder.links.contains(where: { $0.addresses.contains(address) }) {
            let isWithin = link.subnets.contains { $0.contains(address) }
            return way?.hasOutside ?? true || isWithin ? Delivery(receiver: holder.name, source: source) : nil
        }
        guard let way, way.hasOutside else { return nil }
        return forwarded(by: holder, to: address, from: source, way)
    }

    /// What becomes of a packet that the node forwards from a network: it leaves by the node's own links, never to a network.
    private func forwarded(
        by node: Party,
        to address: IPAddress,
        from source: IPAddress,
        _ allowed: Way
    ) -> Delivery? {
        guard let (link, hop) = way(from: node, to: address), node.ways[link.wire] == nil else { return nil }
        let taker = parties.first { party in
            party.name != node.name
                && party.links.contains { $0.addresses.contains(hop) && Self.hear(link.wire, $0.wire) }
        }
        guard let taker, taker.links.contains(where: { $0.addresses.contains(address) }) else { return nil }
        let own = link.addresses.first { $0.family == address.family }
        return Delivery(receiver: taker.name, source: allowed.masquerades ? own ?? source : source)
    }

    /// The link and the next hop: by the longest prefix.
    private func way(from sender: Party, to address: IPAddress) -> (Link, IPAddress)? {
        var best: (length: UInt8, link: Link, hop: IPAddress)?
        for link in sender.links {
            for subnet in link.subnets where subnet.contains(address) && subnet.length >= best?.length ?? 0 {
                best = (subnet.length, link, address)
            }
        }
        for route in sender.routes where route.destination.contains(address) {
            guard best.map({ route.destination.length > $0.length }) ?? true,
                let link = sender.links.first(where: { $0.subnets.contains { $0.contains(route.gateway) } })
            else { continue }
            best = (route.destination.length, link, route.gateway)
        }
        return best.map { ($0.link, $0.hop) }
    }

    private static func hear(_ one: Wire, _ other: Wire) -> Bool {
        switch (one, other) {
        case (.bridge(let one), .bridge(let other)): one == other
        case (.macvlan(let one, let isPrivate), .macvlan(let other, let isOtherPrivate)):
            one == other && !isPrivate && !isOtherPrivate
        case (.macvlan(let one, _), .far(let other)), (.far(let one), .macvlan(let other, _)),
            (.near(let one), .far(let other)), (.far(let one), .near(let other)):
            one == other
        case (.bridge, _), (.macvlan, _), (.near, _), (.far, _): false
        }
    }
}

/// The parties of a document.
private struct ReachParties {
    let cluster: Cluster
    let view: ClusterView

    func sandbox(_ sandbox: Cluster.Sandbox) -> Reach.Party {
        var party = Reach.Party(name: sandbox.name, namespace: sandbox.name)
        for (index, endpoint) in sandbox.endpoints.enumerated() {
            guard let network = cluster.network(endpoint.network) else { continue }
            let wire: Reach.Wire =
                switch network.driver {
                case .bridge, .routed, .overlay: .bridge(network.name)
                case .macvlan(let parent, let mode): .macvlan(parent: parent, isPrivate: mode == "private")
                }
            let addresses = view.addresses(of: sandbox, index)
            party.links.append(Reach.Link(wire: wire, addresses: addresses, subnets: network.subnets))
        }
        party.routes = sandbox.routes.map { Reach.Route(destination: $0.destination, gateway: $0.gateway) }
        for family in AddressFamily.allCases {
            let ways = sandbox.endpoints.compactMap { endpoint in
                cluster.network(endpoint.network)?.wayOut(family).map { (endpoint.network, $0) }
            }
            guard let way = ways.first(where: { $0.0 == sandbox.defaultRoute }) ?? ways.first else {
                continue
            }
            party.routes.append(Reach.Route(destination: .all(family), gateway: way.1))
        }
        return party
    }

    /// The node: on each bridge, and at the near end of its uplink, where the macvlan links on it do not hear it.
    var node: Reach.Party {
        var party = Reach.Party(name: "the node")
        for network in cluster.carried where !network.isMacvlan {
            let addresses = AddressFamily.allCases.compactMap(network.hostAddress)
            let subnets = addresses.compactMap { network.subnet($0.family) }
            party.links.append(
                Reach.Link(wire: .bridge(network.name), addresses: addresses, subnets: subnets)
            )
            party.ways[.bridge(network.name)] = Reach.Way(
                hasOutside: !network.isInternal && !network.isIsolated,
                masquerades: network.masquerade ?? true
            )
        }
        let wire = Reach.Wire.near(ClusterBench.uplink)
        party.links.append(
            Reach.Link(wire: wire, addresses: ClusterBench.nodeAddresses, subnets: Self.underlay)
        )
        party.routes = [Reach.Route(destination: .all(.ipv4), gateway: ClusterBench.routerIPv4)]
        return party
    }

    /// The router: it hears the node and the macvlan links on the node's uplink, and asks the node for all networks.
    var router: Reach.Party {
        var party = Reach.Party(name: "the router", namespace: ClusterBench.router)
        let wire = Reach.Wire.far(ClusterBench.uplink)
        party.links = [
            Reach.Link(wire: wire, addresses: ClusterBench.routerAddresses, subnets: Self.underlay)
        ]
        party.routes = zip(ClusterBench.ranges, ClusterBench.nodeAddresses).compactMap { range, node in
            Prefix(text: range).map { Reach.Route(destination: $0, gateway: node) }
        }
        return party
    }

    private static let underlay = ["10.99.0.0/24", "fd00:99::/64"].compactMap { Prefix(text: $0) }
}
