import NetworkModel

/// What there may be many of.
enum Many: String, CaseIterable {
    case routes, gateways, addresses, prefixes, strangers, pairs, macvlans, tunnels, neighbours, forwarding,
        settings

    /// A state with `count` of them; those of another variant are other addresses, gateways, values.
    func state(_ count: Int, variant: Int) -> NodeState {
        ManyObjects(many: self).state(count, variant: variant)
    }

    /// A node that holds `state`, and as many of others' if this is about those.
    func node(holding state: NodeState, _ count: Int) -> ObservedState {
        var observed = ObservedState(holding: state)
        guard self == .strangers, let bridge = observed.node.links.lastIndex(where: { $0.name.text == "br0" })
        else { return observed }
        observed.node.links[bridge].addresses += (0..<UInt32(count)).map {
            let address = IPAddress(ipv4: 0x0b00_0000 + $0 * 4 + 3)
            return ObservedAddress(InterfaceAddress(address, prefixLength: 8), protocolNumber: 0)
        }
        return observed
    }
}

private struct ManyObjects {
    let many: Many

    private func bridge(_ name: String) -> Link {
        let id = LinkID(InterfaceName(fromKernel: name), in: .node)
        return Link(id, kind: .bridge(Bridge()), mac: MACAddress(bits: 0x0200_0000_0001), purpose: "")
    }

    func state(_ count: Int, variant: Int) -> NodeState {
        var state = NodeState(node: "n")
        var base = bridge("br0")
        base.addresses = [InterfaceAddress(IPAddress(ipv4: 0x0a00_0001), prefixLength: 24)]
        let numbers = 0..<UInt32(count)
        base.addresses += addresses(numbers, variant)
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
            for number in numbers { addLink(number, variant, to: &state) }
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
        case .addresses, .prefixes, .strangers: break
        }
        return state
    }

    private func addresses(_ numbers: Range<UInt32>, _ variant: Int) -> [InterfaceAddress] {
        numbers.compactMap { number in
            let own = IPAddress(ipv4: 0x0b00_0000 + number * 4 + UInt32(variant))
            switch many {
            case .addresses, .strangers: return InterfaceAddress(own, prefixLength: 8)
            case .prefixes: return InterfaceAddress(own, prefixLength: 31)
            case .routes, .gateways, .pairs, .macvlans, .tunnels, .neighbours, .forwarding, .settings:
                return nil
            }
        }
    }

    private func addLink(_ number: UInt32, _ variant: Int, to state: inout NodeState) {
        var link = bridge("l\(variant)x\(number)")
        switch many {
        case .macvlans: link.kind = .macvlan(Macvlan(parent: InterfaceName(fromKernel: "br0")))
        case .tunnels: link.kind = .vxlan(VXLAN(vni: VNI(number: 100 + number)))
        default:
            guard let name = try? NamespaceName("ns\(number)") else { return }
            state.namespaces.insert(name)
            let far = LinkID(InterfaceName(fromKernel: "eth0"), in: .namespace(name))
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
