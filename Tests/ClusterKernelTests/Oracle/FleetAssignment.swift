import NetworkModel

/// Holds what several nodes were given against the contract: which addresses an endpoint may have, and the gateways.
struct FleetAssignment {
    private let cluster: Cluster
    private let view: FleetView

    init(_ cluster: Cluster, _ view: FleetView) {
        self.cluster = cluster
        self.view = view
    }

    /// What is not as it shall be, a sentence each.
    var problems: [String] {
        var problems: [String] = []
        var holders: [String: String] = [:]
        for sandbox in cluster.sandboxes {
            for (index, endpoint) in sandbox.endpoints.enumerated() {
                guard let network = cluster.network(endpoint.network) else { continue }
                let own = view.addresses[sandbox.name]?[index] ?? []
                if own.map(\.family) != network.subnets.map(\.family).sorted() {
                    problems.append(
                        "'\(sandbox.name)' has \(own) on '\(network.name)', of \(network.subnets)"
                    )
                }
                for address in own {
                    problems += reasons(against: address, of: endpoint, on: network, sandbox)
                    // Of the built-in bridge each node has one for itself.
                    let key =
                        "\(network.name) \(network.name == "bridge" ? sandbox.node ?? "" : "") \(address)"
                    if let other = holders.updateValue(sandbox.name, forKey: key) {
                        problems.append(
                            "'\(other)' and '\(sandbox.name)' both have \(address) on '\(network.name)'"
                        )
                    }
                }
            }
        }
        return problems + gatewayProblems
    }

    private func reasons(
        against address: IPAddress,
        of endpoint: Cluster.Endpoint,
        on network: Cluster.Network,
        _ sandbox: Cluster.Sandbox
    ) -> [String] {
        let words = "'\(sandbox.name)' has \(address) on '\(network.name)'"
        if let stated = endpoint.addresses.first(where: { $0.family == address.family }), stated != address {
            return ["\(words), not \(stated)"]
        }
        let node = sandbox.node ?? ""
        let allowed =
            network.ranges.first { $0.family == address.family } ?? part(of: network, address.family, node)
        guard let allowed, allowed.contains(address) else {
            return ["\(words), not in \(allowed.map { "\($0)" } ?? "any range")"]
        }
        let isTaken = view.gateways[node]?.contains(address) ?? false
        return isTaken && !network.isIsolated ? ["\(words), which is the gateway"] : []
    }

    /// The range of a node's endpoints: of a routed network a part of its own.
    private func part(of network: Cluster.Network, _ family: AddressFamily, _ node: String) -> Prefix? {
        guard let routed = network.routed else { return network.subnet(family) }
        if let parts = routed.parts[node] { return parts.first { $0.family == family } }
        // The gateway is the first of it.
        return view.gateway(in: network.subnet(family), on: node).map {
            Prefix(containing: $0, length: family == .ipv4 ? 24 : 64)
        }
    }

    /// The gateway is the same on every node, and of a routed network the first of the node's part.
    private var gatewayProblems: [String] {
        cluster.carried.filter { !$0.isMacvlan && !$0.isIsolated }.flatMap { network in
            cluster.carriers(of: network).sorted().flatMap { node in
                network.subnets.compactMap { subnet -> String? in
                    let found = view.gateway(in: subnet, on: node)
                    let first = part(of: network, subnet.family, node)?.host(1)
                    let wanted = network.routed == nil ? network.hostAddress(subnet.family) : first
                    guard found == nil || found != wanted else { return nil }
                    return
                        "the gateway of '\(network.name)' on '\(node)' is \(found.map { "\($0)" } ?? "missing")"
                }
            }
        }
    }
}
