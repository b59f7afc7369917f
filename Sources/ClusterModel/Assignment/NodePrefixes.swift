internal import NetworkModel

extension Assigner {
    /// Gives each node that carries a routed network its part of it.
    mutating func assignPrefixes(of network: Network) {
        guard case .routed(let routed) = network.driver else { return }
        switch routed.prefixes {
        case .stated(let prefixes):
            result.nodePrefixes[network.name] = prefixes
        case .assigned(let lengths):
            let carriers = result.carriers[network.name] ?? []
            var prefixes: [NodeName: PerFamily<Prefix>] = [:]
            for family in network.subnets.families {
                guard let subnet = network.subnets[family] else { continue }
                let length = lengths[family] ?? Network.Routed.defaultLength(of: family)
                // A prefix as long as the subnet or longer than an address is complained of elsewhere.
                guard length >= subnet.length, length <= family.width else { continue }
                for (node, prefix) in assign(carriers, length, in: subnet, of: network) {
                    prefixes[node, default: PerFamily()][family] = prefix
                }
            }
            result.nodePrefixes[network.name] = prefixes
        }
    }

    private mutating func assign(
        _ nodes: [NodeName],
        _ length: UInt8,
        in subnet: Prefix,
        of network: Network
    ) -> [(NodeName, Prefix)] {
        var slots = SlotTable(bits: min(length - subnet.length, 64))
        if slots.freeCount < nodes.count {
            result.shortages.append(
                Shortage(
                    network: network.name,
                    node: nil,
                    pool: subnet,
                    kind: .nodePrefixes(length: length),
                    available: slots.freeCount,
                    needed: nodes.count
                )
            )
        }
        func prefix(at slot: UInt64) -> Prefix {
            let offset = UInt128(slot) << UInt128(subnet.family.width - length)
            return Prefix(containing: subnet.address(at: offset), length: length)
        }
        var prefixes: [(NodeName, Prefix)] = []
        for node in nodes {
            let candidate = StableHash.of(node.text, network.name.text) & slots.mask
            guard let slot = slots.take(from: candidate) else { break }
            prefixes.append((node, prefix(at: slot)))
            guard slot != candidate else { continue }
            result.displacedPrefixes.append(
                DisplacedPrefix(
                    network: network.name,
                    node: node,
                    prefix: prefix(at: slot),
                    candidate: prefix(at: candidate)
                )
            )
        }
        return prefixes
    }
}
