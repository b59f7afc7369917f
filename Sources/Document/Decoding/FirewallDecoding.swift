internal import NetworkModel

/// The firewall of a node.
extension Decoder {
    /// Reads what several files say of the firewall.
    mutating func firewall(_ mappings: [Int], into draft: inout NodeDraft) {
        let fields = merged(mappings, FirewallKey.self) { $0 != .vxlanPorts }
        var state = FirewallState()
        for entry in named(fields[.bridges].compactMap { mapping($0.value) }, isMerging: false) {
            let bridge = entry.values.first.flatMap { firewallBridge($0) }
            guard let name = firewallLink(entry, isPort: false, draft), let bridge else { continue }
            state.bridges[name] = bridge
        }
        for entry in named(fields[.ports].compactMap { mapping($0.value) }, isMerging: false) {
            let port = entry.values.first.flatMap { firewallPort($0) }
            guard let name = firewallLink(entry, isPort: true, draft), let port else { continue }
            state.ports[name] = port
        }
        if let entry = fields[.vxlanPorts].first { state.vxlanPorts = vxlanPorts(entry.value) }
        draft.state.firewall = state
    }

    private mutating func firewallBridge(_ node: Int) -> FirewallState.Bridge? {
        guard let mapping = mapping(node) else { return nil }
        let fields = fields(mapping, FirewallBridgeKey.self)
        require(.subnets, in: fields)
        var bridge = FirewallState.Bridge()
        if let node = fields[.subnets] { bridge.subnets = firewallSubnets(node) }
        let reachesOutside = boolean(.outside, fields)
        bridge.reachesOutside = reachesOutside ?? false
        bridge.masquerades = boolean(.masquerade, fields) ?? false
        bridge.isReachable = boolean(.reachable, fields) ?? false
        // What stands there and can't be read has been complained of.
        guard reachesOutside != nil || fields[.outside] == nil, !bridge.reachesOutside else { return bridge }
        for (key, isSet) in [
            (FirewallBridgeKey.masquerade, bridge.masquerades), (.reachable, bridge.isReachable),
        ] where isSet {
            complain(
                at: fields[key] ?? mapping,
                "'\(key.name)' is about the outside, which this bridge has no way to",
                hint: "set 'outside: true' as well, or leave it out"
            )
        }
        return bridge
    }

    /// The ranges of a bridge: no two may share an address, for they are intervals to the kernel.
    ///
    /// Kernel: `net/netfilter/nft_set_pipapo.c`, `nft_pipapo_insert()`.
    private mutating func firewallSubnets(_ node: Int) -> [Prefix] {
        guard let list = list(node) else { return [] }
        var seen: [(prefix: Prefix, node: Int)] = []
        var cursor = ItemCursor(list, in: tree)
        while let item = cursor.next(in: tree) {
            guard let prefix = prefix(item) else { continue }
            if let other = seen.first(where: { $0.prefix.overlaps(prefix) }) {
                let position = tree.position(of: other.node)
                complain(
                    at: item,
                    other.prefix == prefix
                        ? "\(prefix) is there already, at \(position)"
                        : "\(prefix) overlaps \(other.prefix), at \(position)",
                    hint: other.prefix == prefix ? "keep one of them" : "keep the larger one"
                )
            } else {
                seen.append((prefix, item))
            }
        }
        return seen.map(\.prefix).sorted()
    }

    private mutating func firewallPort(_ node: Int) -> FirewallState.Port? {
        guard let mapping = mapping(node) else { return nil }
        let fields = fields(mapping, FirewallPortKey.self)
        require(.mac, .addresses, in: fields)
        let addresses = fields[.addresses].map { firewallAddresses($0) }
        guard let mac = mac(.mac, fields), let node = fields[.mac] else { return nil }
        if mac == .zero || mac.isMulticast {
            complain(
                at: node,
                "\(mac) \(mac == .zero ? "is zero" : "is a group's, for its first octet is odd")",
                hint: "no endpoint sends from it; name the MAC of the other end of the port's pair"
            )
        }
        return FirewallState.Port(mac: mac, addresses: addresses ?? [])
    }

    private mutating func firewallAddresses(_ node: Int) -> [IPAddress] {
        guard let list = list(node) else { return [] }
        var seen: [IPAddress: Int] = [:]
        var cursor = ItemCursor(list, in: tree)
        while let item = cursor.next(in: tree) {
            guard let address = hostAddress(item, "an endpoint's address") else { continue }
            if let first = seen[address] {
                complain(
                    at: item,
                    "\(address) is there already, at \(tree.position(of: first))",
                    hint: "keep one of them"
                )
            } else {
                seen[address] = item
            }
        }
        return seen.keys.sorted()
    }

    private mutating func vxlanPorts(_ node: Int) -> Set<UInt16> {
        guard let list = list(node) else { return [] }
        var seen: [UInt16: Int] = [:]
        var cursor = ItemCursor(list, in: tree)
        while let item = cursor.next(in: tree) {
            guard let number = number(item, in: 1...65535, unit: "") else { continue }
            let port = UInt16(truncatingIfNeeded: number)
            if let first = seen[port] {
                complain(
                    at: item,
                    "\(port) is there already, at \(tree.position(of: first))",
                    hint: "keep one of them"
                )
            } else {
                seen[port] = item
            }
        }
        return Set(seen.keys)
    }

    /// The link of the document that an entry of the firewall is about: a bridge of the node, or a port of one.
    private mutating func firewallLink(
        _ entry: NamedEntry,
        isPort: Bool,
        _ draft: NodeDraft
    ) -> InterfaceName? {
        guard let name = interfaceName(entry.name, at: entry.key) else { return nil }
        if let reason = name.reasonAgainstFirewall {
            complain(at: entry.key, reason, hint: "give the link a name without them")
            return nil
        }
        guard let link = draft.state.links[LinkID(name, in: .node)] else {
            let rule = isPort ? "a port is a link of this document" : "a bridge is a link of this document"
            complainOfUnknownLink(name, in: .node, at: entry.key, draft, rule: rule)
            return nil
        }
        if isPort, link.master == nil {
            complain(
                at: entry.key,
                "'\(name)' is a port of no bridge",
                hint: "an endpoint is at a link with a 'master'"
            )
            return nil
        }
        if !isPort, link.kind.name != LinkType.bridge.rawValue {
            complain(
                at: entry.key,
                "'\(name)' is a \(link.kind.name)",
                hint: "a network is known by its bridge"
            )
            return nil
        }
        return name
    }
}
