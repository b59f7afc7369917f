import NetworkModel

extension ObservedState {
    /// A node that holds a state, made without a kernel.
    init(holding state: NodeState) {
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
            route.device = InterfaceName(fromKernel: "br0")
            return ObservedRoute(route, protocolNumber: Mark.node.protocolNumber)
        }
        node.neighbours = state.neighbours.map {
            ObservedNeighbour($0, protocolNumber: Mark.node.protocolNumber)
        }
        node.forwarding = state.forwarding
    }

    private static var loopback: ObservedLink {
        var link = ObservedLink(InterfaceName(fromKernel: "lo"), index: 1, kind: .other(""))
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
