import NetworkModel

/// What is on links.
extension StateRules {
    /// Addresses: each once on a link; of one IPv4 subnet all have one scope (`EINVAL`), and bring a route or not as the
    /// first does, for the others are secondary to it; IPv6 only where it works.
    func settleAddresses(_ state: inout NodeState) {
        let sizes = LinkSizes(state)
        for (id, link) in state.links {
            var kept: [InterfaceAddress] = []
            var first: [Prefix: InterfaceAddress] = [:]
            for var value in link.addresses {
                let isTaken = kept.contains { $0.address == value.address }
                guard !isTaken, value.address.family == .ipv4 || sizes.hasIPv6(id) else { continue }
                if value.address.family == .ipv4 {
                    let model = first[value.prefix] ?? value
                    first[value.prefix] = model
                    value.scope = model.scope
                    value.hasNoPrefixRoute = model.hasNoPrefixRoute
                }
                kept.append(value)
            }
            state.links[id]?.addresses = kept
        }
    }

    // MARK: Routes

    /// Routes: one for a key, over links that are up (`ENETDOWN`), with gateways that are reached and sources that are there.
    func settleRoutes(_ state: inout NodeState) {
        var seen: Set<Route.Key> = []
        let present = state
        state.routes = state.routes.compactMap { drawn in
            guard present.links.isEmpty == false || drawn.device == nil else { return nil }
            guard drawn.place.name.map({ present.namespaces.contains($0) }) ?? true else { return nil }
            var route = drawn
            settleSource(&route, present)
            guard settleWay(&route, present), seen.insert(route.key).inserted else { return nil }
            return route
        }
        state.routes.sort { $0.key < $1.key }
    }

    /// A source is an address of the place, on a link that is up.
    ///
    /// An IPv6 one is usable only after DAD: here, `nodad`.
    private func settleSource(_ route: inout Route, _ state: NodeState) {
        guard let source = route.source else { return }
        let isThere = state.links.values.contains { link in
            link.id.place == route.place && link.isUp
                && link.addresses.contains { value in
                    value.address == source && (source.family == .ipv4 || value.skipsDuplicateDetection)
                }
        }
        if !isThere || !route.type.needsDevice { route.source = nil }
    }

    /// False if packets can't go the way of a route.
    private func settleWay(_ route: inout Route, _ state: NodeState) -> Bool {
        settleScope(&route)
        guard route.type == .unicast else {
            route.gateway = nil
            route.isOnLink = false
            // What drops packets has no link; what is for this host has `lo`.
            route.device = route.type == .local ? InterfaceName(fromKernel: "lo") : nil
            if !route.type.needsDevice { route.mtu = nil }
            return true
        }
        if let device = route.device {
            let id = LinkID(device, in: route.place)
            guard let link = state.links[id], link.isUp else { return false }
            guard route.destination.family == .ipv4 || LinkSizes(state).hasIPv6(id) else { return false }
        }
        guard let gateway = route.gateway else { return route.device != nil }
        if route.isOnLink {
            // The main table's routes tell what an address is as the local one's do: one of this host is no gateway.
            let isOwn = state.routes.contains { other in
                other.type == .local && other.place == route.place && other.destination.contains(gateway)
            }
            return route.device != nil && !isOwn
        }
        return state.links.values.contains { link in
            link.id.place == route.place && link.isUp && (route.device == nil || route.device == link.id.name)
                && link.addresses.contains { $0.leads(to: gateway) }
        }
    }

    /// Kernel: `fib_create_info()`: a route with a gateway is global; one to this host has the scope `host`, and no other has.
    private func settleScope(_ route: inout Route) {
        guard route.destination.family == .ipv4, let scope = route.scope else {
            route.scope = nil
            return
        }
        switch route.type {
        case .unicast where route.gateway == nil: if scope == .host { route.scope = nil }
        case .unicast, .local, .blackhole, .unreachable, .prohibit, .throw: route.scope = nil
        }
    }

    // MARK: Neighbours and FDB entries

    /// Entries are on links that are, once; IPv6 neighbours where IPv6 works; an entry of a bridge's on a port of it.
    func settleEntries(_ state: inout NodeState) {
        let sizes = LinkSizes(state)
        var neighbours: Set<Neighbour.Key> = []
        state.neighbours = state.neighbours.filter { neighbour in
            state.links[neighbour.link] != nil && neighbours.insert(neighbour.key).inserted
                && (neighbour.address.family == .ipv4 || sizes.hasIPv6(neighbour.link))
        }
        var entries: Set<ForwardingEntry.Key> = []
        var bridgeEntries: Set<BridgeEntry> = []
        let present = state
        state.forwarding = state.forwarding.compactMap { drawn in
            guard let link = present.links[drawn.link] else { return nil }
            var entry = drawn
            guard settle(&entry, on: link), entries.insert(entry.key).inserted else { return nil }
            guard let bridge = link.kind.isBridge ? link.id.name : link.master else { return entry }
            // A bridge has one entry for an address, be it on whatever port (EEXIST).
            guard entry.table == .bridge || link.kind.isBridge else { return entry }
            let key = BridgeEntry(place: link.id.place, bridge: bridge, mac: entry.mac, vlan: entry.vlan)
            return bridgeEntries.insert(key).inserted ? entry : nil
        }
        state.neighbours.sort { $0.key < $1.key }
        state.forwarding.sort { $0.key < $1.key }
    }

    private struct BridgeEntry: Hashable {
        var place: Place
        var bridge: InterfaceName
        var mac: MACAddress
        var vlan: UInt16
    }

    private func settle(_ entry: inout ForwardingEntry, on link: Link) -> Bool {
        switch (entry.table, link.kind) {
        case (.bridge, _):
            // A VLAN that the port is not in is refused (EINVAL), hence all without filtering.
            if !pools.hasVLANFiltering { entry.vlan = 0 }
            entry.destination = nil
            entry.vni = nil
            entry.port = nil
            return link.master != nil && entry.mac != .zero
        case (.own, .vxlan(let vxlan)):
            // The end of a tunnel is of its family (EAFNOSUPPORT), and no multicast entry is replaced.
            guard let destination = entry.destination else { return false }
            guard destination.family == (vxlan.local ?? vxlan.remote)?.family ?? .ipv4 else { return false }
            // The link's own values can't be told from none; and its `remote` is an entry for the zero MAC already.
            if entry.vni == vxlan.vni { entry.vni = nil }
            // The state is the MAC's, whatever the destination; of the zero MAC an added destination leaves it as it is.
            if entry.mac == .zero { entry.state = .permanent }
            if entry.port == vxlan.port { entry.port = nil }
            entry.vlan = 0
            // All destinations of the zero address share one state.
            if entry.mac == .zero { entry.state = .permanent }
            return entry.mac != .zero || destination != vxlan.remote
        case (.own, .bridge):
            // > FDB entry towards bridge must be permanent
            entry.state = .permanent
            entry.vlan = 0
            entry.destination = nil
            entry.vni = nil
            entry.port = nil
            return entry.mac != .zero
        case (.own, .veth), (.own, .macvlan):
            return false
        }
    }
}

extension InterfaceAddress {
    /// True if a gateway is reached through the address's prefix.
    fileprivate func leads(to gateway: IPAddress) -> Bool {
        let isFar = address.family == .ipv6 || scope == .global
        return isFar && !hasNoPrefixRoute && prefix.contains(gateway) && prefixLength < address.family.width
    }
}
