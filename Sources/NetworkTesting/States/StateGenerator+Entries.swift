package import NetworkModel

/// What is on links: addresses, routes, neighbours, FDB entries, settings.
extension StateGenerator {
    // MARK: Addresses

    /// The address of a link's own subnet with the number `host`.
    package func address(_ family: AddressFamily, of id: LinkID, host: UInt32) -> IPAddress {
        let number = pools.number(of: id)
        switch family {
        case .ipv4: return IPAddress(ipv4: 0x0a00_0000 | UInt32(number + 1) << 16 | host)
        case .ipv6:
            return IPAddress(ipv6High: 0xfd00_0000_0000_0000 | UInt64(number + 1) << 16, low: UInt64(host))
        }
    }

    private mutating func drawnAddress(of id: LinkID) -> InterfaceAddress {
        let family: AddressFamily = one(.ipv4, .ipv4, .ipv6)
        let host = UInt32.random(in: 1...4, using: &random)
        let length: UInt8 = family == .ipv4 ? one(24, 24, 24, 16, 32) : one(64, 64, 80, 128)
        var value = InterfaceAddress(address(family, of: id, host: host), prefixLength: length)
        for _ in 0..<Int.random(in: 0...2, using: &random) { changeFlag(of: &value) }
        return value
    }

    private mutating func changeFlag(of value: inout InterfaceAddress) {
        switch Int.random(in: 0..<3, using: &random) {
        case 0 where value.address.family == .ipv4: value.scope = one(.global, .link, .host)
        case 1 where value.address.family == .ipv6: value.skipsDuplicateDetection.toggle()
        default: value.hasNoPrefixRoute.toggle()
        }
    }

    mutating func addAddress(to id: LinkID, of state: inout NodeState) {
        state.links[id]?.addresses.append(drawnAddress(of: id))
    }

    mutating func mutateAddress(of id: LinkID, _ state: inout NodeState) {
        guard let count = state.links[id]?.addresses.count else { return }
        let index = count == 0 ? 0 : Int.random(in: 0..<count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0 where count > 0:
            state.links[id]?.addresses.remove(at: index)
        case 1 where count > 0:
            guard let old = state.links[id]?.addresses[index] else { return }
            let length: UInt8 = old.address.family == .ipv4 ? one(24, 16, 32) : one(64, 80, 128)
            var new = InterfaceAddress(old.address, prefixLength: length)
            new.scope = old.scope
            new.skipsDuplicateDetection = old.skipsDuplicateDetection
            state.links[id]?.addresses[index] = new
        case 2 where count > 0:
            guard var value = state.links[id]?.addresses[index] else { return }
            changeFlag(of: &value)
            state.links[id]?.addresses[index] = value
        default:
            addAddress(to: id, of: &state)
        }
    }

    // MARK: Routes

    private mutating func drawnRoute(in state: NodeState) -> Route {
        let place =
            element(state.namespaces.sorted().map(Place.namespace)).flatMap { chance(60) ? $0 : nil } ?? .node
        let family: AddressFamily = one(.ipv4, .ipv6)
        var route = Route(to: destination(family), in: place)
        let links = state.links.values.filter { $0.id.place == place }.sorted { $0.id < $1.id }
        route.table = one(254, 254, 100, 4_000_000_000)
        if chance(40) { route.metric = one(1, 77, 4_294_967_295) }
        route.type = one(.unicast, .unicast, .unicast, element(RouteType.allCases) ?? .unicast)
        if route.type == .local { route.device = InterfaceName(fromKernel: "lo") }
        if route.type == .unicast, let link = element(links) { reach(by: link, &route) }
        if chance(30), let from = element(links.flatMap(\.addresses).filter { $0.address.family == family }) {
            route.source = from.address
        }
        if chance(20) { route.mtu = MTU(bytes: one(1280, 1400)) }
        if chance(20), family == .ipv4 { route.scope = element(AddressScope.allCases) }
        return route
    }

    private mutating func destination(_ family: AddressFamily) -> Prefix {
        switch family {
        case .ipv4:
            let network = UInt32.random(in: 0...7, using: &random) << 8
            return one(
                Prefix(containing: IPAddress(ipv4: 0xc0a8_0000 | network), length: one(24, 25, 32)),
                Prefix(containing: IPAddress(ipv4: 0xc0a8_0000 | network), length: 24),
                .all(.ipv4)
            )
        case .ipv6:
            let network = UInt64.random(in: 0...7, using: &random)
            return one(
                Prefix(
                    containing: IPAddress(ipv6High: 0xfd11_0000_0000_0000 | network, low: 9),
                    length: one(64, 96, 128)
                ),
                Prefix(containing: IPAddress(ipv6High: 0xfd11_0000_0000_0000 | network, low: 0), length: 64),
                .all(.ipv6)
            )
        }
    }

    /// Leads a route out by a link: directly, by a gateway, or by one that no route leads to.
    private mutating func reach(by link: Link, _ route: inout Route) {
        route.device = link.id.name
        switch Int.random(in: 0..<4, using: &random) {
        case 0: break
        case 1:
            route.isOnLink = true
            route.gateway = route.destination.family == .ipv4 ? address("203.0.113.1") : address("fd99::1")
        default:
            route.gateway = address(route.destination.family, of: link.id, host: one(9, 10))
            if chance(40) { route.device = nil }
        }
    }

    mutating func addRoute(to state: inout NodeState) { state.routes.append(drawnRoute(in: state)) }

    mutating func mutateRoute(of state: inout NodeState) {
        guard let index = element(Array(state.routes.indices)) else { return addRoute(to: &state) }
        switch Int.random(in: 0..<8, using: &random) {
        case 5, 6:
            // What drops packets does it otherwise, which for IPv6 is another route.
            let dropping: [RouteType] = [.blackhole, .unreachable, .prohibit, .throw]
            state.routes[index].type = element(dropping) ?? .throw
        case 0: state.routes.remove(at: index)
        case 1: state.routes[index].mtu = one(nil, MTU(bytes: 1280), MTU(bytes: 1400))
        case 2: state.routes[index].metric = one(1, 77, 78)
        case 3, 4:
            // The same key by another way.
            var route = drawnRoute(in: state)
            route.table = state.routes[index].table
            route.metric = state.routes[index].metric
            guard route.place == state.routes[index].place,
                route.destination.family == state.routes[index].destination.family
            else { return }
            route.destination = state.routes[index].destination
            state.routes[index] = route
        default: addRoute(to: &state)
        }
    }

    // MARK: Neighbours

    mutating func addNeighbour(to state: inout NodeState) {
        guard let id = element(state.links.keys.sorted()) else { return }
        let address = address(one(.ipv4, .ipv6), of: id, host: UInt32.random(in: 100...103, using: &random))
        state.neighbours.append(Neighbour(address, mac: strangeMAC(), on: id))
    }

    mutating func mutateNeighbour(of state: inout NodeState) {
        guard let index = element(Array(state.neighbours.indices)) else { return addNeighbour(to: &state) }
        switch Int.random(in: 0..<3, using: &random) {
        case 0: state.neighbours.remove(at: index)
        case 1: state.neighbours[index].mac = strangeMAC()
        default: addNeighbour(to: &state)
        }
    }

    /// A MAC that no link has.
    private mutating func strangeMAC() -> MACAddress {
        MACAddress(bits: 0x0200_0001_0000 | UInt64.random(in: 0...5, using: &random))
    }

    // MARK: FDB

    mutating func addForwarding(to state: inout NodeState) {
        guard let link = element(state.links.values.sorted { $0.id < $1.id }.filter(Self.hasTable)) else {
            return
        }
        let table: ForwardingEntry.Table = link.master == nil || chance(50) ? .own : .bridge
        var entry = ForwardingEntry(strangeMAC(), on: link.id, table: table, state: one(.permanent, .static))
        if case .vxlan = link.kind, table == .own {
            if chance(35) { entry.mac = .zero }
            entry.destination = address(
                one("172.16.1.7", "172.16.1.8", "172.16.1.9", "fd00:16::7", "fd00:16::9")
            )
            if chance(30) { entry.vni = VNI(number: one(5, 6)) }
            if chance(30) { entry.port = one(4790, 4791) }
        }
        if table == .bridge, chance(25) { entry.vlan = one(1, 4094) }
        state.forwarding.append(entry)
    }

    private static func hasTable(_ link: Link) -> Bool {
        switch link.kind {
        case .bridge, .vxlan: true
        case .veth, .macvlan: link.master != nil
        }
    }

    mutating func mutateForwarding(of state: inout NodeState) {
        guard let index = element(Array(state.forwarding.indices)) else { return addForwarding(to: &state) }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: state.forwarding.remove(at: index)
        case 1, 4: state.forwarding[index].state = one(.permanent, .static)
        case 2 where state.forwarding[index].destination != nil:
            state.forwarding[index].destination = address(one("172.16.1.7", "172.16.1.8", "fd00:16::7"))
        case 3 where state.forwarding[index].destination != nil:
            state.forwarding[index].vni = one(nil, VNI(number: 5))
            state.forwarding[index].port = one(nil, 4790)
        default: addForwarding(to: &state)
        }
    }

    // MARK: Settings

    private mutating func drawnSysctl(in state: NodeState) -> Sysctl {
        let place = pools.place(one(nil, 0, 1, 2))
        let link = element(state.links.keys.filter { $0.place == place }.sorted())?.name.text ?? "default"
        let (path, value): (String, String) = one(
            ("net/ipv4/conf/\(link)/arp_ignore", one("0", "1", "2")),
            ("net/ipv4/conf/\(link)/rp_filter", one("0", "2")),
            ("net/ipv6/conf/\(link)/accept_ra", one("0", "2")),
            ("net/ipv4/conf/\(link)/arp_notify", one("0", "1")),
            ("net/ipv6/conf/\(link)/ndisc_notify", one("0", "1")),
            ("net/ipv4/tcp_keepalive_time", one("60", "600")),
            ("net/ipv4/ip_local_port_range", one("10000 20000", "32768 60999")),
            ("net/ipv6/flowlabel_consistency", one("0", "1"))
        )
        return Sysctl(Sysctl.Key(path: path, in: place), value: value)
    }

    mutating func addSysctl(to state: inout NodeState) { state.sysctls.append(drawnSysctl(in: state)) }

    mutating func mutateSysctl(of state: inout NodeState) {
        guard let index = element(Array(state.sysctls.indices)), chance(60) else {
            return addSysctl(to: &state)
        }
        if chance(50) {
            state.sysctls.remove(at: index)
        } else if state.sysctls[index].value.contains(" ") {
            state.sysctls[index].value = "1024 2048"
        } else {
            state.sysctls[index].value = state.sysctls[index].value == "0" ? "1" : "0"
        }
    }
}
