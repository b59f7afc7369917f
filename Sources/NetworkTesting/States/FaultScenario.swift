package import NetworkModel

/// Two small states, of which the second makes, changes, remakes and deletes something of every kind that the first has.
package struct FaultScenario: Sendable {
    private let pools: StatePools
    package let first: NodeState
    package let second: NodeState
    /// The second without most of what the first had: a document that became smaller meanwhile.
    package let less: NodeState
    /// A few links, to walk through every step of their making and of their removal, each with each.
    package let links: NodeState
    /// Nothing.
    package let nothing: NodeState

    package init(_ pools: StatePools) {
        self.pools = pools
        var builder = Builder(pools: pools, state: NodeState(node: pools.node))
        builder.buildFirst()
        first = builder.state
        builder.turnIntoSecond()
        second = builder.state
        builder.leaveOut()
        less = builder.state
        nothing = NodeState(node: pools.node)
        builder.state = nothing
        builder.buildLinks()
        links = builder.state
    }

    /// The state by its name on a command line.
    package func state(named name: String) -> NodeState? {
        switch name {
        case "first": first
        case "second": second
        case "less": less
        case "links": links
        case "nothing": nothing
        default: nil
        }
    }
}

/// A state as it grows.
private struct Builder {
    let pools: StatePools
    var state: NodeState

    mutating func buildFirst() {
        state.namespaces = [pools.namespaces[0], pools.namespaces[1]]
        link("br0", .bridge(Bridge())) { $0.addresses = Self.addresses("10.9.0.1", "10.9.0.2", "fd00:9::1") }
        pair(pools.id("v0"), pools.id("eth0", 0))
        pair(pools.id("v1"), pools.id("eth0", 1))
        pair(pools.id("va"), pools.id("vb"))
        link("vx0", .vxlan(VXLAN(vni: VNI(number: 7)))) { $0.master = InterfaceName(fromKernel: "br0") }
        link("m0", .macvlan(Macvlan(parent: pools.parents[0]))) { _ in }
        state.links[pools.id("v0")]?.master = InterfaceName(fromKernel: "br0")
        state.links[pools.id("v0")]?.port.hairpin = true
        state.links[pools.id("eth0", 0)]?.addresses = Self.addresses("10.9.0.3", "fd00:9::3")
        route("192.168.1.0/24", nil) { $0.gateway = IPAddress("10.9.0.9") }
        route("192.168.2.0/24", nil) { $0.type = .blackhole }
        route("fd11::/64", nil) { $0.gateway = IPAddress("fd00:9::9") }
        route("fd12::/64", nil) { $0.type = .unreachable }
        route("0.0.0.0/0", 0) { $0.gateway = IPAddress("10.9.0.1") }
        neighbour("10.9.0.7", 7)
        neighbour("fd00:9::7", 7)
        entry(7, "vx0", .own, "172.16.1.7")
        entry(7, "vx0", .bridge, nil)
        entry(0, "vx0", .own, "172.16.1.7")
        entry(9, "v0", .bridge, nil)
        setting("net/ipv4/tcp_keepalive_probes", nil, "7")
        setting("net/ipv4/tcp_keepalive_time", 0, "600")
        setting("net/ipv4/tcp_keepalive_intvl", nil, "33")
        for name in SandboxFile.Name.allCases {
            file(name, 0, "first")
            file(name, 1, "first")
        }
        firewall(subnet: "10.9.0.0/24", mac: 7, "vx0")
        state.firewall?.bridges[InterfaceName(fromKernel: "br0")]?.masquerades = true
    }

    mutating func turnIntoSecond() {
        state.namespaces = [pools.namespaces[0], pools.namespaces[2]]
        for id in [pools.id("v1"), pools.id("eth0", 1), pools.id("va"), pools.id("vb")] {
            state.links[id] = nil
        }
        pair(pools.id("v1"), pools.id("eth0", 2))
        link("br1", .bridge(Bridge())) { _ in }
        var bridge = Bridge()
        bridge.ageingTime = 1000
        state.links[pools.id("br0")]?.kind = .bridge(bridge)
        state.links[pools.id("br0")]?.addresses = Self.addresses("10.9.0.1", "fd00:9::1", "fd00:9::2")
        state.links[pools.id("br0")]?.addresses[1].hasNoPrefixRoute = true
        state.links[pools.id("v0")]?.mac = MACAddress(bits: 0x0200_0000_9999)
        state.links[pools.id("v0")]?.port.isolated = true
        state.links[pools.id("vx0")]?.kind = .vxlan(VXLAN(vni: VNI(number: 8)))
        state.links[pools.id("m0")]?.kind = .macvlan(Macvlan(parent: pools.parents[0], mode: .vepa))
        state.links[pools.id("eth0", 0)]?.addresses[0].scope = .link
        state.routes = []
        route("192.168.1.0/24", nil) { $0.gateway = IPAddress("10.9.0.8") }
        route("192.168.3.0/24", 2) { $0.type = .prohibit }
        route("fd12::/64", nil) { $0.type = .blackhole }
        state.neighbours = []
        neighbour("10.9.0.7", 8)
        neighbour("10.9.0.8", 8)
        state.forwarding = []
        entry(8, "vx0", .own, "172.16.1.8")
        entry(7, "v0", .bridge, nil)
        state.sysctls = []
        setting("net/ipv4/tcp_keepalive_probes", nil, "8")
        setting("net/ipv4/tcp_keepalive_time", 2, "60")
        // One stays, one is rewritten, one goes; those of a namespace go, and those of another come.
        state.files = []
        file(.env, 0, "first")
        file(.hosts, 0, "second")
        for name in SandboxFile.Name.allCases { file(name, 2, "second") }
        // A range that overlaps the one before, another sender, an entry that goes and one that comes.
        firewall(subnet: "10.9.0.0/16", mac: 8, "v1")
        state.firewall?.vxlanPorts = [4789, 8472]
    }

    mutating func buildLinks() {
        state.namespaces = [pools.namespaces[0]]
        link("br0", .bridge(Bridge())) { _ in }
        link("br1", .bridge(Bridge())) { _ in }
        pair(pools.id("v0"), pools.id("eth0", 0))
        pair(pools.id("v1"), pools.id("eth1", 0))
    }

    mutating func leaveOut() {
        state.namespaces = [pools.namespaces[2]]
        state.links = state.links.filter { $0.key.place == pools.place(2) || $0.key.name.text == "v1" }
        state.routes = state.routes.filter { $0.place == pools.place(2) }
        state.neighbours = []
        state.forwarding = []
        state.sysctls = state.sysctls.filter { $0.key.place == pools.place(2) }
        state.files = state.files.filter { $0.namespace == pools.namespaces[2] }
        state.firewall = nil
    }

    // MARK: One thing each

    private func mac(_ id: LinkID) -> MACAddress {
        MACAddress(bits: 0x0200_0000_0000 | UInt64(pools.number(of: id)) << 8)
    }

    private static func addresses(_ texts: String...) -> [InterfaceAddress] {
        texts.compactMap { IPAddress($0) }.map { address in
            var value = InterfaceAddress(address, prefixLength: address.family == .ipv4 ? 24 : 64)
            value.skipsDuplicateDetection = address.family == .ipv6
            return value
        }
    }

    private mutating func link(_ name: String, _ kind: LinkKind, _ more: (inout Link) -> Void) {
        let id = pools.id(name)
        var link = Link(id, kind: kind, mac: mac(id), purpose: name)
        link.addressGeneration = .none
        more(&link)
        state.links[id] = link
    }

    private mutating func pair(_ first: LinkID, _ second: LinkID) {
        for (id, peer) in [(first, second), (second, first)] {
            var link = Link(id, kind: .veth(peer: peer), mac: mac(id), purpose: "\(id.name)")
            link.addressGeneration = .none
            state.links[id] = link
        }
    }

    private mutating func route(_ text: String, _ place: Int?, _ more: (inout Route) -> Void) {
        let parts = text.split(separator: "/")
        guard let address = IPAddress(parts[0]), let length = UInt8(parts[1]) else { return }
        var route = Route(to: Prefix(containing: address, length: length), in: pools.place(place))
        more(&route)
        state.routes.append(route)
    }

    private mutating func neighbour(_ text: String, _ number: UInt64) {
        guard let address = IPAddress(text) else { return }
        state.neighbours.append(
            Neighbour(address, mac: MACAddress(bits: 0x0200_0001_0000 | number), on: pools.id("br0"))
        )
    }

    private mutating func entry(
        _ number: UInt64,
        _ name: String,
        _ table: ForwardingEntry.Table,
        _ end: String?
    ) {
        let mac = number == 0 ? MACAddress.zero : MACAddress(bits: 0x0200_0001_0000 | number)
        var entry = ForwardingEntry(
            mac,
            on: pools.id(name),
            table: table,
            state: table == .bridge ? .static : .permanent
        )
        entry.destination = end.flatMap { IPAddress($0) }
        state.forwarding.append(entry)
    }

    private mutating func file(_ name: SandboxFile.Name, _ place: Int, _ text: String) {
        let namespace = pools.namespaces[place]
        let key = SandboxFile.Key(name, of: String(namespace.text.split(separator: ".").last ?? ""))
        state.files.append(
            SandboxFile(
                key,
                namespace: namespace,
                content: SandboxFile.Content(Array("\(text) \(key)\n".utf8))
            )
        )
    }

    /// Port `v0` of bridge `br0`, and another one.
    private mutating func firewall(subnet: String, mac number: UInt64, _ other: String) {
        let parts = subnet.split(separator: "/")
        guard let address = IPAddress(parts[0]), let length = UInt8(parts[1]) else { return }
        let hosts = ["10.9.0.\(number)", "fd00:9::\(number)"].compactMap { IPAddress($0) }
        let mac = MACAddress(bits: 0x0200_0001_0000 | number)
        var firewall = FirewallState()
        firewall.bridges[InterfaceName(fromKernel: "br0")] = FirewallState.Bridge(
            subnets: [Prefix(containing: address, length: length)],
            reachesOutside: true
        )
        firewall.ports[InterfaceName(fromKernel: "v0")] = FirewallState.Port(mac: mac, addresses: hosts)
        firewall.ports[InterfaceName(fromKernel: other)] = FirewallState.Port(mac: mac)
        state.firewall = firewall
    }

    private mutating func setting(_ path: String, _ place: Int?, _ value: String) {
        state.sysctls.append(Sysctl(Sysctl.Key(path: path, in: pools.place(place)), value: value))
    }
}
