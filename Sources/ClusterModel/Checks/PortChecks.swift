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
        guard let holder = nodesByAddress[address], holder != own else { return }
        complain(
            place,
            "\(address) is the address of node '\(holder)', and the sandbox is on '\(own)'",
            other: ClusterPlace(.node(holder), .address, .family(address.family))
        )
    }

    /// Ports that two would answer on, on one node.
    mutating func checkPublishedPorts() {
        var holders: [PortClaim: PortHolder] = [:]
        for sandbox in state.sandboxes where !sandbox.published.isEmpty {
            for (index, port) in sandbox.published.enumerated() {
                let claims = PortClaim.of(port, on: sandbox.node)
                guard let holder = claims.conflicting.lazy.compactMap({ holders[$0] }).first else {
                    let holder = PortHolder(sandbox: sandbox.name, index: index, port: port)
                    for claim in claims.taken { holders[claim] = holders[claim] ?? holder }
                    continue
                }
                let name = holder.sandbox == sandbox.name ? "" : " by sandbox '\(holder.sandbox)'"
                let number = ExposedPort(port.nodePort, port.target.transport)
                complain(
                    ClusterPlace(.sandbox(sandbox.name), .publish, .index(index)),
                    "port \(number) of the node is published already\(name), as '\(holder.port)'",
                    other: ClusterPlace(.sandbox(holder.sandbox), .publish, .index(holder.index)),
                    hint: "choose another port or address"
                )
            }
        }
    }
}

/// Who publishes a port.
private struct PortHolder {
    var sandbox: SandboxName
    var index: Int
    var port: PublishedPort
}

/// A port of a node on some of its addresses.
private struct PortClaim: Hashable {
    var node: NodeName?
    var port: ExposedPort
    var addresses: Addresses

    enum Addresses: Hashable {
        case one(IPAddress)
        case all(AddressFamily)
        /// At least one: what nobody may have who is to have all.
        case any(AddressFamily)
    }

    /// What a published port takes, and what of others it can't be beside.
    static func of(
        _ port: PublishedPort,
        on node: NodeName?
    ) -> (taken: [PortClaim], conflicting: [PortClaim]) {
        func claim(_ addresses: Addresses) -> PortClaim {
            PortClaim(
                node: node,
                port: ExposedPort(port.nodePort, port.target.transport),
                addresses: addresses
            )
        }
        if let address = port.address, !address.isUnspecified {
            let all = claim(.all(address.family))
            return ([claim(.one(address)), claim(.any(address.family))], [all, claim(.one(address))])
        }
        let families = port.families
        return (families.flatMap { [claim(.all($0)), claim(.any($0))] }, families.map { claim(.any($0)) })
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
