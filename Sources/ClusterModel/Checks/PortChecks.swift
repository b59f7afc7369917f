internal import NetworkModel

/// Published ports.
extension ClusterChecks {
    /// Whether the ports of a sandbox can be published at all.
    mutating func checkPublishing(of sandbox: Sandbox) {
        guard sandbox.stack != .host else { return }
        let networks = sandbox.endpoints.compactMap { network($0.network) }
        guard networks.count == sandbox.endpoints.count else { return }
        let serving = networks.filter { $0.wordsAgainstPublishing == nil }
        if serving.isEmpty {
            let reason =
                networks.first.map { "network '\($0.name)' is \($0.wordsAgainstPublishing ?? "")" }
                ?? "it is on none"
            return complain(
                ClusterPlace(.sandbox(sandbox.name), .publish),
                "the sandbox is on no network from which ports can be published: \(reason)",
                hint:
                    "add an endpoint on a network with driver bridge, routed or overlay that is not internal"
            )
        }
        for (index, port) in sandbox.published.enumerated() {
            let place = ClusterPlace(.sandbox(sandbox.name), .publish, .index(index))
            let isServed = port.families.contains { family in
                serving.contains { $0.subnets[family] != nil }
            }
            if !isServed, let address = port.address {
                complain(
                    place,
                    "\(address) is an \(address.family.words) address, and the sandbox has none on a network from which ports can be published",
                    hint: "add a subnet of the family to the network"
                )
            }
            checkAddress(of: port, sandbox, place)
        }
    }

    private mutating func checkAddress(of port: PublishedPort, _ sandbox: Sandbox, _ place: ClusterPlace) {
        guard let address = port.address, let own = sandbox.node else { return }
        let holder = state.nodes.first { $0.name != own && $0.addresses[address.family] == address }
        guard let holder else { return }
        complain(
            place,
            "\(address) is the address of node '\(holder.name)', and the sandbox is on '\(own)'",
            other: ClusterPlace(.node(holder.name), .address, .family(address.family))
        )
    }

    /// Ports that two would answer on, on one node.
    mutating func checkPublishedPorts() {
        struct Key: Hashable {
            var node: NodeName?
            var port: ExposedPort
        }
        struct Holder {
            var sandbox: SandboxName
            var index: Int
            var port: PublishedPort
        }
        var holders: [Key: [Holder]] = [:]
        for sandbox in state.sandboxes where !sandbox.published.isEmpty {
            for (index, port) in sandbox.published.enumerated() {
                let key = Key(node: sandbox.node, port: ExposedPort(port.nodePort, port.target.transport))
                if let holder = holders[key]?.first(where: { $0.port.collides(with: port) }) {
                    let name = holder.sandbox == sandbox.name ? "" : " by sandbox '\(holder.sandbox)'"
                    complain(
                        ClusterPlace(.sandbox(sandbox.name), .publish, .index(index)),
                        "port \(key.port) of the node is published already\(name), as '\(holder.port)'",
                        other: ClusterPlace(.sandbox(holder.sandbox), .publish, .index(holder.index)),
                        hint: "choose another port or address"
                    )
                } else {
                    holders[key, default: []].append(Holder(sandbox: sandbox.name, index: index, port: port))
                }
            }
        }
    }
}

extension Network {
    /// Why no port can be published from it.
    fileprivate var wordsAgainstPublishing: String? {
        if isIsolated { return "isolated" }
        if isInternal { return "internal" }
        switch driver {
        case .bridge, .routed, .overlay: return nil
        case .macvlan: return "a macvlan, which its node can't reach"
        }
    }
}
