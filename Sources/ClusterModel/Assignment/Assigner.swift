internal import NetworkModel

/// Works an ``Assignment`` out.
struct Assigner {
    let state: ClusterState
    var result: Assignment
    /// The endpoints of each network, in order of their sandboxes' names.
    let members: [NetworkName: [EndpointIndex]]
    private let nodeAddresses: PerFamily<[IPAddress]>

    init(_ state: ClusterState) {
        self.state = state
        members = Membership(state).endpoints
        var first: [Int] = []
        first.reserveCapacity(state.sandboxes.count)
        var count = 0
        for sandbox in state.sandboxes {
            first.append(count)
            count += sandbox.endpoints.count
        }
        result = Assignment(
            endpoints: Array(repeating: AssignedEndpoint(), count: count),
            firstEndpoints: first
        )
        nodeAddresses = PerFamily(
            ipv4: state.nodes.compactMap(\.addresses.ipv4),
            ipv6: state.nodes.compactMap(\.addresses.ipv6)
        )
    }

    func endpoint(_ index: EndpointIndex) -> Endpoint {
        state.sandboxes[index.sandbox].endpoints[index.endpoint]
    }

    func node(of index: EndpointIndex) -> NodeName? { state.sandboxes[index.sandbox].node }

    mutating func run() {
        for network in state.networks {
            assignPrefixes(of: network)
            let members = members[network.name] ?? []
            for family in network.subnets.families { assignAddresses(family, network, members) }
            assignMACs(network, members)
        }
    }

    private mutating func assignAddresses(
        _ family: AddressFamily,
        _ network: Network,
        _ members: [EndpointIndex]
    ) {
        for index in members {
            guard let stated = endpoint(index).addresses[family] else { continue }
            result.endpoints[result.firstEndpoints[index.sandbox] + index.endpoint].addresses[family] = stated
        }
        for group in groups(members, of: network) {
            guard let prefix = result.prefix(of: network, family, on: group.node) else { continue }
            let pool = network.ranges[family].map { prefix.intersection($0) } ?? prefix
            if let pool {
                assign(pool, of: network, family, group)
            } else {
                tell(ofRangeOutside: prefix, of: network, family, group)
            }
        }
    }

    /// Counts who has no address since the network's range has none of a node's part.
    private mutating func tell(
        ofRangeOutside prefix: Prefix,
        of network: Network,
        _ family: AddressFamily,
        _ group: Group
    ) {
        let needed = group.members.count { endpoint($0).addresses[family] == nil }
        guard needed > 0 else { return }
        result.shortages.append(
            Shortage(
                network: network.name,
                node: group.node,
                pool: prefix,
                kind: .addresses,
                available: 0,
                needed: needed
            )
        )
    }

    /// Endpoints that have their addresses from one pool.
    private struct Group {
        var node: NodeName?
        var members: [EndpointIndex]
    }

    /// The endpoints by pool: where each node has its own addresses, by node.
    private func groups(_ members: [EndpointIndex], of network: Network) -> [Group] {
        guard network.isPerNode else { return [Group(node: nil, members: members)] }
        var groups: [NodeName?: [EndpointIndex]] = [:]
        for index in members { groups[node(of: index), default: []].append(index) }
        return groups.map { Group(node: $0.key, members: $0.value) }.sorted {
            ($0.node?.text ?? "") < ($1.node?.text ?? "")
        }
    }

    private mutating func assign(
        _ pool: Prefix,
        of network: Network,
        _ family: AddressFamily,
        _ group: Group
    ) {
        var slots = SlotTable(bits: pool.hostBits, minimumCapacity: group.members.count)
        var holders: [UInt64: EndpointIndex] = [:]
        func slot(_ address: IPAddress) -> UInt64? {
            guard pool.contains(address) else { return nil }
            let offset = address.number - pool.address.number
            return offset > UInt128(slots.mask) ? nil : UInt64(truncatingIfNeeded: offset)
        }
        for address in excluded(from: network, family, on: group.node) {
            if let slot = slot(address) { slots.occupy(slot) }
        }
        var waiting: [EndpointIndex] = []
        for index in group.members {
            guard let stated = endpoint(index).addresses[family] else {
                waiting.append(index)
                continue
            }
            if let slot = slot(stated), slots.occupy(slot) { holders[slot] = index }
        }
        let available = slots.freeCount
        if available < waiting.count {
            result.shortages.append(
                Shortage(
                    network: network.name,
                    node: group.node,
                    pool: pool,
                    kind: .addresses,
                    available: available,
                    needed: waiting.count
                )
            )
        }
        for index in waiting {
            let name = state.sandboxes[index.sandbox].name
            let candidate = StableHash.of(name.text, network.name.text) & slots.mask
            guard let slot = slots.take(from: candidate) else { return }
            holders[slot] = index
            let address = pool.address(at: UInt128(slot))
            result.endpoints[result.firstEndpoints[index.sandbox] + index.endpoint].addresses[family] =
                address
            if slot != candidate {
                result.displaced.append(
                    DisplacedAddress(
                        endpoint: index,
                        address: address,
                        candidate: pool.address(at: UInt128(candidate)),
                        holder: holders[candidate]
                    )
                )
            }
        }
    }

    /// What no endpoint may be given.
    private func excluded(from network: Network, _ family: AddressFamily, on node: NodeName?) -> [IPAddress] {
        var excluded = nodeAddresses[family] ?? []
        let prefixes = [network.subnets[family], result.prefix(of: network, family, on: node)]
        for prefix in prefixes.compactMap(\.self) {
            excluded += [prefix.reservedFirst, prefix.broadcast].compactMap(\.self)
        }
        if let gateway = result.gateway(of: network, family, on: node) { excluded.append(gateway) }
        return excluded
    }

    private mutating func assignMACs(_ network: Network, _ members: [EndpointIndex]) {
        for index in members {
            let place = result.firstEndpoints[index.sandbox] + index.endpoint
            if let stated = endpoint(index).mac {
                result.endpoints[place].mac = stated
            } else if let address = result.endpoints[place].principal {
                result.endpoints[place].mac = DefaultMAC.mac(of: address, on: network.name)
            }
        }
    }
}

extension ClusterState {
    /// Addresses, MACs and prefixes, be they stated or assigned.
    package func assignment() -> Assignment {
        var assigner = Assigner(self)
        assigner.run()
        return assigner.result
    }
}
