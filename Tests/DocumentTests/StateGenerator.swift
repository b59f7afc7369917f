import NetworkModel

/// Random numbers from a seed: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}

/// Makes valid states, with names that are hard to write in YAML.
struct StateGenerator {
    private var random: SeededGenerator
    private var state: NodeState
    private var places: [Place] = [.node]
    private var count: UInt32 = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        state = NodeState(node: "n\(seed)")
    }

    /// Names that a reader of YAML may take for something else.
    static let oddNames = [
        "no", "on", "y", "null", "Null", "~", "true", "1e3", "12", "0x1f", "0o17", "1_0", "1.5", ".5", "-",
        "--x", "=", "a b",
        "a,b", "[x]", "{x}", "#x", "a#b", "'q'", "\"q\"", "&a", "*b", "!t", "|", ">", "@", "`", "%x", "größe",
        "a\\b", "<<", "?",
        "2001-01-01", "eth0.1", "\u{85}x", "\u{2028}", "+1", "-1", ".inf", "x:", "12:30", "\u{feff}x", "😀",
        "e\u{301}",
    ]

    /// A valid state, its lists in order.
    mutating func make() throws -> NodeState {
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let name = try namespaceName()
            if state.namespaces.insert(name).inserted { places.append(.namespace(name)) }
        }
        for _ in 0..<Int.random(in: 0...4, using: &random) { try addLink() }
        let bridges = state.links.values.filter { $0.kind.name == "bridge" }.map(\.id).sorted()
        for _ in 0..<Int.random(in: 0...6, using: &random) { try addLink(bridges: bridges) }
        for _ in 0..<Int.random(in: 0...8, using: &random) { try addRoute() }
        for _ in 0..<Int.random(in: 0...4, using: &random) { try addFile() }
        try addNeighboursAndEntries()
        if flip() { state.firewall = firewall() }
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            count += 1
            let path = "net/ipv4/conf/\(pick(["eth0", "a.b", "no", "br9"]))/x\(count)"
            let value = pick(["0", "1", "on", "4096 1 2", "0x1f", "01", "~", "-1", "a: b", "99999999999"])
            state.sysctls.append(Sysctl(Sysctl.Key(path: path, in: pick(places)), value: value))
        }
        state.routes.sort { $0.key < $1.key }
        state.neighbours.sort { $0.key < $1.key }
        state.forwarding.sort { $0.key < $1.key }
        state.sysctls.sort { $0.key < $1.key }
        state.files.sort { $0.key < $1.key }
        return state
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &random)]
    }

    private mutating func flip() -> Bool { Bool.random(using: &random) }

    private mutating func number(_ range: ClosedRange<UInt32>) -> UInt32 {
        UInt32.random(in: range, using: &random)
    }

    private mutating func namespaceName() throws -> NamespaceName {
        count += 1
        if flip(), let name = try? NamespaceName(pick(Self.oddNames)) { return name }
        return try NamespaceName("ns\(count)")
    }

    private mutating func interfaceName() throws -> InterfaceName {
        count += 1
        if flip(), let name = try? InterfaceName(pick(Self.oddNames)) { return name }
        return try InterfaceName("l\(count)")
    }

    /// A name that no link of the place has.
    private mutating func freeID(in place: Place) throws -> LinkID {
        while true {
            let id = LinkID(try interfaceName(), in: place)
            if state.links[id] == nil { return id }
        }
    }

    private mutating func mac() -> MACAddress {
        MACAddress(bits: 0x02 << 40 | UInt64.random(in: 1...0xff_ffff_ffff, using: &random))
    }

    private mutating func address(_ family: AddressFamily) -> IPAddress {
        count += 1
        switch family {
        case .ipv4: return IPAddress(ipv4: 10 << 24 | count << 8 | 5)
        case .ipv6: return IPAddress(ipv6High: 0xfd00 << 48, low: UInt64(count) << 16 | 5)
        }
    }

    private mutating func common(_ start: Link, bridges: [LinkID]) -> Link {
        var link = start
        link.isUp = flip()
        link.mtu = flip() || link.kind.name == "veth" ? MTU(bytes: number(1280...65535)) : nil
        if flip() { link.addressGeneration = .none }
        if flip() { link.purpose = pick(Self.oddNames.filter { !$0.utf8.contains { $0 < 32 } }) }
        let masters = bridges.filter { $0.place == link.id.place }
        if link.kind.name != "bridge", flip(), !masters.isEmpty {
            link.master = pick(masters).name
            link.port = port()
        }
        for _ in 0..<Int(number(0...3)) {
            let family = pick(AddressFamily.allCases)
            var address = InterfaceAddress(address(family), prefixLength: pick([24, 30, 32]))
            if family == .ipv4 { address.scope = pick(AddressScope.allCases) }
            if family == .ipv6 { address.skipsDuplicateDetection = flip() }
            address.hasNoPrefixRoute = flip()
            link.addresses.append(address)
        }
        return link
    }

    private mutating func port() -> BridgePort {
        var port = BridgePort()
        if flip() { port.cost = number(1...65535) }
        port.priority = UInt16(number(0...63))
        (port.hairpin, port.guardsBPDU, port.blocksRoot) = (flip(), flip(), flip())
        (port.fastLeave, port.learning, port.unicastFlood) = (flip(), flip(), flip())
        (port.multicastFlood, port.broadcastFlood) = (flip(), flip())
        (port.neighbourSuppression, port.isolated) = (flip(), flip())
        return port
    }

    private mutating func bridge() -> Bridge {
        var bridge = Bridge()
        bridge.stpState = flip()
        bridge.priority = UInt16(number(0...65535))
        bridge.forwardDelay = number(200...3000)
        bridge.helloTime = number(100...1000)
        bridge.maxAge = number(600...4000)
        bridge.ageingTime = number(0...UInt32.max)
        bridge.groupForwardMask = UInt16(number(0...65535)) & ~7
        bridge.vlanFiltering = flip()
        bridge.vlanDefaultPVID = UInt16(number(0...4094))
        (bridge.multicastSnooping, bridge.multicastQuerier) = (flip(), flip())
        (bridge.callsIPTables, bridge.callsIP6Tables, bridge.callsARPTables) = (flip(), flip(), flip())
        return bridge
    }

    private mutating func vxlan() throws -> VXLAN {
        count += 1
        var vxlan = VXLAN(vni: VNI(number: count))
        let family = pick(AddressFamily.allCases)
        if flip() { vxlan.local = address(family) }
        if flip() { vxlan.remote = address(family) }
        if flip() { vxlan.underlay = try InterfaceName("eth9") }
        vxlan.port = UInt16(number(1...65535))
        vxlan.ttl = UInt8(number(0...255))
        vxlan.tos = UInt8(number(0...255))
        vxlan.ageing = number(1...UInt32.max)
        (vxlan.learning, vxlan.proxy, vxlan.udpChecksum) = (flip(), flip(), flip())
        (vxlan.udpZeroChecksum6Transmit, vxlan.udpZeroChecksum6Receive) = (flip(), flip())
        return vxlan
    }

    /// Without bridges, a bridge; else any other link.
    private mutating func addLink(bridges: [LinkID]? = nil) throws {
        let id = try freeID(in: pick(places))
        func add(_ link: Link) { state.links[link.id] = link }
        guard let bridges else {
            return add(common(Link(id, kind: .bridge(bridge()), mac: mac(), purpose: "bridge"), bridges: []))
        }
        switch number(0...2) {
        case 0:
            var link = common(Link(id, kind: .vxlan(try vxlan()), mac: mac(), purpose: "x"), bridges: bridges)
            link.mtu = nil
            add(link)
        case 1:
            let macvlan = Macvlan(parent: try InterfaceName("eth\(count)"), mode: pick(Macvlan.Mode.allCases))
            add(common(Link(id, kind: .macvlan(macvlan), mac: mac(), purpose: "x"), bridges: bridges))
        default:
            // The first end's name must be taken while the other's is looked for.
            state.links[id] = Link(id, kind: .bridge(Bridge()), mac: .zero, purpose: "")
            let peer = try freeID(in: pick(places))
            add(common(Link(id, kind: .veth(peer: peer), mac: mac(), purpose: "x"), bridges: bridges))
            add(common(Link(peer, kind: .veth(peer: id), mac: mac(), purpose: "y"), bridges: bridges))
        }
    }

    private mutating func addFile() throws {
        let names = state.namespaces.sorted()
        let key = SandboxFile.Key(pick(SandboxFile.Name.allCases), of: "s\(number(0...3))")
        guard !state.files.contains(where: { $0.key == key }) else { return }
        let text = pick(["", "127.0.0.1\tlocalhost\n", "a: \"b\" # c\n\n\u{e9}", "  x  ", "no"])
        let content = SandboxFile.Content(Array(text.utf8))
        // Over one namespace there is one file of a name.
        let isTaken = state.files.contains { $0.key.name == key.name && $0.namespace == names.first }
        let namespace = flip() && !isTaken ? names.first : nil
        state.files.append(SandboxFile(key, namespace: namespace, content: content))
    }

    /// A firewall about some of the node's links: of those with names that nftables can be told.
    private mutating func firewall() -> FirewallState {
        var firewall = FirewallState()
        let links = state.links.values.filter { link in
            link.id.place == .node && !link.id.name.text.contains { "\"*\\".contains($0) }
        }.sorted { $0.id < $1.id }
        for link in links where flip() {
            if case .bridge = link.kind {
                var bridge = FirewallState.Bridge(subnets: [Prefix(containing: address(.ipv4), length: 24)])
                let length: UInt8 = pick([112, 128])
                if flip() { bridge.subnets.append(Prefix(containing: address(.ipv6), length: length)) }
                if flip() { bridge.subnets = [] }
                bridge.reachesOutside = flip()
                bridge.masquerades = bridge.reachesOutside && flip()
                bridge.isReachable = bridge.reachesOutside && flip()
                firewall.bridges[link.id.name] = bridge
            } else if link.master != nil {
                let addresses = (0..<number(0...3)).map { _ in address(pick(AddressFamily.allCases)) }
                firewall.ports[link.id.name] = FirewallState.Port(mac: mac(), addresses: addresses.sorted())
            }
        }
        firewall.vxlanPorts = Set((0..<number(0...2)).map { _ in UInt16(number(1...65535)) })
        return firewall
    }

    private mutating func addRoute() throws {
        count += 1
        let family = pick(AddressFamily.allCases)
        let length: UInt8 = pick([0, 8, 24, 32])
        var route = Route(to: Prefix(containing: address(family), length: length), in: pick(places))
        route.type = pick(RouteType.allCases)
        route.table = pick([253, 254, 255, 87, UInt32.max])
        route.metric = count
        if flip() { route.mtu = MTU(bytes: number(68...65520)) }
        switch route.type {
        case .unicast:
            let device = route.place == .node ? "eth0" : "lo"
            let gateway = address(family)
            // The kernel refuses what is its own, or all hosts': so does the reader.
            let isRefused = state.links.values.contains { link in
                link.id.place == route.place
                    && link.addresses.contains { $0.address == gateway || $0.prefix.broadcast == gateway }
            }
            if flip(), !isRefused { route.gateway = gateway }
            if flip() || route.gateway == nil { route.device = try InterfaceName(device) }
            route.isOnLink = flip() && route.gateway != nil && route.device != nil
            if flip() { route.source = address(family) }
        case .local: route.device = try InterfaceName("lo")
        case .blackhole, .unreachable, .prohibit, .throw: break
        }
        if family == .ipv4 { route.scope = route.effectiveScope }
        state.routes.append(route)
    }

    private mutating func addNeighboursAndEntries() throws {
        let links = state.links.values.sorted { $0.id < $1.id }
        guard !links.isEmpty else { return }
        for _ in 0..<Int(number(0...5)) {
            let neighbour = Neighbour(address(pick(AddressFamily.allCases)), mac: mac(), on: pick(links).id)
            state.neighbours.append(neighbour)
        }
        for _ in 0..<Int(number(0...5)) {
            let link = pick(links)
            var entry = ForwardingEntry(mac(), on: link.id, table: .own)
            if case .vxlan(let vxlan) = link.kind, flip() {
                if flip() { entry.mac = .zero }
                entry.destination = address((vxlan.local ?? vxlan.remote)?.family ?? .ipv4)
                // All destinations of the zero address share one state.
                entry.state = entry.mac == .zero ? .static : pick(ForwardingEntry.State.allCases)
                if flip() { entry.vni = VNI(number: number(VNI.range)) }
                if flip() { entry.port = UInt16(number(1...65535)) }
            } else if link.master != nil {
                entry.table = .bridge
                entry.state = pick(ForwardingEntry.State.allCases)
                entry.vlan = UInt16(number(0...4094))
            } else {
                continue
            }
            state.forwarding.append(entry)
        }
    }
}
