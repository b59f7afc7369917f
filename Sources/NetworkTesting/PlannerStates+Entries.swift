package import NetworkModel

extension PlannerStates {
    /// Makes what is on links: routes, neighbours, FDB entries, settings.
    mutating func makeEntries() {
        for place in places {
            for _ in 0..<number(0...5) { makeRoute(in: place) }
        }
        for id in state.links.keys.sorted() {
            for _ in 0..<number(0...2) where chance(60) { makeNeighbour(on: id) }
            makeForwarding(on: id)
        }
        state.routes.shuffle(using: &random)
        for place in places { makeSettings(in: place) }
    }

    // MARK: Routes

    private mutating func makeRoute(in place: Place) {
        let family: AddressFamily = chance(70) ? .ipv4 : .ipv6
        var route = Route(to: destination(family), in: place)
        route.table = chance(80) ? Route.mainTable : 100
        if chance(25) { route.metric = 42 }
        if chance(20) { route.mtu = MTU(bytes: 1400) }
        guard chance(75) else {
            route.type = pick([.blackhole, .unreachable, .prohibit, .throw]) ?? .blackhole
            return add(route)
        }
        let links = state.links.values.filter { $0.isUp && $0.id.place == place }.sorted { $0.id < $1.id }
        guard let link = pick(links) else { return }
        let ways = link.addresses.filter { $0.address.family == family && !$0.hasNoPrefixRoute }
        if let way = pick(ways), chance(70) {
            // A gateway at the far end of the prefix, which no link has as its address; or one that a link may have had.
            let host = chance(70) ? 200 + UInt64(number(0...1)) : UInt64(number(1...4))
            let gateway = way.prefix.address.offset(by: host)
            guard !state.hasAddress(gateway, in: place) else { return }
            route.gateway = gateway
            if chance(60) { route.device = link.id.name }
            if route.device != nil, chance(50) { route.isOnLink = true }
        } else {
            route.device = link.id.name
            // A way to a gateway that no address leads to, and a route through it, in any order.
            if family == .ipv4, chance(30) { makeHiddenGateway(behind: link.id, route.metric) }
        }
        if chance(35), let source = pick(sources(in: place, family)) { route.source = source }
        add(route)
    }

    private mutating func makeHiddenGateway(behind link: LinkID, _ metric: UInt32) {
        let gateway = IPAddress(ipv4: 0xa9fe_0101)
        var way = Route(to: Prefix(containing: gateway, length: 32), in: link.place)
        way.device = link.name
        guard !state.routes.contains(where: { $0.key == way.key }) else { return }
        add(way)
        var route = Route(to: Prefix(containing: IPAddress(ipv4: 0xc0a8_0000), length: 16), in: link.place)
        route.gateway = gateway
        route.device = link.name
        add(route)
    }

    private mutating func destination(_ family: AddressFamily) -> Prefix {
        if chance(15) { return .all(family) }
        let number = number(0...5)
        switch family {
        case .ipv4: return Prefix(containing: IPAddress(ipv4: 0xac20_0000 + UInt32(number) << 8), length: 24)
        case .ipv6:
            return Prefix(containing: IPAddress(ipv6High: 0xfd01 << 48 | UInt64(number), low: 0), length: 64)
        }
    }

    /// The addresses of a place that a route can prefer: those that stay whatever the others do.
    private func sources(in place: Place, _ family: AddressFamily) -> [IPAddress] {
        state.links.values.filter { $0.id.place == place && ($0.isUp || family == .ipv4) }.flatMap(
            \.addresses
        )
        .map(\.address).filter { $0.family == family }.sorted()
    }

    private mutating func add(_ route: Route) {
        guard !state.routes.contains(where: { $0.key == route.key }) else { return }
        state.routes.append(route)
    }

    // MARK: Entries

    package static func neighbourAddress(_ number: Int) -> IPAddress {
        number % 3 == 2
            ? IPAddress(ipv6High: 0xfd00 << 48, low: 0x100 + UInt64(number))
            : IPAddress(ipv4: 0x0a00_0064 + UInt32(number))
    }

    package static func stationMAC(_ number: Int) -> MACAddress {
        MACAddress(bits: 0x0200_0000_aa00 + UInt64(number))
    }

    private mutating func makeNeighbour(on id: LinkID) {
        let neighbour = Neighbour(
            Self.neighbourAddress(number(0...3)),
            mac: Self.stationMAC(number(0...3)),
            on: id
        )
        guard !state.neighbours.contains(where: { $0.key == neighbour.key }) else { return }
        state.neighbours.append(neighbour)
    }

    private mutating func makeForwarding(on id: LinkID) {
        guard let link = state.links[id] else { return }
        if case .vxlan = link.kind {
            let floodState: ForwardingEntry.State = chance(80) ? .permanent : .static
            for _ in 0..<number(0...4) { makeTunnelEntry(on: id, floodState) }
        }
        guard let master = link.master else { return }
        for _ in 0..<number(0...2) where chance(50) {
            var entry = ForwardingEntry(Self.stationMAC(number(0...3)), on: id, table: .bridge)
            entry.state = chance(60) ? .static : .permanent
            if chance(15) { entry.vlan = 7 }
            let isTaken = state.forwarding.contains { other in
                other.table == .bridge && other.mac == entry.mac && other.vlan == entry.vlan
                    && other.link.place == id.place && state.links[other.link]?.master == master
            }
            if !isTaken { state.forwarding.append(entry) }
        }
    }

    private mutating func makeTunnelEntry(on id: LinkID, _ floodState: ForwardingEntry.State) {
        var macs = [MACAddress.zero, Self.stationMAC(0), Self.stationMAC(1), Self.stationMAC(2)]
        macs.append(MACAddress(bits: 0x0100_5e00_0001))
        let mac = pick(macs) ?? .zero
        var entry = ForwardingEntry(mac, on: id, table: .own)
        entry.destination = IPAddress(ipv4: 0xac10_0110 + UInt32(number(0...2)))
        entry.state = mac == .zero ? floodState : chance(80) ? .permanent : .static
        if chance(20) { entry.vni = VNI(number: 77) }
        if chance(20) { entry.port = 8472 }
        guard !state.forwarding.contains(where: { $0.key == entry.key }) else { return }
        state.forwarding.append(entry)
    }

    // MARK: Settings

    private mutating func makeSettings(in place: Place) {
        let values = [
            "net/ipv4/ip_forward": ["0", "1"], "net/ipv4/tcp_fin_timeout": ["30", "60"],
            "net/ipv4/tcp_keepalive_time": ["600"], "net/ipv6/conf/all/forwarding": ["1"],
        ]
        for (path, choices) in values.sorted(by: { $0.key < $1.key }) where chance(15) {
            guard let value = pick(choices) else { continue }
            state.sysctls.append(Sysctl(Sysctl.Key(path: path, in: place), value: value))
        }
        for id in state.links.keys.sorted() where id.place == place {
            for path in ModelKernel.settings(of: id.name).keys.sorted() where chance(8) {
                state.sysctls.append(
                    Sysctl(Sysctl.Key(path: path, in: place), value: pick(["0", "1", "2"]) ?? "1")
                )
            }
        }
    }
}

extension IPAddress {
    fileprivate func offset(by count: UInt64) -> IPAddress {
        switch family {
        case .ipv4: IPAddress(ipv4: UInt32(truncatingIfNeeded: low + count))
        case .ipv6: IPAddress(ipv6High: high, low: low + count)
        }
    }
}

extension NodeState {
    /// True if a link of a place shall have an address.
    func hasAddress(_ address: IPAddress, in place: Place) -> Bool {
        links.values.contains { link in
            link.id.place == place && link.addresses.contains { $0.address == address }
        }
    }

    /// Leaves out routes to gateways that a stranger's link has as its own address: nobody can have those.
    package func withoutGateways(ownedBy kernel: ModelKernel) -> NodeState {
        var copy = self
        copy.routes.removeAll { route in
            route.gateway.map { gateway in
                kernel.state[route.place]?.links.contains { link in
                    link.addresses.contains { !$0.isManaged && $0.value.address == gateway }
                } ?? false
            } ?? false
        }
        return copy
    }
}
