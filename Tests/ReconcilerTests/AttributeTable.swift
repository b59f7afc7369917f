import NetworkModel
import NetworkTesting

/// One attribute of a state: how it is changed alone, what plan that makes, and how a stranger changes it.
struct AttributeCase: Sendable {
    /// The type and the stored property: `Bridge.stpState`.
    let property: String
    /// What the plan does, in order: `change link stp_state`.
    let plan: [String]
    /// What a stranger does in the node, `ip`, `bridge` or `nft` and their words; none where nobody can.
    let drift: [String]
    let edit: @Sendable (AttributeBase, inout NodeState) -> Void

    init(
        _ property: String,
        _ plan: [String],
        drift: String...,
        edit: @escaping @Sendable (AttributeBase, inout NodeState) -> Void
    ) {
        self.init(property, plan, drift: drift, edit: edit)
    }

    init(
        _ property: String,
        _ plan: [String],
        drift: [String],
        edit: @escaping @Sendable (AttributeBase, inout NodeState) -> Void
    ) {
        self.property = property
        self.plan = plan
        self.drift = drift
        self.edit = edit
    }
}

/// A state with one of everything, each of which can be changed alone.
struct AttributeBase {
    let pools: StatePools

    var bridge: LinkID { pools.id("br0") }
    var second: LinkID { pools.id("br1") }
    var near: LinkID { pools.id("v0") }
    var far: LinkID { pools.id("eth0", 0) }
    var tunnel: LinkID { pools.id("vx0") }
    var macvlan: LinkID { pools.id("m0") }

    /// The route, neighbour and FDB entry that are changed.
    static let route4 = 0
    static let route6 = 1
    static let own = 0
    static let master = 1

    var state: NodeState {
        var state = NodeState(node: pools.node)
        state.namespaces = [pools.namespaces[0]]
        add(bridge, .bridge(Bridge()), to: &state)
        add(second, .bridge(Bridge()), to: &state)
        add(near, .veth(peer: far), to: &state)
        add(far, .veth(peer: near), to: &state)
        state.links[near]?.master = bridge.name
        state.links[near]?.port.cost = 10
        var vxlan = VXLAN(vni: VNI(number: 7))
        vxlan.local = IPAddress("172.16.1.1")
        vxlan.remote = IPAddress("172.16.1.2")
        vxlan.underlay = pools.parents[0]
        add(tunnel, .vxlan(vxlan), to: &state)
        add(macvlan, .macvlan(Macvlan(parent: pools.parents[0])), to: &state)
        state.links[bridge]?.addresses = [address("10.9.0.1", 24), address("fd00:9::1", 64)]
        state.links[second]?.addresses = [address("10.8.0.1", 24)]
        state.routes = [route("192.168.1.0", 24, via: "10.9.0.9"), route("fd11::", 64, via: "fd00:9::9")]
        state.neighbours = [Neighbour(ip("10.9.0.7"), mac: mac(7), on: bridge)]
        var own = ForwardingEntry(mac(7), on: tunnel, table: .own)
        own.destination = IPAddress("172.16.1.7")
        state.forwarding = [own, ForwardingEntry(mac(8), on: near, table: .bridge, state: .static)]
        state.sysctls = [Sysctl(Sysctl.Key(path: "net/ipv4/tcp_keepalive_probes", in: .node), value: "7")]
        state.firewall = firewall
        return state
    }

    private func add(_ id: LinkID, _ kind: LinkKind, to state: inout NodeState) {
        var link = Link(id, kind: kind, mac: mac(UInt64(pools.number(of: id)) << 8), purpose: "\(id.name)")
        link.mtu = .ethernet
        if case .vxlan = kind { link.mtu = MTU(bytes: 1450) }
        link.addressGeneration = .none
        state.links[id] = link
    }

    func mac(_ number: UInt64) -> MACAddress { MACAddress(bits: 0x0200_0000_0000 | number) }

    func ip(_ text: String) -> IPAddress {
        guard let address = IPAddress(text) else { preconditionFailure(text) }
        return address
    }

    func address(_ text: String, _ length: UInt8) -> InterfaceAddress {
        var value = InterfaceAddress(ip(text), prefixLength: length)
        value.skipsDuplicateDetection = value.address.family == .ipv6
        return value
    }

    private func route(_ text: String, _ length: UInt8, via: String) -> Route {
        var route = Route(to: Prefix(containing: ip(text), length: length), in: .node)
        route.gateway = ip(via)
        return route
    }

    // MARK: Changing options

    func bridge(_ state: inout NodeState, _ change: (inout Bridge) -> Void) {
        guard case .bridge(var options)? = state.links[bridge]?.kind else { return }
        change(&options)
        state.links[bridge]?.kind = .bridge(options)
    }

    func vxlan(_ state: inout NodeState, _ change: (inout VXLAN) -> Void) {
        guard case .vxlan(var options)? = state.links[tunnel]?.kind else { return }
        change(&options)
        state.links[tunnel]?.kind = .vxlan(options)
    }

    func macvlan(_ state: inout NodeState, _ change: (inout Macvlan) -> Void) {
        guard case .macvlan(var options)? = state.links[macvlan]?.kind else { return }
        change(&options)
        state.links[macvlan]?.kind = .macvlan(options)
    }
}
