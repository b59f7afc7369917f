import NetworkModel

/// Who reaches whom among several nodes, and as whom: the contract's rules 1 to 4, and nothing of how they are kept.
///
/// Addresses that were assigned are read from the kernel.
struct FleetReach {
    let cluster: Cluster
    let view: FleetView
    /// The addresses of somebody beyond all nodes, who has a route to every endpoint by its node.
    let outside: [IPAddress]

    /// Somebody who sends and receives.
    enum Party: Hashable, CustomStringConvertible {
        case sandbox(String)
        case node(String)
        case outside

        var description: String {
            switch self {
            case .sandbox(let name): "sandbox \(name)"
            case .node(let name): "node \(name)"
            case .outside: "the outside"
            }
        }
    }

    /// What becomes of a packet, and why.
    struct Verdict: Hashable {
        /// Who takes it; `nil` if nobody does.
        var receiver: Party?
        /// As whose it comes.
        var source: IPAddress?
        var rule: Rule

        static func arrives(at receiver: Party, as source: IPAddress?, _ rule: Rule) -> Verdict {
            Verdict(receiver: receiver, source: source, rule: rule)
        }

        static func vanishes(_ rule: Rule) -> Verdict { Verdict(rule: rule) }
    }

    /// Why something arrives, or does not: each is to be tried.
    enum Rule: String, CaseIterable {
        case bridge = "arrives: within a bridge network"
        case near = "arrives: within a network of several nodes, on one of them"
        case overlay = "arrives: within an overlay, on another node"
        case routed = "arrives: within a routed network, on another node"
        case byRouter = "arrives: within a routed network, by a router"
        case wire = "arrives: on the underlay's wire"
        case gateway = "arrives: at the gateway"
        case ownNode = "arrives: at the own node, as at the outside"
        case masqueraded = "arrives: outside, masqueraded"
        case asItself = "arrives: outside, as itself"
        case fromOwnNode = "arrives: from the node of an endpoint"
        case fromOutside = "arrives: from outside, at an endpoint of a routed network"
        case underlay = "arrives: between nodes"
        case nobody = "vanishes: nobody has the address"
        case noWayOut = "vanishes: no network of the sandbox has a way out"
        case apart = "vanishes: of a network that the sandbox is not on"
        case notFromOutside = "vanishes: from outside, at what is not routed"
        case notFromNode = "vanishes: from a node, at an endpoint of another one's"
        case ownParent = "vanishes: between a macvlan endpoint and its own node"
    }

    /// Every address that somebody has, each once.
    var addresses: [IPAddress] {
        let assigned = view.addresses.values.flatMap { $0.flatMap(\.self) }
        return Set(
            outside + cluster.nodes.flatMap(\.addresses) + view.gateways.values.flatMap(\.self) + assigned
        )
        .sorted()
    }

    /// The addresses of a party.
    func addresses(of party: Party) -> [IPAddress] {
        switch party {
        case .sandbox(let name): (view.addresses[name] ?? []).flatMap(\.self)
        case .node(let name): (cluster.node(name)?.addresses ?? []) + (view.gateways[name] ?? [])
        case .outside: outside
        }
    }

    /// What becomes of a packet; `nil` if the contract does not say.
    func verdict(from sender: Party, to address: IPAddress) -> Verdict? {
        switch sender {
        case .sandbox(let name): cluster.sandbox(name).flatMap { verdict(from: $0, to: address) }
        case .node(let name): cluster.node(name).flatMap { verdict(from: $0, to: address) }
        case .outside: verdictFromOutside(to: address)
        }
    }

    // MARK: From a sandbox

    private func verdict(from sandbox: Cluster.Sandbox, to address: IPAddress) -> Verdict? {
        let family = address.family
        guard let node = sandbox.node.flatMap(cluster.node) else { return nil }
        for (index, endpoint) in sandbox.endpoints.enumerated() {
            guard let network = cluster.network(endpoint.network),
                network.subnet(family)?.contains(address) ?? false
            else { continue }
            return within(network, from: node, view.address(family, of: sandbox, index), to: address)
        }
        guard let (index, network) = wayOut(of: sandbox, family) else { return .vanishes(.noWayOut) }
        let own = view.address(family, of: sandbox, index)
        guard !network.isMacvlan else { return byWire(network, own, to: address) }
        return out(network, from: node, own, to: address)
    }

    /// In a range of a network that the sandbox is on.
    private func within(
        _ network: Cluster.Network,
        from node: Cluster.Node,
        _ own: IPAddress?,
        to address: IPAddress
    ) -> Verdict {
        if let holder = holder(of: address, on: network, seenFrom: node.name) {
            let rule = rule(of: network, isNear: holder.node == node.name)
            return .arrives(at: .sandbox(holder.name), as: own, rule)
        }
        switch network.driver {
        case .macvlan:
            guard let party = underlayParty(address) else { return .vanishes(.nobody) }
            return party == .node(node.name) ? .vanishes(.ownParent) : .arrives(at: party, as: own, .wire)
        case .bridge, .overlay, .routed:
            guard !network.isIsolated else { return .vanishes(.nobody) }
            // Of a routed network each node has a gateway of its own; of all others it is the same on each.
            let carriers = network.routed == nil ? [node.name] : cluster.carriers(of: network).sorted()
            let place = carriers.first { view.gateways[$0]?.contains(address) ?? false }
            return place.map { .arrives(at: .node($0), as: own, .gateway) } ?? .vanishes(.nobody)
        }
    }

    private func rule(of network: Cluster.Network, isNear: Bool) -> Rule {
        switch network.driver {
        case .bridge: .bridge
        case .macvlan: .wire
        case .overlay: isNear ? .near : .overlay
        case .routed(let routed): isNear ? .near : routed.isByRouter ? .byRouter : .routed
        }
    }

    /// By a network with a way out: the outside is what the node reaches, but for the document's other networks.
    private func out(
        _ network: Cluster.Network,
        from node: Cluster.Node,
        _ own: IPAddress?,
        to address: IPAddress
    ) -> Verdict {
        if addresses(of: .node(node.name)).contains(address) {
            return .arrives(at: .node(node.name), as: own, .ownNode)
        }
        // Endpoints on the underlay's wire count as the outside.
        let party = underlayParty(address)
        if let wired = wiredHolder(of: address), wired.node == node.name { return .vanishes(.ownParent) }
        guard let receiver = party ?? wiredHolder(of: address).map({ .sandbox($0.name) }) else {
            return .vanishes(.apart)
        }
        let masquerades = network.masquerade ?? true
        return masquerades
            ? .arrives(at: receiver, as: node.address(address.family), .masqueraded)
            : .arrives(at: receiver, as: own, .asItself)
    }

    /// By the gateway of a macvlan network: to the router, which knows networks of `via: router`, or to somebody who forwards
    /// nothing.
    private func byWire(_ network: Cluster.Network, _ own: IPAddress?, to address: IPAddress) -> Verdict? {
        let isByRouter = cluster.nodes.contains { node in
            node.isRouter && node.address(address.family) == network.hostAddress(address.family)
        }
        guard let (holder, target) = routedHolder(of: address) else {
            let isGateway = view.gateways.values.contains { $0.contains(address) }
            return isGateway ? nil : .vanishes(.apart)
        }
        guard isByRouter, target.routed?.isByRouter == true, !target.isInternal else {
            return .vanishes(.apart)
        }
        return .arrives(at: .sandbox(holder.name), as: own, .fromOutside)
    }

    /// The endpoint by which a default route leads: the stated network's if it has a gateway, else the first that has.
    private func wayOut(of sandbox: Cluster.Sandbox, _ family: AddressFamily) -> (Int, Cluster.Network)? {
        let ways = sandbox.endpoints.enumerated().compactMap { index, endpoint in
            cluster.network(endpoint.network).flatMap { $0.wayOut(family) == nil ? nil : (index, $0) }
        }
        return ways.first { $0.1.name == sandbox.defaultRoute } ?? ways.first
    }
}

// MARK: - From nodes, and from beyond them

extension FleetReach {
    private func verdict(from node: Cluster.Node, to address: IPAddress) -> Verdict? {
        let own = node.address(address.family)
        if let party = underlayParty(address) { return .arrives(at: party, as: own, .underlay) }
        if let holder = wiredHolder(of: address) {
            return holder.node == node.name
                ? .vanishes(.ownParent) : .arrives(at: .sandbox(holder.name), as: own, .underlay)
        }
        // What one node says to another one's gateway the contract leaves open.
        guard !view.gateways.values.contains(where: { $0.contains(address) }) else { return nil }
        let here = cluster.networks(inRange: address).first { network in
            !network.isIsolated && view.gateway(in: network.subnet(address.family), on: node.name) != nil
        }
        if let here, let holder = holder(of: address, on: here, seenFrom: node.name), holder.node == node.name
        {
            let gateway = view.gateway(in: here.subnet(address.family), on: node.name)
            return .arrives(at: .sandbox(holder.name), as: gateway, .fromOwnNode)
        }
        // An answer from another node's endpoint of an overlay would go to that node: there is no exchange to judge.
        if let here, case .overlay = here.driver { return nil }
        guard let (holder, network) = routedHolder(of: address), !network.isInternal else {
            return .vanishes(.notFromNode)
        }
        // Of a network with routes on its nodes the others have none.
        let knows = network.routed?.isByRouter == true || cluster.carriers(of: network).contains(node.name)
        return knows
            ? .arrives(at: .sandbox(holder.name), as: own, .fromOutside) : .vanishes(.notFromNode)
    }

    private func verdictFromOutside(to address: IPAddress) -> Verdict? {
        let own = outside.first { $0.family == address.family }
        if let party = underlayParty(address) { return .arrives(at: party, as: own, .underlay) }
        if let holder = wiredHolder(of: address) {
            return .arrives(at: .sandbox(holder.name), as: own, .underlay)
        }
        guard !view.gateways.values.contains(where: { $0.contains(address) }) else { return nil }
        guard let (holder, network) = routedHolder(of: address), !network.isInternal else {
            return .vanishes(.notFromOutside)
        }
        return .arrives(at: .sandbox(holder.name), as: own, .fromOutside)
    }

    // MARK: Who has an address

    /// A node or somebody beyond them, by an address on the underlay.
    private func underlayParty(_ address: IPAddress) -> Party? {
        if outside.contains(address) { return .outside }
        return cluster.nodes.first { $0.addresses.contains(address) }.map { .node($0.name) }
    }

    /// The sandbox that has an address on a network; of the built-in bridge every node has one for itself.
    private func holder(
        of address: IPAddress,
        on network: Cluster.Network,
        seenFrom node: String?
    ) -> Cluster.Sandbox? {
        cluster.sandboxes.first { sandbox in
            (network.name != "bridge" || sandbox.node == node)
                && sandbox.endpoints.indices.contains { index in
                    sandbox.endpoints[index].network == network.name
                        && view.address(address.family, of: sandbox, index) == address
                }
        }
    }

    private func wiredHolder(of address: IPAddress) -> Cluster.Sandbox? {
        cluster.networks(inRange: address).filter(\.isMacvlan)
            .compactMap { holder(of: address, on: $0, seenFrom: nil) }.first
    }

    private func routedHolder(of address: IPAddress) -> (Cluster.Sandbox, Cluster.Network)? {
        cluster.networks(inRange: address).filter { $0.routed != nil }
            .compactMap { network in holder(of: address, on: network, seenFrom: nil).map { ($0, network) } }
            .first
    }
}

extension Cluster {
    /// The networks that are carried and have an address in one of their ranges, the built-in one among them.
    fileprivate func networks(inRange address: IPAddress) -> [Network] {
        carried.filter { $0.subnet(address.family)?.contains(address) ?? false }
    }
}
