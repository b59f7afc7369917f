import NetworkModel
import NetworkTesting
import Planner
import Testing

/// Planning takes time in proportion to what there is.
@Suite("Growth", .serialized)
struct GrowthTests {
    /// What there may be many of.
    enum Many: String, CaseIterable {
        case routes, gateways, addresses, pairs, macvlans, tunnels, neighbours, forwarding, settings
    }

    /// Four times as much takes at most eight times as long; the square would be sixteen.
    @Test("four times as much is not sixteen times as long", arguments: Many.allCases)
    func isLinear(_ many: Many) throws {
        var ratio = 0.0
        for _ in 0..<3 {
            let few = try time(many, 2000)
            let more = try time(many, 8000)
            ratio = more / few
            if ratio < 8 { return }
        }
        Issue.record("planning \(many) takes \(ratio) times as long for four times as many")
    }

    /// How long it takes to plan that many objects away, of another kind, and as they are.
    private func time(_ many: Many, _ count: Int) throws -> Double {
        let old = state(many, count, variant: 0)
        let new = state(many, count, variant: 1)
        let observed = ObservedState(holding: old)
        var settled = observed
        for sysctl in old.sysctls + new.sysctls { settled.sysctls[sysctl.key] = "0" }
        let clock = ContinuousClock()
        let duration = try clock.measure {
            _ = try Plan(from: settled, to: old)
            _ = try Plan(from: settled, to: new)
            _ = try Plan(from: settled, to: NodeState(node: "n"))
        }
        return duration / .seconds(1)
    }

    private func bridge(_ name: String) -> Link {
        let id = LinkID(PlannerStates.name(name), in: .node)
        return Link(id, kind: .bridge(Bridge()), mac: MACAddress(bits: 0x0200_0000_0001), purpose: "")
    }

    private func state(_ many: Many, _ count: Int, variant: Int) -> NodeState {
        var state = NodeState(node: "n")
        var base = bridge("br0")
        base.addresses = [InterfaceAddress(IPAddress(ipv4: 0x0a00_0001), prefixLength: 24)]
        let numbers = 0..<UInt32(count)
        if many == .addresses {
            base.addresses += numbers.map {
                InterfaceAddress(IPAddress(ipv4: 0x0b00_0000 + $0 * 2 + UInt32(variant)), prefixLength: 8)
            }
        }
        state.links[base.id] = base
        switch many {
        case .routes, .gateways:
            state.routes = numbers.map { number in
                var route = Route(
                    to: Prefix(containing: IPAddress(ipv4: 0x1400_0000 + number << 8), length: 24),
                    in: .node
                )
                if many == .gateways {
                    route.gateway = IPAddress(ipv4: 0x0a00_0002)
                } else {
                    route.device = base.id.name
                }
                if variant == 1 { route.mtu = MTU(bytes: 1400) }
                return route
            }
        case .pairs, .macvlans, .tunnels:
            for number in numbers { addLink(many, number, variant, to: &state) }
        case .neighbours:
            state.neighbours = numbers.map {
                Neighbour(
                    IPAddress(ipv4: 0x0a00_0000 + $0),
                    mac: MACAddress(bits: UInt64(7 + variant)),
                    on: base.id
                )
            }
        case .forwarding:
            var tunnel = bridge("vx0")
            tunnel.kind = .vxlan(VXLAN(vni: VNI(number: 7)))
            state.links[tunnel.id] = tunnel
            state.forwarding = numbers.map { number in
                var entry = ForwardingEntry(
                    MACAddress(bits: 0x0200_0000_0000 + UInt64(number)),
                    on: tunnel.id,
                    table: .own
                )
                entry.destination = IPAddress(ipv4: 0x0a00_0002 + UInt32(variant))
                return entry
            }
        case .settings:
            state.sysctls = numbers.map {
                Sysctl(Sysctl.Key(path: "net/ipv4/setting\($0)", in: .node), value: "\(variant)")
            }
        case .addresses: break
        }
        return state
    }

    private func addLink(_ many: Many, _ number: UInt32, _ variant: Int, to state: inout NodeState) {
        var link = bridge("l\(variant)x\(number)")
        switch many {
        case .macvlans: link.kind = .macvlan(Macvlan(parent: PlannerStates.name("br0")))
        case .tunnels: link.kind = .vxlan(VXLAN(vni: VNI(number: 100 + number)))
        default:
            guard let name = try? NamespaceName("ns\(number)") else { return }
            state.namespaces.insert(name)
            let far = LinkID(PlannerStates.name("eth0"), in: .namespace(name))
            link.kind = .veth(peer: far)
            link.isUp = variant == 0
            var end = Link(
                far,
                kind: .veth(peer: link.id),
                mac: MACAddress(bits: 0x0200_0000_0002),
                purpose: ""
            )
            end.addresses = [InterfaceAddress(IPAddress(ipv4: 0x0a00_0002), prefixLength: 24)]
            state.links[far] = end
        }
        state.links[link.id] = link
    }
}

extension ObservedState {
    /// A node that holds a state, made without a kernel.
    fileprivate init(holding state: NodeState) {
        self.init()
        var next: [Place: Int32] = [:]
        var indexes: [LinkID: Int32] = [:]
        for id in state.links.keys.sorted() {
            next[id.place, default: 1] += 1
            indexes[id] = next[id.place]
        }
        for name in state.namespaces {
            namespaces[name] = ObservedNamespace()
            namespaces[name]?.isMarked = true
            namespaces[name]?.links = [Self.loopback]
        }
        node.links = [Self.loopback]
        for id in state.links.keys.sorted() {
            guard let link = state.links[id], let index = indexes[id] else { continue }
            let observed = ObservedLink(link, index: index, peerIndex: indexes)
            if let name = id.place.name {
                namespaces[name]?.links.append(observed)
            } else {
                node.links.append(observed)
            }
        }
        node.routes = state.routes.map { route in
            var route = route
            route.device = PlannerStates.name("br0")
            return ObservedRoute(route, protocolNumber: Mark.node.protocolNumber)
        }
        node.neighbours = state.neighbours.map {
            ObservedNeighbour($0, protocolNumber: Mark.node.protocolNumber)
        }
        node.forwarding = state.forwarding
    }

    private static var loopback: ObservedLink {
        var link = ObservedLink(PlannerStates.name("lo"), index: 1, kind: .other(""))
        link.isUp = true
        link.addressGeneration = .eui64
        return link
    }
}

extension ObservedLink {
    fileprivate init(_ link: Link, index: Int32, peerIndex: [LinkID: Int32]) {
        let kind: ObservedLinkKind
        switch link.kind {
        case .bridge(let bridge): kind = .bridge(bridge)
        case .vxlan(let vxlan): kind = .vxlan(vxlan)
        case .macvlan(let macvlan): kind = .macvlan(macvlan)
        case .veth(let peer):
            kind = .veth(
                peerIndex: peerIndex[peer] ?? 0,
                peerNamespace: peer.place == link.id.place ? nil : 0
            )
        }
        self.init(link.id.name, index: index, kind: kind)
        isUp = link.isUp
        mac = link.mac
        addressGeneration = link.addressGeneration
        group = Mark.node.linkGroup
        alias = Mark.node.alias(for: link.purpose)
        addresses = link.addresses.map { ObservedAddress($0, protocolNumber: Mark.node.protocolNumber) }
    }
}
