package import NetworkModel
import Planner

/// A node with a history, and a state that it shall have: what a law is tried on.
package struct PlannerCase: Sendable {
    package var kernel: ModelKernel
    package var desired: NodeState
    /// Nothing on the node is half made or altered behind Weft's back.
    package var isWellFormed: Bool
}

/// Makes nodes with a history: documents applied, applies killed, strangers at work, things altered behind Weft's back.
package struct PlannerWorlds {
    package private(set) var states: PlannerStates
    private var kernel = ModelKernel()
    private var isWellFormed = true

    package init(seed: UInt64) {
        states = PlannerStates(seed: seed)
    }

    /// A node, and a state for it.
    package mutating func make() throws -> PlannerCase {
        kernel = ModelKernel()
        kernel.promotesSecondaries = states.chance(30)
        isWellFormed = true
        let first = states.make()
        if states.chance(92) { try apply(first, killed: states.chance(15)) }
        if states.chance(30) { try apply(states.near(first), killed: states.chance(50)) }
        strangers()
        for _ in 0..<4 where states.chance(25) { drift(near: first) }
        let desired: NodeState
        switch states.number(0...9) {
        case 0: desired = NodeState(node: "n")
        case 1, 2: desired = first
        case 3...7: desired = states.near(first)
        default: desired = states.make()
        }
        if states.chance(8) { addForeignUpper(besides: desired) }
        if states.chance(15) { forestallAddress(of: desired) }
        if states.chance(5) { forestallForwarding(of: desired) }
        return PlannerCase(
            kernel: kernel,
            desired: desired.withoutGateways(ownedBy: kernel),
            isWellFormed: isWellFormed
        )
    }

    /// A node that holds a state, and nothing else of Weft's.
    package mutating func makeConverged() throws -> PlannerCase {
        kernel = ModelKernel()
        let state = states.make()
        try apply(state, killed: false)
        return PlannerCase(kernel: kernel, desired: state, isWellFormed: true)
    }

    private mutating func apply(_ state: NodeState, killed: Bool) throws {
        let plan = try Plan(from: kernel.observed(for: state), to: state)
        guard killed else {
            try kernel.carryOut(plan)
            return kernel.forgetRecords(except: state)
        }
        let count = states.number(0...plan.changes.count)
        isWellFormed = false
        try kernel.carryOut(plan, count: count)
        guard count < plan.changes.count, states.chance(60) else { return }
        // The next change was half done when Weft was killed.
        switch plan.changes[count].operation {
        case .createLink(let creation):
            try kernel.carryOut(plan.changes[count].operation)
            kernel.leaveHalfMade(creation.link.id)
            if let peer = creation.peer { kernel.leaveHalfMade(peer.id) }
            isWellFormed = false
        case .createNamespace(let name, _):
            try kernel.carryOut(plan.changes[count].operation)
            kernel.leaveUnmarked(name)
            isWellFormed = false
        case .deleteLink(let id, _, _):
            kernel.leaveInDeletionGroup(id)
            isWellFormed = false
        default: break
        }
    }

    // MARK: Strangers

    private mutating func strangers() {
        let universe = ["br0", "br1", "br2", "v2", "v3", "vx1", "docker0"].map(PlannerStates.name)
        if states.chance(20), let name = states.pick(universe), let place = states.pick(kernel.places) {
            kernel.addForeignLink(LinkID(name, in: place), kind: .bridge(Bridge()))
        }
        if states.chance(6) {
            var vxlan = VXLAN(vni: VNI(number: 9))
            vxlan.port = states.chance(80) ? 4789 : 8472
            kernel.addForeignTunnel(LinkID(PlannerStates.name("flannel.1"), in: .node), vxlan)
        }
        if states.chance(10), let link = states.pick(kernel.state.node.links), case .bridge = link.kind {
            let tap = LinkID(PlannerStates.name("tap0"), in: .node)
            kernel.addForeignLink(tap, kind: .other("tun"), master: link.name)
            if states.chance(50) { addForeignForwarding(on: tap) }
        }
        if states.chance(10) { addForeignPair() }
        if states.chance(10), let name = states.pick(PlannerStates.namespaceNames) {
            kernel.addForeignNamespace(name)
        }
        for _ in 0..<3 where states.chance(30) { addForeignRoute() }
        for _ in 0..<3 where states.chance(30) { addForeignEntry() }
        if states.chance(15) { addForeignRouteByOwnLink() }
        if states.chance(30), let name = states.pick(kernel.state.namespaces.keys.sorted()) {
            kernel.setProcessCount(states.number(1...3), in: name)
        }
        kernel.shuffleEntries(using: &states.random)
    }

    /// An address that a document gives to a link, on which somebody else has put it before.
    private mutating func forestallAddress(of desired: NodeState) {
        let links = desired.links.values.filter {
            !$0.addresses.isEmpty && kernel.link($0.id)?.isManaged == true
        }
        guard let link = states.pick(links.sorted { $0.id < $1.id }),
            let address = states.pick(link.addresses)
        else {
            return
        }
        kernel.addForeignAddress(address, on: link.id)
    }

    /// An entry that a document gives to a port, and that a port of somebody else's has before.
    private mutating func forestallForwarding(of desired: NodeState) {
        let entries = desired.forwarding.filter { entry in
            guard entry.table == .bridge, entry.link.place == .node, let link = kernel.link(entry.link) else {
                return false
            }
            let isThere = kernel.state.node.forwarding.contains { $0.mac == entry.mac && $0.table == .bridge }
            return link.isManaged && link.master == desired.links[entry.link]?.master && !isThere
        }
        guard var entry = states.pick(entries) else { return }
        let port = LinkID(PlannerStates.name("tap1"), in: .node)
        kernel.addForeignLink(port, kind: .other("tun"), master: kernel.link(entry.link)?.master)
        entry.link = port
        entry.state = .static
        kernel.addForwardingBehindWeft(entry)
    }

    /// A static entry on a port that is not Weft's, for an address that the bridge does not have yet.
    private mutating func addForeignForwarding(on port: LinkID) {
        let mac = PlannerStates.stationMAC(states.number(0...4))
        let isTaken = kernel.state.node.forwarding.contains { $0.mac == mac && $0.table == .bridge }
        guard !isTaken, kernel.link(port)?.isManaged == false else { return }
        kernel.addForwardingBehindWeft(ForwardingEntry(mac, on: port, table: .bridge, state: .static))
    }

    /// A macvlan or VLAN link of others on a link of Weft's, beside it or, of the node's, in a namespace of Weft's.
    ///
    /// No macvlan where the document wants the parent for a bridge, or alone for itself: the kernel would refuse that.
    private mutating func addForeignUpper(besides desired: NodeState) {
        guard let place = states.pick(kernel.places), let lower = states.pick(kernel.links(at: place)) else {
            return
        }
        let id = LinkID(lower.name, in: place)
        let home = place == .node ? states.pick(kernel.places) ?? place : place
        let wanted = desired.links[id]
        let isWantedAlone = desired.links.values.contains { link in
            guard case .macvlan(let macvlan) = link.kind else { return false }
            return macvlan.parent == lower.name && macvlan.mode == .passthru
        }
        let isVLAN = states.chance(50) || wanted?.master != nil || isWantedAlone
        let kind: ObservedLinkKind = isVLAN ? .other("vlan") : .macvlan(Macvlan(parent: lower.name))
        kernel.addForeignUpper(LinkID(PlannerStates.name("upper0"), in: home), kind: kind, on: id)
    }

    /// A pair of others with one end in a namespace of Weft's.
    private mutating func addForeignPair() {
        guard let place = states.pick(kernel.places.filter { $0 != .node }) else { return }
        kernel.addForeignPair(
            LinkID(PlannerStates.name("theirs0"), in: .node),
            LinkID(PlannerStates.name("theirs1"), in: place)
        )
    }

    private mutating func addForeignRouteByOwnLink() {
        guard let place = states.pick(kernel.places),
            let link = states.pick(kernel.links(at: place).filter { $0.isManaged && $0.isUp })
        else { return }
        var route = Route(to: Prefix(containing: IPAddress(ipv4: 0xac21_0000), length: 16), in: place)
        route.device = link.name
        kernel.addForeignRoute(route, protocolNumber: 4)
    }

    private mutating func addForeignRoute() {
        guard let place = states.pick(kernel.places) else { return }
        let destination = IPAddress(ipv4: 0xac20_0000 + UInt32(states.number(0...5)) << 8)
        var route = Route(to: Prefix(containing: destination, length: 24), in: place)
        if states.chance(30) { route.metric = 42 }
        if place == .node {
            route.device = PlannerStates.name("eth0")
            route.gateway = IPAddress(ipv4: 0xac10_01fe)
        } else {
            route.type = .blackhole
        }
        kernel.addForeignRoute(route, protocolNumber: UInt8(states.pick([3, 4, 16]) ?? 4))
    }

    /// What strangers put on links, Weft's among them.
    private mutating func addForeignEntry() {
        guard let place = states.pick(kernel.places), let link = states.pick(kernel.links(at: place)) else {
            return
        }
        let id = LinkID(link.name, in: place)
        let number = states.number(0...3)
        let neighbour = Neighbour(
            PlannerStates.neighbourAddress(number),
            mac: PlannerStates.stationMAC(number),
            on: id
        )
        switch states.number(0...3) {
        case 0:
            addForeignAddress(on: id, link)
        case 1: kernel.addForeignNeighbour(neighbour)
        default: kernel.learn(neighbour)
        }
    }

    /// An address of another prefix, or of one that the link has; now and then one that documents give too.
    private mutating func addForeignAddress(on id: LinkID, _ link: ObservedLink) {
        let own = link.addresses.map(\.value).filter { $0.address.family == .ipv4 && $0.prefixLength < 32 }
        if let near = states.pick(own), states.chance(60) {
            let host = UInt32(states.pick([2, 3, 77, 78]) ?? 77)
            let address = IPAddress(ipv4: UInt32(truncatingIfNeeded: near.prefix.address.low) + host)
            return kernel.addForeignAddress(
                InterfaceAddress(address, prefixLength: near.prefixLength),
                on: id
            )
        }
        if states.chance(30) {
            let address = IPAddress(ipv6High: 0xfd00 << 48, low: UInt64(states.number(1...4)))
            return kernel.addForeignAddress(InterfaceAddress(address, prefixLength: 64), on: id)
        }
        let bits = 0x0a09_0000 + UInt32(states.number(1...2))
        kernel.addForeignAddress(InterfaceAddress(IPAddress(ipv4: bits), prefixLength: 24), on: id)
    }

    // MARK: Drift

    private mutating func drift(near state: NodeState) {
        if states.chance(15), kernel.state.firewall != nil {
            isWellFormed = false
            return driftOfFirewall()
        }
        let places = kernel.places
        guard let place = states.pick(places), let link = states.pick(kernel.links(at: place)), link.isManaged
        else { return }
        let id = LinkID(link.name, in: place)
        isWellFormed = false
        switch states.number(0...17) {
        case 0: kernel.alterMTU(of: id, to: MTU(bytes: states.pick([1200, 1280, 1340]) ?? 1340))
        case 1: kernel.alter(id) { $0.mac = MACAddress(bits: 0x0200_0000_dddd) }
        case 2: kernel.alter(id) { if $0.group == Mark.node.linkGroup { $0.alias = "" } }
        case 3: kernel.setUp(!link.isUp, id)
        case 4: kernel.free(id)
        case 5: kernel.deleteBehindWeft(id)
        case 6: kernel.leaveInDeletionGroup(id)
        case 7: kernel.alter(id) { $0.port?.hairpin.toggle() }
        case 8: alterAddress(id, link)
        case 9: removeEntry(place)
        case 10: alterRoute(place)
        case 11: if let name = place.name { kernel.leaveUnmarked(name) }
        case 12: alterForwarding(id, link)
        case 13: kernel.leaveHalfMade(id)
        case 14: alterSetting(near: state)
        case 15, 16: kernel.removePrefixRoutes(of: id)
        default: kernel.alter(id) { $0.addressGeneration = AddressGeneration.none }
        }
    }

    private mutating func driftOfFirewall() {
        let stranger = PlannerStates.name("theirs0")
        switch states.number(0...4) {
        case 0: kernel.alterFirewall { $0 = nil }
        case 1: kernel.alterFirewall { $0?.isIntact = false }
        case 2: kernel.alterFirewall { $0 = ObservedFirewall(isIntact: false, elements: []) }
        case 3: kernel.alterFirewall { $0?.elements.insert(.masqueraded(stranger)) }
        default:
            let known = kernel.state.firewall?.elements.sorted() ?? []
            guard let lost = states.pick(known) else { return }
            kernel.alterFirewall { $0?.elements.remove(lost) }
        }
    }

    private mutating func alterAddress(_ id: LinkID, _ link: ObservedLink) {
        guard let position = states.pick(Array(link.addresses.indices)) else { return }
        switch states.number(0...2) {
        case 0: kernel.deleteAddress(at: position, on: id)
        case 1: kernel.alterAddress(at: position, on: id) { $0.isPermanent = false }
        default: kernel.alterAddress(at: position, on: id) { $0.value.skipsDuplicateDetection.toggle() }
        }
    }

    private mutating func removeEntry(_ place: Place) {
        guard let namespace = kernel.state[place], let list = states.pick(ModelKernel.EntryList.allCases)
        else { return }
        let positions: [Int]
        switch list {
        case .routes: positions = namespace.routes.indices.filter { namespace.routes[$0].isManaged }
        case .neighbours: positions = Array(namespace.neighbours.indices)
        case .forwarding: positions = Array(namespace.forwarding.indices)
        }
        if let position = states.pick(positions) { kernel.remove(list, at: position, in: place) }
    }

    private mutating func alterRoute(_ place: Place) {
        let routes = kernel.state[place]?.routes ?? []
        guard let position = states.pick(routes.indices.filter { routes[$0].isManaged }) else { return }
        kernel.alterRoute(at: position, in: place) { $0.value.mtu = MTU(bytes: 1234) }
        if states.chance(60) { kernel.alterRoute(at: position, in: place) { $0.isUnlikeAnyOfWefts = true } }
    }

    private mutating func alterForwarding(_ id: LinkID, _ link: ObservedLink) {
        guard case .vxlan = link.kind else { return }
        let entries = kernel.state[id.place]?.forwarding.filter { $0.link == id && $0.table == .own } ?? []
        guard var entry = states.pick(entries) else { return }
        entry.destination = IPAddress(ipv4: 0xac10_0119)
        if states.chance(50) { entry.port = 4444 }
        kernel.addForwardingBehindWeft(entry)
    }

    private mutating func alterSetting(near state: NodeState) {
        guard let sysctl = states.pick(state.sysctls) else { return }
        try? kernel.write(Sysctl(sysctl.key, value: "5"))
    }
}

extension ModelKernel {
    /// The links of a place but `lo`.
    fileprivate func links(at place: Place) -> [ObservedLink] {
        state[place]?.links.filter { $0.index != 1 } ?? []
    }

    /// Makes a VXLAN link of another hand, if its VNI and port are free.
    fileprivate mutating func addForeignTunnel(_ id: LinkID, _ vxlan: VXLAN) {
        let isTaken = places.contains { place in
            links(at: place).contains { link in
                guard case .vxlan(let other) = link.kind else { return false }
                // Those of one port take checksums alike, or the second would not have come up.
                let isClash = other.udpZeroChecksum6Receive != vxlan.udpZeroChecksum6Receive
                return other.port == vxlan.port && (other.vni == vxlan.vni || isClash)
            }
        }
        if !isTaken { addForeignLink(id, kind: .vxlan(vxlan)) }
    }
}
