internal import NetworkModel

/// Endpoints by themselves, and with their network.
extension ClusterChecks {
    mutating func checkEndpoint(_ index: EndpointIndex) {
        let endpoint = endpoint(index)
        let sandbox = sandbox(index)
        guard endpoint.network != Network.hostName, endpoint.network != Network.noneName else {
            return complain(
                place(index),
                "network '\(endpoint.network)' can't be combined with others",
                hint: "leave out one of them"
            )
        }
        if sandbox.stack == .host {
            return complain(
                place(index),
                "a sandbox with 'host' has the node's own stack, hence no endpoints",
                hint: "leave out one of them"
            )
        }

        guard let network = network(endpoint.network) else { return complainOfUnknownNetwork(index) }
        for family in endpoint.addresses.families {
            guard let address = endpoint.addresses[family] else { continue }
            checkAddress(address, family, of: index, network)
        }
        if network.driver.kind.hasBridge, let interface = endpoint.interface,
            let reason = KernelNames.port(of: sandbox.name, interface).reasonAgainstFirewall
        {
            complain(
                place(index, .interface),
                reason,
                hint: "the endpoint's link on the node is called after it: choose a name without them"
            )
        }
        if let nodes = membership.statedCarriers[network.name], let node = sandbox.node, !nodes.contains(node)
        {
            complain(
                place(index, .network),
                "network '\(network.name)' is not on node '\(node)'",
                other: ClusterPlace(.network(network.name), .nodes),
                hint: "add the node there, or leave 'nodes' out"
            )
        }
    }

    private mutating func complainOfUnknownNetwork(_ index: EndpointIndex) {
        let name = endpoint(index).network
        guard !excuses.networks.contains(name) else { return }
        let names = state.networks.lazy.map(\.name)
        let known = names + Network.builtInNames.filter { membership.networks[$0] == nil }
        complain(
            place(index, .network),
            "there is no network '\(name)'",
            hint: guess(name, among: known) ?? "define it under 'networks'"
        )
    }

    private mutating func checkAddress(
        _ address: IPAddress,
        _ family: AddressFamily,
        of index: EndpointIndex,
        _ network: Network
    ) {
        let at = place(index, .address, .family(family))
        guard let subnet = network.subnets[family] else {
            return complain(
                at,
                "network '\(network.name)' has no \(family.words) subnet",
                other: ClusterPlace(.network(network.name), .subnets),
                hint: "add one there, or leave the address out"
            )
        }
        guard subnet.contains(address) else {
            return complain(
                at,
                "\(address) is not in the subnet of network '\(network.name)', \(subnet)",
                other: ClusterPlace(.network(network.name), .subnets, .family(family))
            )
        }
        let node = sandbox(index).node
        guard let prefix = assignment.prefix(of: network, family, on: node) else { return }
        guard prefix.contains(address) else {
            let name = node.map { "node '\($0)'" } ?? "this node"
            return complain(
                at,
                "\(address) is not in the part of network '\(network.name)' that \(name) has, \(prefix)",
                hint: "of a routed network a sandbox has its node's addresses"
            )
        }
        for range in [subnet, prefix] {
            guard let reason = reservation(of: address, in: range) else { continue }
            return complain(
                at,
                "\(address) is \(reason) of \(range)",
                hint: "give the endpoint another address"
            )
        }
        if address == assignment.gateway(of: network, family, on: node) {
            complain(
                at,
                "\(address) is the gateway of network '\(network.name)'",
                hint: "give the endpoint another address"
            )
        } else if let holder = nodesByAddress[address] {
            complain(
                at,
                "\(address) is the address of node '\(holder)'",
                other: ClusterPlace(.node(holder), .address, .family(family))
            )
        }
    }

    /// The endpoints of a network in view of each other.
    mutating func checkMembers(of network: Network) {
        guard let members = membership.endpoints[network.name] else { return }
        checkTakenAddresses(network, members)
        checkTakenMACs(network, members)
        checkNodesOfMembers(network, members)
        checkAliases(members)
        checkParents(network, members)
        if network.driver.kind.hasBridge { checkPortCount(network, members) }
    }

    /// A holder of something, on one node if each node has its own.
    private struct Claimed<Value: Hashable>: Hashable {
        var value: Value
        var node: NodeName?
    }

    private mutating func checkTakenAddresses(_ network: Network, _ members: [EndpointIndex]) {
        var holders: [Claimed<IPAddress>: EndpointIndex] = [:]
        holders.reserveCapacity(members.count { !endpoint($0).addresses.isEmpty })
        for index in members {
            let addresses = endpoint(index).addresses
            for family in addresses.families {
                guard let address = addresses[family] else { continue }
                let node = network.isBuiltInBridge ? sandbox(index).node : nil
                let key = Claimed(value: address, node: node)
                guard let holder = holders.updateValue(index, forKey: key) else { continue }
                holders[key] = holder
                complain(
                    place(index, .address, .family(family)),
                    "\(address) is the address of sandbox '\(sandbox(holder).name)' already",
                    other: place(holder, .address, .family(family)),
                    hint: "give each its own"
                )
            }
        }
    }

    private mutating func checkTakenMACs(_ network: Network, _ members: [EndpointIndex]) {
        var holders: [Claimed<MACAddress>: EndpointIndex] = [:]
        holders.reserveCapacity(members.count)
        let isApart = network.isPerNode
        var gateways: [NodeName?: MACAddress] = [:]
        for index in members {
            let mac = assignment[index.sandbox, index.endpoint].mac
            guard mac != .zero else { continue }
            if network.driver.kind.hasBridge {
                let node = sandbox(index).node
                let gateway = gateways[node] ?? assignment.bridgeMAC(of: network, on: node)
                gateways[node] = gateway
                if mac == gateway { complain(ofGatewaysMAC: mac, index, network) }
            }
            let key = Claimed(value: mac, node: isApart ? sandbox(index).node : nil)
            guard let holder = holders.updateValue(index, forKey: key) else { continue }
            holders[key] = holder
            let isStated = endpoint(index).mac != nil
            // Of two derived ones the addresses are the same, and that is told.
            guard isStated || endpoint(holder).mac != nil || hasOwnAddress(index, beside: holder) else {
                continue
            }
            complain(
                place(index, isStated ? .mac : nil),
                "\(mac) is the MAC of sandbox '\(sandbox(holder).name)' on this network already",
                other: place(holder, endpoint(holder).mac != nil ? .mac : nil),
                hint: isStated ? "give each its own" : "give one of them a 'mac'"
            )
        }
    }

    /// Whose MAC is its bridge's as well gets nothing: the bridge keeps what is for it.
    private mutating func complain(ofGatewaysMAC mac: MACAddress, _ index: EndpointIndex, _ network: Network)
    {
        let node = sandbox(index).node
        let gateway = network.subnets.families.compactMap { [assignment] family in
            assignment.gateway(of: network, family, on: node)
        }.first
        let isStated = endpoint(index).mac != nil
        // Of one that has the gateway's address the MAC follows from that, and that is told.
        guard isStated || gateway != assignment[index.sandbox, index.endpoint].principal else { return }
        complain(
            place(index, isStated ? .mac : nil),
            "sandbox '\(sandbox(index).name)' has \(mac), the MAC of "
                + (gateway.map { "the gateway \($0)" } ?? "the bridge") + " of network '\(network.name)'",
            hint: isStated ? "give it another one, or leave 'mac' out" : "give it a 'mac'"
        )
    }

    private func hasOwnAddress(_ index: EndpointIndex, beside other: EndpointIndex) -> Bool {
        assignment[index.sandbox, index.endpoint].principal
            != assignment[other.sandbox, other.endpoint].principal
    }

    /// A bridge network belongs to one node.
    private mutating func checkNodesOfMembers(_ network: Network, _ members: [EndpointIndex]) {
        guard network.driver == .bridge, !network.isBuiltInBridge else { return }
        let first = members.first { sandbox($0).node != nil }
        guard let first, let home = sandbox(first).node else { return }
        var told: Set<NodeName> = [home]
        for index in members {
            guard let node = sandbox(index).node, told.insert(node).inserted else { continue }
            complain(
                place(index, .network),
                "network '\(network.name)' has driver bridge and can't be on node '\(node)' too: it is on '\(home)'",
                other: place(first, .network),
                hint: "networks of several nodes are made by the drivers routed and overlay"
            )
        }
    }

    /// One name for two sandboxes of a network, of which one is a sandbox's own.
    private mutating func checkAliases(_ members: [EndpointIndex]) {
        let aliased = members.filter { !endpoint($0).aliases.isEmpty }
        guard !aliased.isEmpty else { return }
        var names: [String: EndpointIndex] = [:]
        for index in members { names[sandbox(index).name.text] = index }
        for index in aliased {
            for (place, alias) in endpoint(index).aliases.enumerated() {
                guard let holder = names[alias.text], holder.sandbox != index.sandbox else { continue }
                warn(
                    self.place(index, .aliases, .index(place)),
                    "'\(alias)' is the name of another sandbox on this network: it will mean either of them",
                    hint: "choose another alias"
                )
            }
        }
    }

    /// A macvlan of mode passthru has its parent for itself.
    private mutating func checkParents(_ network: Network, _ members: [EndpointIndex]) {
        guard case .macvlan(let macvlan) = network.driver, macvlan.mode == .passthru else { return }
        var holders: [NodeName?: EndpointIndex] = [:]
        for index in members {
            let node = sandbox(index).node
            guard let holder = holders[node] else {
                holders[node] = index
                continue
            }
            complain(
                place(index, .network),
                "with mode passthru network '\(network.name)' takes one endpoint a node, and has sandbox '\(sandbox(holder).name)'",
                other: place(holder, .network),
                hint: "use another mode"
            )
        }
    }

    /// What a bridge can take.
    private mutating func checkPortCount(_ network: Network, _ members: [EndpointIndex]) {
        let limit = Bridge.maximumPortCount - (network.driver.kind == .overlay ? 1 : 0)
        guard members.count > limit else { return }
        var counts: [NodeName?: Int] = [:]
        for index in members { counts[sandbox(index).node, default: 0] += 1 }
        for (node, count) in counts.sorted(by: { ($0.key?.text ?? "") < ($1.key?.text ?? "") })
        where count > limit {
            let name = node.map { " on node '\($0)'" } ?? ""
            complain(
                ClusterPlace(.network(network.name), isName: true),
                "\(count) endpoints\(name) are more than the \(limit) that a bridge takes",
                hint: "spread them over several networks" + (node == nil ? "" : " or nodes")
            )
        }
    }
}
