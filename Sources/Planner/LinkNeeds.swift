import NetworkModel

/// What the links need that are made or changed, and that a link which goes may still hold.
struct LinkNeeds {
    private var tunnels: Set<TunnelIdentifier> = []
    /// The sockets of the VXLAN links that are made.
    private var sockets: Set<TunnelSocket> = []
    /// Parents of macvlan links that are made, and whether one of those wants its parent for itself.
    private var parents: [InterfaceName: Bool] = [:]
    /// Links of the node that become ports of a bridge, which no parent of a macvlan link can be.
    private var ports: Set<InterfaceName> = []
    /// MACs that macvlan links get.
    private var macs: Set<WireMAC> = []
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
            if let mac = WireMAC(of: link), links.observed[id].flatMap(WireMAC.init) != mac {
                macs.insert(mac)
            }
            guard links.fates[id]?.keepsContents == false else { continue }
            switch link.kind {
            case .vxlan(let vxlan):
                tunnels.insert(TunnelIdentifier(vxlan))
                sockets.insert(TunnelSocket(vxlan))
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
            return sockets.contains(TunnelSocket(vxlan).clashing) || tunnels.contains(TunnelIdentifier(vxlan))
        case .macvlan(let macvlan):
            if ports.contains(macvlan.parent) { return true }
            if let mac = WireMAC(of: link), macs.contains(mac) { return true }
            return parents[macvlan.parent].map { $0 || macvlan.mode == .passthru } ?? false
        case .bridge, .veth, .other: return false
        }
    }
}

/// What only one macvlan link can have that is up: a MAC on its parent's wire, in whatever namespace it is.
///
/// Kernel: `drivers/net/macvlan.c`, `macvlan_addr_busy()`: `EADDRINUSE`.
struct WireMAC: Hashable {
    private let parent: InterfaceName
    private let mac: MACAddress

    /// That of a link that shall be; `nil` if it is none of macvlan.
    init?(of link: Link) {
        guard case .macvlan(let macvlan) = link.kind else { return nil }
        (parent, mac) = (macvlan.parent, link.mac)
    }

    /// That of a link that is there.
    init?(of link: ObservedLink) {
        guard case .macvlan(let macvlan) = link.kind, let mac = link.mac else { return nil }
        (parent, self.mac) = (macvlan.parent, mac)
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

/// The socket that all VXLAN links share which are up, are of one UDP port and family, and take checksums alike.
///
/// Kernel: `vxlan_find_sock()`, which finds none of another mind; a second one of a port is refused (`EADDRINUSE`).
struct TunnelSocket: Hashable {
    var port: UInt16
    var family: AddressFamily
    var takesZeroChecksums: Bool

    init(_ vxlan: VXLAN) {
        port = vxlan.port
        family = (vxlan.remote ?? vxlan.local)?.family ?? .ipv4
        takesZeroChecksums = vxlan.udpZeroChecksum6Receive
    }

    /// The socket that can't be while this one is.
    var clashing: TunnelSocket {
        var other = self
        other.takesZeroChecksums.toggle()
        return other
    }
}
