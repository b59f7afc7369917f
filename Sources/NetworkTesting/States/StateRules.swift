package import NetworkModel

/// What a state can't have because the document forbids it or the kernel refuses it, each with its reason.
///
/// A drawn state is made possible by taking out as little as that takes, always the same way.
package struct StateRules: Sendable {
    let pools: StatePools

    package init(_ pools: StatePools) {
        self.pools = pools
    }

    /// The state without what it can't have.
    package func possible(_ state: NodeState) -> NodeState {
        var state = state
        dropStrayLinks(&state)
        settleMasters(&state)
        settleParents(&state)
        settleTunnels(&state)
        // A link that stood on one that went has to go as well, and a port of it has no bridge.
        dropStrayLinks(&state)
        settleMasters(&state)
        settleMTUs(&state)
        settleBridges(&state)
        settleAddresses(&state)
        settleRoutes(&state)
        settleEntries(&state)
        settleSysctls(&state)
        // The firewall is about links that are.
        state.firewall = state.firewall?.possible(in: state)
        return state
    }

    /// A link is in a namespace that is; both ends of a pair are.
    private func dropStrayLinks(_ state: inout NodeState) {
        for (id, _) in state.links where !has(id.place, state) { state.links[id] = nil }
        for (id, link) in state.links {
            guard case .veth(let peer) = link.kind else { continue }
            guard case .veth(let other)? = state.links[peer]?.kind, other == id else {
                state.links[id] = nil
                continue
            }
        }
        for (id, link) in state.links {
            guard case .macvlan(let macvlan) = link.kind, !pools.parents.contains(macvlan.parent) else {
                continue
            }
            // A parent that isn't there; a macvlan on a macvlan, which the kernel puts on the parent's parent.
            let parent = state.links[LinkID(macvlan.parent, in: .node)]
            if case .veth? = parent?.kind { continue }
            state.links[id] = nil
        }
    }

    private func has(_ place: Place, _ state: NodeState) -> Bool {
        place.name.map { state.namespaces.contains($0) } ?? true
    }

    /// A port's bridge is a bridge of its place.
    ///
    /// A bridge is no port (`ELOOP`), nor is a macvlan's parent (`EBUSY`).
    private func settleMasters(_ state: inout NodeState) {
        var parents: Set<InterfaceName> = []
        for link in state.links.values {
            if case .macvlan(let macvlan) = link.kind { parents.insert(macvlan.parent) }
        }
        for (id, link) in state.links {
            guard let master = link.master else { continue }
            let isBridge = state.links[LinkID(master, in: id.place)]?.kind.isBridge ?? false
            let isParent = id.place == .node && parents.contains(id.name)
            if !isBridge || link.kind.isBridge || isParent { state.links[id]?.master = nil }
        }
    }

    /// A passthru macvlan has its parent for itself, and its parent's MAC; foreign parents' MACs are not known here.
    private func settleParents(_ state: inout NodeState) {
        var taken: Set<InterfaceName> = []
        var alone: Set<InterfaceName> = []
        for id in state.links.keys.sorted() {
            guard case .macvlan(var macvlan)? = state.links[id]?.kind else { continue }
            if alone.contains(macvlan.parent) {
                state.links[id] = nil
                continue
            }
            let parent = state.links[LinkID(macvlan.parent, in: .node)]
            if macvlan.mode == .passthru, let parent, !taken.contains(macvlan.parent) {
                alone.insert(macvlan.parent)
                state.links[id]?.mac = parent.mac
            } else if macvlan.mode == .passthru {
                macvlan.mode = .private
                state.links[id]?.kind = .macvlan(macvlan)
            }
            taken.insert(macvlan.parent)
        }
        for (id, link) in state.links where link.mac.bits >> 8 & 0xff != UInt64(pools.number(of: id)) {
            // Passthru before: the parent's MAC is of no use without.
            if case .macvlan(let macvlan) = link.kind, macvlan.mode == .passthru { continue }
            state.links[id]?.mac = MACAddress(bits: 0x0200_0000_0000 | UInt64(pools.number(of: id)) << 8)
        }
    }

    /// VXLAN links: one for a VNI and UDP port (`EEXIST`); ends of one family (`EINVAL`); a group needs a link; those that
    /// share a port share a socket, hence `udp6zerocsumrx` (`EADDRINUSE`); what it stands on has no bridge above both.
    private func settleTunnels(_ state: inout NodeState) {
        var taken: Set<[UInt32]> = []
        var zeroChecksum: [UInt16: Bool] = [:]
        for id in state.links.keys.sorted() {
            guard case .vxlan(var vxlan)? = state.links[id]?.kind else { continue }
            guard taken.insert([vxlan.vni.number, UInt32(vxlan.port)]).inserted else {
                state.links[id] = nil
                continue
            }
            vxlan.udpZeroChecksum6Receive = zeroChecksum[vxlan.port] ?? vxlan.udpZeroChecksum6Receive
            zeroChecksum[vxlan.port] = vxlan.udpZeroChecksum6Receive
            if let underlay = vxlan.underlay, !pools.parents.contains(underlay) {
                if case .veth? = state.links[LinkID(underlay, in: .node)]?.kind {
                } else {
                    vxlan.underlay = nil
                }
            }
            if let remote = vxlan.remote {
                let isOtherFamily = vxlan.local.map { $0.family != remote.family } ?? false
                if isOtherFamily || (remote.isMulticast && vxlan.underlay == nil) { vxlan.remote = nil }
            }
            state.links[id]?.kind = .vxlan(vxlan)
        }
    }

    /// A VXLAN's or macvlan's MTU is no greater than what is under it allows (`EINVAL`); the lower keeps its own.
    private func settleMTUs(_ state: inout NodeState) {
        let sizes = LinkSizes(state)
        for (id, link) in state.links where link.kind.parent != nil || !link.kind.isBridge {
            guard let limit = sizes.limit(of: id), let mtu = link.mtu, mtu > limit else { continue }
            state.links[id]?.mtu = nil
        }
    }

    /// VLANs are filtered where the kernel can (`EOPNOTSUPP`).
    private func settleBridges(_ state: inout NodeState) {
        guard !pools.hasVLANFiltering else { return }
        for (id, link) in state.links {
            guard case .bridge(var bridge) = link.kind else { continue }
            bridge.vlanFiltering = false
            bridge.vlanDefaultPVID = 1
            state.links[id]?.kind = .bridge(bridge)
        }
    }

    /// Settings are of places and links that are, and each is stated once.
    ///
    /// Below an MTU of 1,280 there is no IPv6.
    private func settleSysctls(_ state: inout NodeState) {
        let sizes = LinkSizes(state)
        var seen: Set<Sysctl.Key> = []
        state.sysctls = state.sysctls.filter { sysctl in
            guard has(sysctl.key.place, state), seen.insert(sysctl.key).inserted else { return false }
            let parts = sysctl.key.path.split(separator: "/")
            guard parts.count > 4, parts[2] == "conf", parts[3] != "default" else { return true }
            let id = LinkID(InterfaceName(fromKernel: String(parts[3])), in: sysctl.key.place)
            return state.links[id] != nil && (parts[1] == "ipv4" || sizes.hasIPv6(id))
        }
    }
}

/// The MTU that each link of a state has, also where the state leaves it to the kernel.
package struct LinkSizes {
    private let state: NodeState

    package init(_ state: NodeState) {
        self.state = state
    }

    /// The MTU of a link; 1,500 for foreign ones.
    package func size(of id: LinkID) -> MTU {
        guard let link = state.links[id] else { return .ethernet }
        if let mtu = link.mtu { return mtu }
        switch link.kind {
        case .veth: return .ethernet
        case .vxlan, .macvlan: return limit(of: id) ?? .ethernet
        case .bridge:
            let ports = state.links.values.filter { $0.master == id.name && $0.id.place == id.place }
            return ports.map { size(of: $0.id) }.min() ?? .ethernet
        }
    }

    /// The greatest MTU that what is under a link allows; `nil` if nothing is.
    package func limit(of id: LinkID) -> MTU? {
        guard let kind = state.links[id]?.kind, let parent = kind.parent else { return nil }
        let lower = size(of: LinkID(parent, in: .node))
        guard case .vxlan(let vxlan) = kind else { return lower }
        return MTU(bytes: lower.bytes - (((vxlan.local ?? vxlan.remote)?.family ?? .ipv4) == .ipv4 ? 50 : 70))
    }

    /// True if IPv6 works on a link: it takes an MTU of 1,280 (RFC 8200).
    package func hasIPv6(_ id: LinkID) -> Bool { size(of: id).bytes >= 1280 }
}
