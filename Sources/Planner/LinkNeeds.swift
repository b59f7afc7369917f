import NetworkModel

/// What the links need that are made or changed, and that a link which goes may still hold.
struct LinkNeeds {
    private var tunnels: Set<TunnelIdentifier> = []
    /// UDP ports of VXLAN links that are made, and how their socket takes checksums: it has one mind for all of a port.
    private var sockets: [UInt16: Bool] = [:]
    /// Parents of macvlan links that are made, and whether one of those wants its parent for itself.
    private var parents: [InterfaceName: Bool] = [:]
    /// Links of the node that become ports of a bridge, which no parent of a macvlan link can be.
    private var ports: Set<InterfaceName> = []
    /// Bridges that would have more ports than they take if the new came before the old have gone.
    private var crowded: Set<LinkID> = []

    init(_ links: LinkSurvey) {
        var counts: [LinkID: Int] = [:]
        for (id, link) in links.desired {
            if let master = link.master {
                if id.place == .node { ports.insert(id.name) }
                let bridge = LinkID(master, in: id.place)
                if links.observed[id]?.master != master { counts[bridge, default: 0] += 1 }
            }
            guard links.fates[id]?.keepsContents == false else { continue }
            switch link.kind {
            case .vxlan(let vxlan):
                tunnels.insert(TunnelIdentifier(vxlan))
                sockets[vxlan.port] = vxlan.udpZeroChecksum6Receive
            case .macvlan(let macvlan):
                parents[macvlan.parent] = parents[macvlan.parent] ?? false || macvlan.mode == .passthru
            case .bridge, .veth: break
            }
        }
        for (id, link) in links.observed {
            if let master = link.master { counts[LinkID(master, in: id.place), default: 0] += 1 }
        }
        crowded = Set(counts.filter { $0.value > Bridge.maximumPortCount }.keys)
    }

    /// True if a link that goes must go early, for the sake of one that comes.
    func areBlocked(by link: ObservedLink, _ id: LinkID) -> Bool {
        if let master = link.master, crowded.contains(LinkID(master, in: id.place)) { return true }
        switch link.kind {
        case .vxlan(let vxlan):
            // Kernel: `vxlan_find_sock()`, which finds none of another mind; a second one is refused (EADDRINUSE).
            let isOtherMind = sockets[vxlan.port].map { $0 != vxlan.udpZeroChecksum6Receive } ?? false
            return isOtherMind || tunnels.contains(TunnelIdentifier(vxlan))
        case .macvlan(let macvlan):
            if ports.contains(macvlan.parent) { return true }
            return parents[macvlan.parent].map { $0 || macvlan.mode == .passthru } ?? false
        case .bridge, .veth, .other: return false
        }
    }
}

/// What only one VXLAN link of a node can have.
struct TunnelIdentifier: Hashable {
    var vni: VNI
    var port: UInt16

    init(_ vxlan: VXLAN) {
        vni = vxlan.vni
        port = vxlan.port
    }
}
