internal import NetworkModel

/// What is wrong with links in view of each other.
extension Decoder {
    /// Looks at all links of a node, in order of where they are defined.
    mutating func checkLinks(_ draft: inout NodeDraft) {
        let places = draft.state.links.values.map { (node: draft.links[$0.id]?.mapping ?? 0, id: $0.id) }
        let links = places.sorted { $0.node < $1.node }.compactMap { draft.state.links[$0.id] }
        var ports: [LinkID: [LinkID]] = [:]
        for link in links {
            if let master = link.master { checkMaster(master, of: link, ports: &ports, draft) }
        }
        for (master, place, node) in draft.mastersOfDiscarded
        where draft.state.links[LinkID(master, in: place)] == nil {
            complainOfUnknownLink(master, in: place, at: node, draft, rule: Self.masterRule)
        }
        for link in links {
            checkIPv6(of: link, draft)
            checkLoop(link, draft)
        }
        checkParents(links, draft)
        checkTunnels(links, draft)
        checkCircles(links, ports: ports, draft)
    }

    private static let masterRule = "a master is a bridge of this document"

    /// A pair whose ends are ports of one bridge: what it floods comes back, for ever.
    private mutating func checkLoop(_ link: Link, _ draft: NodeDraft) {
        guard case .veth(let id) = link.kind, link.id < id, let peer = draft.state.links[id] else { return }
        guard let master = link.master, peer.master == master, peer.id.place == link.id.place else { return }
        guard case .bridge(let bridge) = draft.state.links[LinkID(master, in: link.id.place)]?.kind,
            !bridge.stpState
        else {
            return
        }
        warn(
            at: node(.master, of: link, draft),
            "both ends of the pair are ports of '\(master)': what the bridge floods comes back for ever",
            hint: "join two bridges, or turn stp_state on"
        )
    }

    /// Where the value of a key of a link is.
    private func node(_ key: LinkKey, of link: Link, _ draft: NodeDraft) -> Int {
        guard let origin = draft.links[link.id] else { return 0 }
        return tree.value(of: key.name, in: origin.mapping) ?? origin.name
    }

    /// The kernel turns IPv6 off on links with an MTU of less than 1,280 bytes.
    ///
    /// Kernel: `include/uapi/linux/ipv6.h`, `IPV6_MIN_MTU`.
    private mutating func checkIPv6(of link: Link, _ draft: NodeDraft) {
        guard let mtu = link.mtu, mtu.bytes < 1280 else { return }
        guard let address = link.addresses.first(where: { $0.address.family == .ipv6 }) else { return }
        complain(
            at: node(.addresses, of: link, draft),
            "\(address) needs an MTU of 1280 bytes, and the link's is \(mtu)",
            hint: "raise 'mtu', or leave out the IPv6 addresses"
        )
    }

    private mutating func checkMaster(
        _ master: InterfaceName,
        of link: Link,
        ports: inout [LinkID: [LinkID]],
        _ draft: NodeDraft
    ) {
        if case .bridge = link.kind { return }
        let id = LinkID(master, in: link.id.place)
        guard let bridge = draft.state.links[id] else {
            return complainOfUnknownLink(
                master,
                in: link.id.place,
                at: node(.master, of: link, draft),
                draft,
                rule: Self.masterRule
            )
        }
        guard case .bridge = bridge.kind else {
            return complain(
                at: node(.master, of: link, draft),
                "'\(master)' is a \(bridge.kind.name)",
                hint: "only a bridge takes ports"
            )
        }
        ports[id, default: []].append(link.id)
        guard ports[id]?.count == Bridge.maximumPortCount + 1 else { return }
        complain(
            at: node(.master, of: link, draft),
            "'\(master)' has more than \(Bridge.maximumPortCount) ports, which is all that a bridge takes",
            hint: "spread them over several bridges"
        )
    }

    /// The parents of macvlans: links that nobody else has for itself.
    private mutating func checkParents(_ links: [Link], _ draft: NodeDraft) {
        var children: [InterfaceName: (link: Link, isAlone: Bool)] = [:]
        for link in links {
            guard case .macvlan(let macvlan) = link.kind else { continue }
            let at = node(.parent, of: link, draft)
            let parent = draft.state.links[LinkID(macvlan.parent, in: .node)]
            if parent?.id == link.id {
                complain(at: at, "the link is its own parent", hint: "name another link of the node")
            } else if macvlan.parent.text == "lo" {
                complain(at: at, "'lo' can't be a parent", hint: "name another link of the node")
            } else if let parent, case .macvlan(let grandparent) = parent.kind {
                complain(
                    at: at,
                    "'\(macvlan.parent)' is a macvlan itself",
                    hint: "name its parent, '\(grandparent.parent)'"
                )
            } else if let master = parent?.master {
                complain(
                    at: at,
                    "'\(macvlan.parent)' is a port of bridge '\(master)'",
                    hint: "name the bridge, or another link"
                )
            }
            let isAlone = macvlan.mode == .passthru
            if let other = children[macvlan.parent], isAlone || other.isAlone {
                complain(
                    at: at,
                    "'\(macvlan.parent)' is the parent of '\(other.link.id)' already",
                    hint: "a macvlan of mode passthru has its parent for itself"
                )
            }
            children[macvlan.parent] = children[macvlan.parent] ?? (link, isAlone)
        }
    }

    /// The VNIs and ports of VXLAN links: all are made from the node, and there no two may have the same.
    private mutating func checkTunnels(_ links: [Link], _ draft: NodeDraft) {
        struct Key: Hashable {
            var vni: VNI
            var port: UInt16
            var family: AddressFamily
        }
        var owners: [Key: Link] = [:]
        for link in links {
            guard case .vxlan(let vxlan) = link.kind else { continue }
            let key = Key(vni: vxlan.vni, port: vxlan.port, family: vxlan.family)
            if let owner = owners[key], let origin = draft.links[owner.id] {
                complain(
                    at: node(.vni, of: link, draft),
                    "VNI \(vxlan.vni) and port \(vxlan.port) are taken by '\(owner.id)', at \(tree.position(of: origin.name))",
                    hint: "give it another VNI or port"
                )
            }
            owners[key] = owners[key] ?? link
        }
    }

    /// Links that stand on each other in a circle: a macvlan or VXLAN on what it says, a bridge on its ports.
    private mutating func checkCircles(_ links: [Link], ports: [LinkID: [LinkID]], _ draft: NodeDraft) {
        var finished: Set<LinkID> = []
        for link in links where !finished.contains(link.id) {
            var path: [(id: LinkID, rest: [LinkID])] = [(link.id, lower(link, ports, draft))]
            var open: Set<LinkID> = [link.id]
            while let top = path.indices.last {
                guard let next = path[top].rest.popLast() else {
                    open.remove(path[top].id)
                    finished.insert(path[top].id)
                    path.removeLast()
                    continue
                }
                if open.contains(next) {
                    complainOfCircle(path.map(\.id), to: next, draft)
                } else if !finished.contains(next), let lowerLink = draft.state.links[next] {
                    open.insert(next)
                    path.append((next, lower(lowerLink, ports, draft)))
                }
            }
        }
    }

    /// The links of the document that a link stands on.
    private func lower(_ link: Link, _ ports: [LinkID: [LinkID]], _ draft: NodeDraft) -> [LinkID] {
        switch link.kind {
        case .bridge: ports[link.id] ?? []
        case .veth: []
        case .vxlan(let vxlan): vxlan.underlay.map { [LinkID($0, in: .node)] } ?? []
        case .macvlan(let macvlan): macvlan.parent == link.id.name ? [] : [LinkID(macvlan.parent, in: .node)]
        }
    }

    private mutating func complainOfCircle(_ path: [LinkID], to next: LinkID, _ draft: NodeDraft) {
        guard let start = path.firstIndex(of: next) else { return }
        let circle = path[start...].map(\.description) + [next.description]
        guard let at = path[start...].compactMap({ draft.links[$0]?.name }).max() else { return }
        complain(
            at: at,
            "links stand on each other in a circle: \(circle.joined(separator: " on "))",
            hint: "take one of them out of it"
        )
    }
}
