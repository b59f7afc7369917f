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
            let members = members[network.name] ?? []
            let carriers = network.nodes ?? members.compactMap { node(of: $0) }
            result.carriers[network.name] = Set(carriers).sorted()
            assignPrefixes(of: network)
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
            if let stated = endpoint(index).addresses[family] { give(stated, to: index) }
        }
        for group in groups(members, of: network) {
            guard let prefix = result.prefix(of: network, family, on: group.node) else { continue }
            let waiting = group.members.filter { endpoint($0).addresses[family] == nil }
            let range = network.ranges[family].map { prefix.intersection($0) } ?? prefix
            guard let range else {
                tell(network, group.node, prefix, available: 0, needed: waiting.count)
                continue
            }
            var pool = AddressPool(range, minimumCapacity: group.members.count)
            for address in excluded(from: network, family, on: group.node) { pool.exclude(address) }
            for index in group.members {
                if let stated = endpoint(index).addresses[family] { pool.claim(stated, for: index) }
            }
            tell(network, group.node, range, available: pool.freeCount, needed: waiting.count)
            for index in waiting { assign(index, from: &pool, of: network) }
        }
    }

    private mutating func give(_ address: IPAddress, to index: EndpointIndex) {
        let place = result.firstEndpoints[index.sandbox] + index.endpoint
        result.endpoints[place].addresses[address.family] = address
    }

    private mutating func assign(_ index: EndpointIndex, from pool: inout AddressPool, of network: Network) {
        let hash = StableHash.of(state.sandboxes[index.sandbox].name.text, network.name.text)
        guard let gift = pool.give(to: index, hash: hash) else { return }
        give(gift.address, to: index)
        guard gift.address != gift.candidate else { return }
        result.displaced.append(
            DisplacedAddress(
                endpoint: index,
                address: gift.address,
                candidate: gift.candidate,
                holder: gift.holder
            )
        )
    }

    /// Takes note of a pool that has too few addresses.
    private mutating func tell(
        _ network: Network,
        _ node: NodeName?,
        _ pool: Prefix,
        available: Int,
        needed: Int
    ) {
        guard available < needed else { return }
        result.shortages.append(
            Shortage(
                network: network.name,
                node: node,
                pool: pool,
                kind: .addresses,
                available: available,
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
