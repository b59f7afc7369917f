package import NetworkModel

extension PlannerStates {
    /// A state that differs from another by a few edits.
    package mutating func near(_ other: NodeState) -> NodeState {
        state = other
        for _ in 0...number(0...3) { edit() }
        sanitize()
        return state
    }

    private mutating func edit() {
        let ids = state.links.keys.sorted()
        guard let id = pick(ids), var link = state.links[id] else { return }
        switch number(0...15) {
        case 0:
            link.mtu =
                link.kind.isMacvlan
                ? nil : chance(30) ? nil : MTU(bytes: pick(Self.mtus) ?? 1500)
        case 1: link.mac = MACAddress(bits: 0x0200_0000_0000 + UInt64(number(1...6)))
        case 2: link.isUp.toggle()
        case 3: link.purpose += "x"
        case 4: link.addressGeneration = chance(50) ? .none : .eui64
        case 5:
            link.addresses = []
            state.links[id] = link
            return addAddresses(to: id)
        case 6:
            if case .bridge = link.kind { link.kind = .bridge(bridge()) }
            if case .vxlan = link.kind { link.kind = .vxlan(tunnel([Self.name("eth0"), Self.name("br0")])) }
            if case .macvlan(let macvlan) = link.kind, macvlan.mode != .passthru {
                link.kind = .macvlan(
                    Macvlan(parent: macvlan.parent, mode: pick([.bridge, .vepa, .private]) ?? .bridge)
                )
            }
        case 7:
            link.master = nil
            if !link.kind.isBridge { enslave(&link) }
        case 8:
            state.links[id] = nil
            return
        case 9:
            state.namespaces.remove(pick(Self.namespaceNames) ?? Self.namespaceNames[0])
        case 10:
            return replaceEntries()
        case 11:
            return alterRoute()
        case 12, 13, 14:
            state.firewall = .altered(in: state, using: &random)
            return
        default:
            return rename(link)
        }
        state.links[id] = link
    }

    /// A link of another name, with all else as it was: for a bridge, with its ports.
    private mutating func rename(_ link: Link) {
        guard case .bridge = link.kind else { return }
        let new = LinkID(Self.name(link.id.name.text == "br0" ? "br2" : "br0"), in: link.id.place)
        guard state.links[new] == nil else { return }
        state.links[link.id] = nil
        for (id, port) in state.links where id.place == new.place && port.master == link.id.name {
            state.links[id]?.master = new.name
        }
        for position in state.routes.indices where state.routes[position].device == link.id.name {
            if state.routes[position].place == new.place { state.routes[position].device = new.name }
        }
        var renamed = link
        renamed.id = new
        state.links[new] = renamed
    }

    /// Another way to the same gateway.
    private mutating func alterRoute() {
        let fitting = state.routes.indices.filter {
            state.routes[$0].gateway != nil && state.routes[$0].device != nil
        }
        guard let position = pick(Array(fitting)) else { return }
        state.routes[position].isOnLink.toggle()
    }

    private mutating func replaceEntries() {
        if chance(50) { state.routes = [] }
        if chance(50) { state.neighbours = [] }
        if chance(50) { state.forwarding = [] }
        if chance(50) { state.sysctls = [] }
        let kept = state
        state.sysctls = []
        makeEntries()
        let paths = Set(kept.sysctls.map(\.key))
        state.sysctls = kept.sysctls + state.sysctls.filter { !paths.contains($0.key) }
    }

    // MARK: Invariants

    /// Drops whatever an edit has left without what it needs.
    mutating func sanitize() {
        var count = -1
        while count != state.links.count {
            count = state.links.count
            for id in state.links.keys.sorted() where !isPossible(id) { state.links[id] = nil }
        }
        var identifiers: Set<String> = []
        var takesZeroChecksums: Bool?
        for id in state.links.keys.sorted() {
            if let master = state.links[id]?.master,
                state.links[LinkID(master, in: id.place)]?.kind.isBridge != true
            {
                state.links[id]?.master = nil
            }
            let standsOnBridge = state.links[id]?.kind.parentName?.text.hasPrefix("br") == true
            if isParent(id) || standsOnBridge { state.links[id]?.master = nil }
            guard case .vxlan(var vxlan)? = state.links[id]?.kind else { continue }
            // The socket of a port takes checksums alike for all.
            takesZeroChecksums = takesZeroChecksums ?? vxlan.udpZeroChecksum6Receive
            vxlan.udpZeroChecksum6Receive = takesZeroChecksums ?? false
            state.links[id]?.kind = .vxlan(vxlan)
            if !identifiers.insert("\(vxlan.vni) \(vxlan.port)").inserted { state.links[id] = nil }
        }
        separateMACs()
        // Below an MTU of 1,280 a link has no IPv6.
        let sizes = LinkSizes(state)
        for id in state.links.keys where !sizes.hasIPv6(id) {
            state.links[id]?.addresses.removeAll { $0.address.family == .ipv6 }
        }
        let links = state.links
        let possible = PossibleEntries(links, sizes)
        let namespaces = state.namespaces
        state.routes = possible.routes(state.routes.filter { $0.place.name.map(namespaces.contains) ?? true })
        state.neighbours = state.neighbours.filter {
            links[$0.link] != nil && ($0.address.family == .ipv4 || sizes.hasIPv6($0.link))
        }
        state.forwarding = possible.forwarding(state.forwarding)
        // The kernel has one state for all destinations of the zero address.
        for position in state.forwarding.indices where state.forwarding[position].mac == .zero {
            let first = state.forwarding.first {
                $0.mac == .zero && $0.link == state.forwarding[position].link
            }
            state.forwarding[position].state = first?.state ?? .permanent
        }
        state.sysctls = possible.sysctls(state.sysctls, namespaces: state.namespaces)
        state.firewall = state.firewall?.possible(in: state)
    }

    private func isParent(_ id: LinkID) -> Bool {
        id.place == .node
            && state.links.values.contains { $0.kind.isMacvlan && $0.kind.parentName == id.name }
    }

    private func isPossible(_ id: LinkID) -> Bool {
        guard let link = state.links[id] else { return false }
        if let name = id.place.name, !state.namespaces.contains(name) { return false }
        if case .veth(let peer) = link.kind { return state.links[peer] != nil }
        guard let parent = link.kind.parentName, parent.text != "eth0" else { return true }
        return state.links[LinkID(parent, in: .node)] != nil && parent != id.name
    }
}

/// Which entries the links of a state can have.
private struct PossibleEntries {
    let links: [LinkID: Link]
    let sizes: LinkSizes

    init(_ links: [LinkID: Link], _ sizes: LinkSizes) {
        self.links = links
        self.sizes = sizes
    }

    func routes(_ routes: [Route]) -> [Route] {
        let direct = routes.filter { $0.gateway == nil && hasDevice($0) && hasSource($0) }
        let others = routes.filter { route in
            guard let gateway = route.gateway, hasDevice(route), hasSource(route) else { return false }
            let isOwn = links.values.contains { link in
                link.id.place == route.place && link.addresses.contains { $0.address == gateway }
            }
            if isOwn { return false }
            if route.isOnLink { return true }
            if direct.contains(where: { $0.isWay(to: gateway, like: route) }) { return true }
            return links.values.contains { link in
                guard link.isUp, link.id.place == route.place else { return false }
                guard route.device == nil || route.device == link.id.name else { return false }
                return link.addresses.contains { $0.prefix.contains(gateway) && !$0.hasNoPrefixRoute }
            }
        }
        let kept = Set(direct + others)
        return routes.filter(kept.contains)
    }

    private func hasDevice(_ route: Route) -> Bool {
        guard let device = route.device else { return true }
        let id = LinkID(device, in: route.place)
        guard route.destination.family == .ipv4 || sizes.hasIPv6(id) else { return false }
        return links[LinkID(device, in: route.place)]?.isUp == true
    }

    private func hasSource(_ route: Route) -> Bool {
        guard let source = route.source else { return true }
        return links.values.contains { link in
            link.id.place == route.place && link.addresses.contains { $0.address == source }
        }
    }

    func forwarding(_ entries: [ForwardingEntry]) -> [ForwardingEntry] {
        var seen: Set<String> = []
        return entries.filter { entry in
            guard let link = links[entry.link] else { return false }
            guard entry.table == .bridge else {
                guard case .vxlan = link.kind else { return false }
                return true
            }
            guard let master = link.master else { return false }
            return seen.insert("\(entry.link.place) \(master) \(entry.mac) \(entry.vlan)").inserted
        }
    }

    func sysctls(_ sysctls: [Sysctl], namespaces: Set<NamespaceName>) -> [Sysctl] {
        let possible = Set(
            links.keys.flatMap { id -> [Sysctl.Key] in
                let paths = ModelKernel.settings(of: id.name).keys.filter {
                    sizes.hasIPv6(id) || !$0.hasPrefix("net/ipv6/")
                }
                return paths.map { Sysctl.Key(path: $0, in: id.place) }
            }
        )
        return sysctls.filter { sysctl in
            if let name = sysctl.key.place.name, !namespaces.contains(name) { return false }
            return ModelKernel.placeSettings[sysctl.key.path] != nil || possible.contains(sysctl.key)
        }
    }
}

extension PlannerStates {
    /// Gives the macvlan links of one parent a MAC each, of those that links have.
    private mutating func separateMACs() {
        var taken: [InterfaceName: Set<MACAddress>] = [:]
        for id in state.links.keys.sorted() {
            guard let link = state.links[id], case .macvlan(let macvlan) = link.kind else { continue }
            let all = [link.mac] + (1...6).map { MACAddress(bits: 0x0200_0000_0000 + $0) }
            let free = all.first { taken[macvlan.parent]?.contains($0) != true }
            guard let free else { preconditionFailure("there are more MACs than macvlan links") }
            taken[macvlan.parent, default: []].insert(free)
            state.links[id]?.mac = free
        }
    }
}

extension Route {
    fileprivate func isWay(to gateway: IPAddress, like route: Route) -> Bool {
        type == .unicast && place == route.place && table == Route.mainTable && destination.isHost
            && destination.address == gateway && (route.device == nil || route.device == device)
    }
}

extension LinkKind {
    var isMacvlan: Bool {
        guard case .macvlan = self else { return false }
        return true
    }

    var parentName: InterfaceName? {
        switch self {
        case .macvlan(let macvlan): macvlan.parent
        case .vxlan(let vxlan): vxlan.underlay
        case .bridge, .veth: nil
        }
    }
}
